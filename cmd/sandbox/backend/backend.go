// Package backend is a Garden server without containers: an in-memory garden.Backend behind the
// real code.cloudfoundry.org/garden/server, to try weeder on.
//
// It answers as Guardian does (gardener/gardener.go, gardener/container.go): the plain list shows
// only what has the property garden.state=created, garden.state=all shows everything, other
// filters are ANDed, a bulk call has an untyped error for a handle it does not know, a destroy of
// one is a typed 404. Grace times are counted by the server's own timers. Each container has a
// bundle in a depot on disk, with the config.json that Guardian writes.
//
// It can answer as Concourse's own backend over containerd instead (Options.Containerd): each
// container has the bundle that containerd's runtime writes then.
//
// It has real processes where it is told to (Options.Files): ordinary ones of the host, with a
// directory for each container's files. Streams, exit statuses, signals and terminals are real then.
//
// Left out: without Options.Files processes, streams and port mappings, which are not implemented
// then; with it what makes a container of them: a process has no chroot, no namespaces and no user
// of its own, sees the host's files, and its Image, Limits and BindMounts count for nothing (its Dir
// is inside the container's directory, its Path is the host's), no packet follows a port mapping or a
// rule, and where there is nothing to stream out that is an error, where Guardian sends an empty
// archive. In either case networks, mounts and root filesystems (a bind mount's source need not
// exist), limits, and the clean-up at start.
package backend

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"code.cloudfoundry.org/clock"
	"code.cloudfoundry.org/garden"

	"weeder/cmd/sandbox/faults"
)

// DefaultMaxContainers is how many containers a Concourse worker runs at most.
const DefaultMaxContainers = 250

const (
	stateKey     = "garden.state"
	graceTimeKey = "garden.grace-time"
	stateCreated = "created"
	stateAll     = "all"
)

// Options are what a Backend is made of.
type Options struct {
	// Depot is the directory of the bundles: Guardian's depot, or that of containerd's runtime for a
	// namespace. It must exist.
	Depot string
	// MaxContainers is how many containers there can be; 0 means DefaultMaxContainers.
	MaxContainers int
	// Containerd makes it answer as Concourse's own backend over containerd, for good, and write
	// containerd's bundles. The fault of that name makes it answer so for a while, over Guardian's.
	Containerd bool
	// Files is where each container gets a directory for its files, and the switch for real processes:
	// empty means that processes, streams and port mappings are not implemented. It must exist.
	Files string
	// Ports is how many ports of the host there are to map; 0 means DefaultPorts.
	Ports int
	// Volumes is the volumes directory: no process can be run in a container whose Root is below it and
	// missing. Empty means that nobody looks.
	Volumes string
	// Clock tells the containers' ages; nil means the real one. Grace times are the server's.
	Clock clock.Clock
}

// Backend is the garden.Backend. It is safe for concurrent use.
type Backend struct {
	Faults *faults.Set
	Calls  *Calls
	Hooks  *Hooks

	options Options

	mutex     sync.Mutex
	entries   map[string]*entry
	handles   []string
	subnets   subnets
	ports     ports
	staged    map[string]Container
	removing  map[string]bool
	destroyed []string
	stopped   bool
}

type entry struct {
	container Container
	subnet    int
	stopped   bool
	// room is nil without real processes.
	room *room
}

var _ garden.Backend = (*Backend)(nil)

// New is a backend without containers.
func New(options Options) *Backend {
	if options.MaxContainers == 0 {
		options.MaxContainers = DefaultMaxContainers
	}
	if options.Ports == 0 {
		options.Ports = DefaultPorts
	}
	if options.Clock == nil {
		options.Clock = clock.NewClock()
	}

	return &Backend{
		Faults:   faults.New(Kinds...),
		Calls:    newCalls(),
		Hooks:    &Hooks{},
		options:  options,
		ports:    ports{all: options.Ports},
		entries:  map[string]*entry{},
		staged:   map[string]Container{},
		removing: map[string]bool{},
	}
}

// Start does nothing.
func (b *Backend) Start() error { return nil }

// Stop lets go of held calls, makes timers that go off later miss, and ends all processes.
func (b *Backend) Stop() error {
	b.Faults.Stop()

	var errs []error
	for _, room := range b.stop() {
		errs = append(errs, room.close())
	}

	return errors.Join(errs...)
}

func (b *Backend) stop() []*room {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.stopped = true

	var rooms []*room
	for _, entry := range b.entries {
		if entry.room != nil {
			rooms = append(rooms, entry.room)
		}
	}

	return rooms
}

// GraceTime is what the container's property garden.grace-time says; 0 means that it is never
// reaped.
func (b *Backend) GraceTime(container garden.Container) time.Duration {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	found, ok := b.entries[container.Handle()]
	if !ok {
		return 0
	}

	return graceTime(found.container.Properties)
}

// Ping always succeeds, as Guardian's.
func (b *Backend) Ping() error {
	b.Calls.add("ping")
	return nil
}

// Capacity is that of a small worker.
func (b *Backend) Capacity() (garden.Capacity, error) {
	b.Calls.add("capacity")
	if b.containerd() {
		return garden.Capacity{}, errNotImplemented
	}

	return garden.Capacity{
		MemoryInBytes: 24 << 30,
		DiskInBytes:   252 << 30,
		MaxContainers: uint64(b.options.MaxContainers),
	}, nil
}

// Containers are those that have all the properties, sorted by handle. Without garden.state only
// those that are created count; garden.state=all is no filter.
func (b *Backend) Containers(filter garden.Properties) ([]garden.Container, error) {
	all := filter[stateKey] == stateAll
	if all {
		b.Calls.add("list-all")
	} else {
		b.Calls.add("list")
	}

	if err := b.Faults.Hold("list-hangs"); err != nil {
		return nil, err
	}
	if b.Faults.Strike("list-fails").Struck() || all && b.Faults.Strike("all-list-fails").Struck() {
		return nil, errListFails
	}
	if all && b.Faults.Strike("all-list-empty").Struck() {
		return nil, nil
	}

	matches := matchesGuardian(filter)
	if b.containerd() {
		matches = matchesContainerd(filter)
	}

	handles := b.matching(matches)
	empty := b.Faults.Strike("list-empty", handles...)
	handles = slices.DeleteFunc(handles, empty.At)

	containers := make([]garden.Container, 0, len(handles))
	for _, handle := range handles {
		containers = append(containers, b.container(handle))
	}

	return containers, nil
}

// Lookup never fails, as Guardian's, but over containerd for a handle that is unknown.
func (b *Backend) Lookup(handle string) (garden.Container, error) {
	if b.containerd() && !b.known(handle) {
		return nil, notFoundInContainerd(handle)
	}

	return b.container(handle), nil
}

func (b *Backend) container(handle string) garden.Container {
	return &container{backend: b, handle: handle}
}

func (b *Backend) matching(matches func(garden.Properties) bool) []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return slices.DeleteFunc(slices.Clone(b.handles), func(handle string) bool {
		found := b.entries[handle]
		return found.container.DepotOnly || !matches(found.container.Properties)
	})
}

func matchesGuardian(filter garden.Properties) func(garden.Properties) bool {
	wanted := garden.Properties{stateKey: stateCreated}
	maps.Copy(wanted, filter)
	if wanted[stateKey] == stateAll {
		delete(wanted, stateKey)
	}

	return func(properties garden.Properties) bool {
		for key, value := range wanted {
			if properties[key] != value {
				return false
			}
		}
		return true
	}
}

func (b *Backend) known(handle string) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	found, ok := b.entries[handle]

	return ok && !found.container.DepotOnly
}

var (
	errListFails      = errors.New("invalid depot directory: input/output error")
	errNotImplemented = errors.New("not implemented")
)
