package reaper

import (
	"context"
	"errors"
	"time"
)

// What Garden.Destroy may answer beside nil and a failure.
var (
	// ErrGone says that Garden no longer knows the container.
	ErrGone = errors.New("container is gone already")
	// ErrInProgress says that Garden is at it already: a destroy that timed
	// out on the client goes on in the server.
	ErrInProgress = errors.New("container is being destroyed already")
)

// ErrVolumeUntold is what Baggageclaim.Knows fails with where baggageclaim
// answers and can't tell of the one volume, as when its metadata can't be
// understood.
var ErrVolumeUntold = errors.New("baggageclaim can't tell of the volume")

// Listed is a handle with how it came to be known.
type Listed struct {
	Handle string
	// Hidden tells that Garden's plain list lacks it.
	Hidden bool
}

// Usage is what Garden's metrics say of a running container.
type Usage struct {
	// Processes in it; 1 is its init alone. Zero: not known.
	Processes uint64
	// Idle tells that nothing runs in it, for it has no task or that has ended.
	Idle bool
	// Age since its creation. Zero: not known.
	Age time.Duration
	// Failed tells that Garden gave no answer about it, though it does about others.
	Failed bool
}

// Garden is the server that owns the containers. No method but Destroy may
// restart a container's grace countdown where bulk calls are implemented.
type Garden interface {
	// Handles lists the containers: Garden's plain list and its list of
	// garden.state=all. An error means that nothing is known, not that there
	// are none.
	Handles(ctx context.Context) ([]Listed, error)
	// DepotHandles lists the depot's directories: older Guardians show
	// half-created containers and zombies nowhere else. It is empty until a
	// depot is configured, or known from an Inspect.
	DepotHandles(ctx context.Context) ([]string, error)
	// Inspect looks at the given containers, each of a safe handle. What can't
	// be told of one container is among its Sighting's Doubts; a handle that
	// is not in the answer was not looked at: that is allowed for those that
	// are told already by another source, and can't be asked about in bulk. An
	// error means that Garden could not be asked.
	Inspect(ctx context.Context, handles []string, told func(handle string) bool) (map[string]Sighting, error)
	// Usage asks for the processes and ages of the given containers. A handle
	// that is not in the answer, and a zero in it, are not known.
	Usage(ctx context.Context, handles []string) (map[string]Usage, error)
	// Destroy destroys one container: nil, ErrGone and ErrInProgress (either
	// wrapped or not) mean that nothing is left to do.
	Destroy(ctx context.Context, handle string) error
}

// Runtime is what runs the containers beneath Garden, where that can be asked:
// containerd.
type Runtime interface {
	// Inspect looks at the given containers, each of a safe handle. A handle
	// that is not in the answer is not known to the runtime: it is absent then,
	// not a witness. An error means that it could not be asked, though it may
	// know them.
	Inspect(ctx context.Context, handles []string) (map[string]Sighting, error)
	// Usage asks for the processes of the given containers. A handle that is
	// not in the answer is not known.
	Usage(ctx context.Context, handles []string) (map[string]Usage, error)
}

// Volumes is baggageclaim's volumes directory.
type Volumes interface {
	// Snapshot reads which volumes there are. An error means that the
	// directory can't be used: nothing about any volume follows from it.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Fresh is a Glance that reads nothing beforehand, and each volume when it
	// is asked for.
	Fresh(ctx context.Context) (Glance, error)
	// Under turns a path on the worker into the handle of the volume it lies
	// in. With other set, the path has a volume's shape outside of this
	// directory, and handle is what it would be there.
	Under(path string) (handle string, other bool)
}

// Glance is a look at a few volumes.
type Glance interface {
	// Identity tells one live/ directory from another: device and inode.
	Identity() string
	// Volume reads one volume: its state and, where it is live, its ttl.json.
	Volume(handle string) Volume
}

// Snapshot is one reading of the volumes directory.
type Snapshot interface {
	Glance
	// Empty tells that live/ holds no volume.
	Empty() bool
	// Counts are the volumes by their state: live, init and dead.
	Counts() map[VolumeState]int
	// Holds tells whether a path that baggageclaim gives for a live volume
	// lies in this directory, on the disk that this live/ is on.
	Holds(path string) bool
}

// Baggageclaim is baggageclaim's API, the second witness.
type Baggageclaim interface {
	// Knows asks whether it has a volume. An error means that it gave no
	// answer, or, with ErrVolumeUntold, none about this one.
	Knows(ctx context.Context, volume string) (bool, error)
	// LivePaths are the paths of the volumes that it lists.
	LivePaths(ctx context.Context) ([]string, error)
}
