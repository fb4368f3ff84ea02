package reaper

import (
	"context"
	"time"

	"code.cloudfoundry.org/clock"
)

// retryDoubts is how long an Inventory leaves a container alone that it could
// not read whole: Garden runs a process for each one that it is asked about,
// and zombies stay unreadable for as long as they are there.
const retryDoubts = 5 * time.Minute

// maxRetrySilent bounds how long one is left alone that Garden gave no answer
// about, again and again.
const maxRetrySilent = 6 * time.Hour

// retrySilent is how long one is left alone that Garden gives no answer about
// once more: each question costs its timeout, and may leave a process behind in
// the worker that hangs.
func retrySilent(before time.Duration) time.Duration {
	return min(2*before, maxRetrySilent)
}

// Inventory knows the containers of a worker. Between passes it asks only
// about those that it has not seen; Garden runs a process for each container
// it is asked about. It serves one pass at a time.
type Inventory struct {
	garden  Garden
	runtime Runtime
	volumes Volumes
	clock   clock.Clock

	seen map[string]*known
}

type known struct {
	container Container
	at        time.Time
	// retry is how long it is left alone where it has to be asked about again.
	retry time.Duration
}

// NewInventory makes an Inventory that has seen nothing yet. A nil runtime is
// absent.
func NewInventory(garden Garden, runtime Runtime, volumes Volumes, clock clock.Clock) *Inventory {
	return &Inventory{garden: garden, runtime: runtime, volumes: volumes, clock: clock, seen: map[string]*known{}}
}

// Containers lists every container of the worker: those that Garden lists,
// those that it hides, and those that only the depot shows. An error means
// that nothing is known, not that there are none.
func (i *Inventory) Containers(ctx context.Context) ([]Container, error) {
	listed, err := i.garden.Handles(ctx)
	if err != nil {
		return nil, err
	}
	if err := i.see(ctx, listed); err != nil {
		return nil, err
	}

	// The depot may be known only from what Garden said of the containers.
	inDepot, err := i.garden.DepotHandles(ctx)
	if err != nil {
		return nil, err
	}
	listed = withDepot(listed, inDepot)
	if err := i.see(ctx, listed); err != nil {
		return nil, err
	}

	containers := make([]Container, 0, len(listed))
	seen := make(map[string]*known, len(listed))
	for _, l := range listed {
		if !SafeHandle(l.Handle) {
			containers = append(containers, Container{Handle: l.Handle, Hidden: l.Hidden})
			continue
		}
		k := i.seen[l.Handle]
		k.container.Hidden = l.Hidden
		seen[l.Handle] = k
		containers = append(containers, k.container)
	}
	i.seen = seen
	return containers, nil
}

// see asks about the listed containers that are not seen yet, or were seen
// with doubts long enough ago.
func (i *Inventory) see(ctx context.Context, listed []Listed) error {
	now := i.clock.Now()
	var unseen []Listed
	for _, l := range listed {
		k, found := i.seen[l.Handle]
		if SafeHandle(l.Handle) && (!found || k.stale(l, now)) {
			unseen = append(unseen, l)
		}
	}
	if len(unseen) == 0 {
		return nil
	}

	handles := make([]string, len(unseen))
	for n, l := range unseen {
		handles[n] = l.Handle
	}
	containers, err := i.inspect(ctx, handles)
	if err != nil {
		return err
	}
	for _, l := range unseen {
		container := containers[l.Handle]
		container.Hidden = l.Hidden
		retry := retryDoubts
		if before, found := i.seen[l.Handle]; found && before.container.Silent && container.Silent {
			retry = retrySilent(before.retry)
		}
		i.seen[l.Handle] = &known{container: container, at: now, retry: retry}
	}
	return nil
}

// stale tells that what is known of a container is worth another look: it has
// come out of hiding, so that its creation is over, or it could not be read
// whole a while ago.
func (k *known) stale(l Listed, now time.Time) bool {
	if k.container.Hidden && !l.Hidden {
		return true
	}
	blind := !k.container.SpecRead && len(k.container.References) == 0
	return (blind || len(k.container.Doubts) > 0) && now.Sub(k.at) >= k.retry
}

// Forget has a container asked about again in the next pass.
func (i *Inventory) Forget(handle string) {
	delete(i.seen, handle)
}

// Look reads one container afresh.
func (i *Inventory) Look(ctx context.Context, handle string) (Container, error) {
	if !SafeHandle(handle) {
		return Container{Handle: handle}, nil
	}
	containers, err := i.inspect(ctx, []string{handle})
	return containers[handle], err
}

// inspect asks all sources about containers of safe handles. The runtime comes
// first: Garden need not be asked about each of those that it tells of.
func (i *Inventory) inspect(ctx context.Context, handles []string) (map[string]Container, error) {
	var byRuntime map[string]Sighting
	var blind *Sighting
	if i.runtime != nil {
		var err error
		if byRuntime, err = i.runtime.Inspect(ctx, handles); err != nil {
			blind = &Sighting{Blind: true, Doubts: []Reason{{Code: SourceUnreadable, Detail: err.Error()}}}
		}
	}
	byGarden, err := i.garden.Inspect(ctx, handles, func(handle string) bool {
		sighting, told := byRuntime[handle]
		return told && sighting.Properties != nil
	})
	if err != nil {
		return nil, err
	}

	containers := make(map[string]Container, len(handles))
	for _, handle := range handles {
		var sightings []Sighting
		if sighting, told := byRuntime[handle]; told {
			sightings = append(sightings, sighting)
		}
		if blind != nil {
			sightings = append(sightings, *blind)
		}
		if sighting, told := byGarden[handle]; told {
			sightings = append(sightings, sighting)
		}
		containers[handle] = i.merge(handle, sightings)
	}
	return containers, nil
}

// Gone tells that no list has the container any more, nor the depot.
func (i *Inventory) Gone(ctx context.Context, handle string) (bool, error) {
	listed, err := i.garden.Handles(ctx)
	if err != nil {
		return false, err
	}
	inDepot, err := i.garden.DepotHandles(ctx)
	if err != nil {
		return false, err
	}
	for _, l := range withDepot(listed, inDepot) {
		if l.Handle == handle {
			return false, nil
		}
	}
	return true, nil
}

// withDepot adds to the listed handles those that only the depot shows.
func withDepot(listed []Listed, inDepot []string) []Listed {
	have := make(map[string]bool, len(listed))
	for _, l := range listed {
		have[l.Handle] = true
	}
	for _, handle := range inDepot {
		if !have[handle] {
			have[handle] = true
			listed = append(listed, Listed{Handle: handle, Hidden: true})
		}
	}
	return listed
}
