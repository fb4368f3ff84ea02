package backend

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"code.cloudfoundry.org/garden"
)

var (
	// ErrHandleTaken is wrapped by the error of Add for a handle that is in use.
	ErrHandleTaken = errors.New("already in use")
	// ErrNoContainer is wrapped by the error of Update for a handle that is unknown.
	ErrNoContainer = errors.New("no such container")

	errStopped = errors.New("backend is stopped")
)

// Add puts a container in place, past the Garden API: nothing counts its grace time.
//
// Errors: ErrHandleTaken; "max containers reached"; a handle that can't be a directory's name where
// there is to be a bundle; a bundle or a directory for files that can't be written; that the backend
// is stopped, where there are real processes.
func (b *Backend) Add(container Container) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	if _, taken := b.entries[container.Handle]; taken {
		// In Guardian's words.
		return fmt.Errorf("Handle '%s' %w", container.Handle, ErrHandleTaken)
	}
	if len(b.entries) >= b.options.MaxContainers {
		return errors.New("max containers reached")
	}

	if container.CreatedAt.IsZero() {
		container.CreatedAt = b.options.Clock.Now()
	}

	subnet := b.subnets.acquire()
	container.Properties = maps.Clone(container.Properties)
	if container.Properties == nil {
		container.Properties = garden.Properties{}
	}
	maps.Copy(container.Properties, networkProperties(subnet))
	container.intoProperties(Container{Hidden: true})

	if err := b.writeBundle(container); err != nil {
		b.subnets.release(subnet)
		return err
	}

	room, err := b.newRoom(container.Handle)
	if err != nil {
		b.subnets.release(subnet)
		return errors.Join(err, b.removeBundle(container.Handle))
	}

	b.entries[container.Handle] = &entry{container: container, subnet: subnet, room: room}
	at, _ := slices.BinarySearch(b.handles, container.Handle)
	b.handles = slices.Insert(b.handles, at, container.Handle)

	return nil
}

// Update changes a container, and its bundle where that differs then. Its handle can't be changed.
//
// Errors: ErrNoContainer; a bundle that can't be written.
func (b *Backend) Update(handle string, change func(*Container)) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	found, ok := b.entries[handle]
	if !ok {
		return fmt.Errorf("%w: %s", ErrNoContainer, handle)
	}

	before, container := found.snapshot(), found.snapshot()
	change(&container)
	container.Handle = handle
	container.intoProperties(before)

	if !container.sameBundle(before) {
		if err := b.rewriteBundle(container); err != nil {
			return err
		}
	}
	found.container = container

	return nil
}

// Snapshot is every container, hidden and depot-only ones too, sorted by handle. Over containerd
// there are no properties of Guardian's.
func (b *Backend) Snapshot() []Container {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	containers := make([]Container, 0, len(b.handles))
	for _, handle := range b.handles {
		container := b.entries[handle].snapshot()
		if b.options.Containerd {
			container.Properties = kept(container.Properties)
		}
		containers = append(containers, container)
	}

	return containers
}

// remove ends a container's processes before it is gone from the list.
func (b *Backend) remove(handle string) error {
	found, err := b.removable(handle)
	if err != nil {
		return err
	}
	if found.room != nil {
		if err := found.room.close(); err != nil {
			return err
		}
	}

	return b.forget(handle, found)
}

func (b *Backend) removable(handle string) (*entry, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	found, ok := b.entries[handle]
	if !ok {
		return nil, garden.ContainerNotFoundError{Handle: handle}
	}
	if b.stopped {
		return nil, errStopped
	}

	return found, nil
}

// forget takes a container out of everything, unless somebody else has.
func (b *Backend) forget(handle string, found *entry) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	if b.entries[handle] != found {
		return garden.ContainerNotFoundError{Handle: handle}
	}
	if err := b.removeBundle(handle); err != nil {
		return err
	}

	b.subnets.release(found.subnet)
	for _, mapping := range found.container.MappedPorts() {
		b.ports.release(mapping.HostPort)
	}
	delete(b.entries, handle)
	at, _ := slices.BinarySearch(b.handles, handle)
	b.handles = slices.Delete(b.handles, at, at+1)

	return nil
}
