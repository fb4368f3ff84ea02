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
)

// Add puts a container in place, past the Garden API: nothing counts its grace time.
//
// Errors: ErrHandleTaken; "max containers reached"; a handle that can't be a directory's name where
// there is to be a bundle; a bundle that can't be written.
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

	b.entries[container.Handle] = &entry{container: container, subnet: subnet}
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

func (b *Backend) remove(handle string) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	found, ok := b.entries[handle]
	if !ok {
		return garden.ContainerNotFoundError{Handle: handle}
	}
	if b.stopped {
		return errors.New("backend is stopped")
	}

	if err := b.removeBundle(handle); err != nil {
		return err
	}

	b.subnets.release(found.subnet)
	delete(b.entries, handle)
	at, _ := slices.BinarySearch(b.handles, handle)
	b.handles = slices.Delete(b.handles, at, at+1)

	return nil
}
