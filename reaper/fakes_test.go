package reaper_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"weeder/reaper"
)

// calls are the calls of one worker's fakes, in their order.
type calls struct {
	mutex sync.Mutex
	list  []string
}

func (c *calls) add(call string, about ...string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.list = append(c.list, strings.TrimSpace(call+" "+strings.Join(about, " ")))
}

// meet has all that was done before happen before the calls that are still to
// come: the passing of time alone orders nothing.
func (c *calls) meet() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
}

// of are the calls that begin with one of the words, all where none is given.
func (c *calls) of(words ...string) []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(c.list), func(call string) bool {
		word, _, _ := strings.Cut(call, " ")
		return len(words) > 0 && !slices.Contains(words, word)
	})
}

func (c *calls) forget() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.list = nil
}

// fakeGarden is a Garden that says what a spec has put into it. It has no
// grace times, no deadlines and no client between; a container is gone from
// it only where the spec takes it away.
type fakeGarden struct {
	// told are the handles that another source had told of when Inspect came.
	told []string
	*calls
	mutex     sync.Mutex
	plain     []string
	hidden    []string
	depot     []string
	sightings map[string]reaper.Sighting
	usages    map[string]reaper.Usage

	handlesErr, depotErr, inspectErr, usageErr error
	// onInspect runs before each Inspect, onDestroy instead of a destroy.
	onInspect func(handles []string)
	onDestroy func(ctx context.Context, handle string) error
}

func (g *fakeGarden) Handles(context.Context) ([]reaper.Listed, error) {
	g.add("handles")
	g.mutex.Lock()
	defer g.mutex.Unlock()
	var listed []reaper.Listed
	for _, handle := range g.plain {
		listed = append(listed, reaper.Listed{Handle: handle})
	}
	for _, handle := range g.hidden {
		listed = append(listed, reaper.Listed{Handle: handle, Hidden: true})
	}
	return listed, g.handlesErr
}

func (g *fakeGarden) DepotHandles(context.Context) ([]string, error) {
	g.add("depot")
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return slices.Clone(g.depot), g.depotErr
}

func (g *fakeGarden) Inspect(_ context.Context, handles []string, told func(string) bool) (map[string]reaper.Sighting, error) {
	g.add("inspect", handles...)
	for _, handle := range handles {
		if told(handle) {
			g.told = append(g.told, handle)
		}
	}
	if g.onInspect != nil {
		g.onInspect(handles)
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	sightings := map[string]reaper.Sighting{}
	for _, handle := range handles {
		if sighting, found := g.sightings[handle]; found {
			sightings[handle] = sighting
		}
	}
	return sightings, g.inspectErr
}

func (g *fakeGarden) Usage(_ context.Context, handles []string) (map[string]reaper.Usage, error) {
	g.add("usage", handles...)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	usages := maps.Clone(g.usages)
	maps.DeleteFunc(usages, func(handle string, _ reaper.Usage) bool { return !slices.Contains(handles, handle) })
	return usages, g.usageErr
}

func (g *fakeGarden) Destroy(ctx context.Context, handle string) error {
	g.add("destroy", handle)
	if g.onDestroy != nil {
		return g.onDestroy(ctx, handle)
	}
	return nil
}

// fakeVolumes is a volumes directory, /volumes, in memory. It goes by the text
// of paths, knows no symlinks and no disk, and has no files in its volumes.
type fakeVolumes struct {
	*calls
	mutex    sync.Mutex
	volumes  map[string]reaper.Volume
	identity string
	// otherDisk tells that /volumes/live is not on the disk it should be on.
	otherDisk bool

	snapshotErr, freshErr error
	// onFresh runs before each Fresh, onSnapshot before each Snapshot.
	onFresh, onSnapshot func()
}

func (v *fakeVolumes) put(volume reaper.Volume) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.volumes[volume.Handle] = volume
}

func (v *fakeVolumes) remove(handle string) {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	delete(v.volumes, handle)
}

// read is the directory as it is now.
func (v *fakeVolumes) read() *fakeSnapshot {
	v.mutex.Lock()
	defer v.mutex.Unlock()
	return &fakeSnapshot{
		calls: v.calls, volumes: maps.Clone(v.volumes), identity: v.identity, otherDisk: v.otherDisk,
	}
}

func (v *fakeVolumes) Snapshot(context.Context) (reaper.Snapshot, error) {
	v.add("snapshot")
	if v.onSnapshot != nil {
		v.onSnapshot()
	}
	if v.snapshotErr != nil {
		return nil, v.snapshotErr
	}
	return v.read(), nil
}

func (v *fakeVolumes) Fresh(context.Context) (reaper.Glance, error) {
	v.add("fresh")
	if v.onFresh != nil {
		v.onFresh()
	}
	if v.freshErr != nil {
		return nil, v.freshErr
	}
	return v.read(), nil
}

func (v *fakeVolumes) Under(path string) (string, bool) {
	before, rest, _ := strings.Cut(path, "/live/")
	handle, _, _ := strings.Cut(rest, "/")
	return handle, handle != "" && before != "/volumes"
}

// fakeSnapshot is /volumes as it was at one moment.
type fakeSnapshot struct {
	*calls
	volumes   map[string]reaper.Volume
	identity  string
	otherDisk bool
}

func (s *fakeSnapshot) Identity() string { return s.identity }

func (s *fakeSnapshot) Empty() bool {
	for _, volume := range s.volumes {
		if volume.State == reaper.VolumeLive || volume.State == reaper.VolumeUnknown {
			return false
		}
	}
	return true
}

func (s *fakeSnapshot) Counts() map[reaper.VolumeState]int {
	counts := map[reaper.VolumeState]int{}
	for _, volume := range s.volumes {
		counts[volume.State]++
	}
	return counts
}

func (s *fakeSnapshot) Volume(handle string) reaper.Volume {
	s.add("volume", handle)
	if volume, found := s.volumes[handle]; found {
		return volume
	}
	return volume(handle, reaper.VolumeMissing)
}

func (s *fakeSnapshot) Holds(path string) bool {
	return strings.HasPrefix(path, "/volumes/live/") && !s.otherDisk
}

// fakeBaggageclaim knows the volumes that a spec tells it of, whatever is on
// the disk.
type fakeBaggageclaim struct {
	*calls
	mutex sync.Mutex
	known []string
	paths []string

	knowsErr, pathsErr error
}

func (b *fakeBaggageclaim) Knows(_ context.Context, volume string) (bool, error) {
	b.add("knows", volume)
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return slices.Contains(b.known, volume), b.knowsErr
}

func (b *fakeBaggageclaim) LivePaths(context.Context) ([]string, error) {
	b.add("live-paths")
	return b.paths, b.pathsErr
}

// fakeSightings are first sightings alone.
type fakeSightings map[string]time.Time

func (s fakeSightings) Remember(container reaper.Container, _ time.Time) reaper.Remembered {
	return reaper.Remembered{FirstSeen: s[container.Handle]}
}

// fakeRecorder keeps the events and writes none.
type fakeRecorder struct {
	*calls
	mutex  sync.Mutex
	events []reaper.Event
	err    error
	// onRecord runs before each Record.
	onRecord func(reaper.Event)
}

func (r *fakeRecorder) Record(event reaper.Event) error {
	r.add("record", string(event.Name), event.Handle)
	if r.onRecord != nil {
		r.onRecord(event)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.err != nil {
		return fmt.Errorf("append to journal: %w", r.err)
	}
	r.events = append(r.events, event)
	return nil
}

// knowsUpTo answers for one volume and for no other.
type knowsUpTo struct {
	*fakeBaggageclaim
	answered string
}

func (b knowsUpTo) Knows(ctx context.Context, volume string) (bool, error) {
	if volume != b.answered {
		b.add("knows", volume)
		return false, context.DeadlineExceeded
	}
	return b.fakeBaggageclaim.Knows(ctx, volume)
}

// untoldOf can't tell of some volumes.
type untoldOf struct {
	*fakeBaggageclaim
	volumes []string
}

func (b untoldOf) Knows(ctx context.Context, volume string) (bool, error) {
	if slices.Contains(b.volumes, volume) {
		b.add("knows", volume)
		return false, fmt.Errorf("it answers 500: %w", reaper.ErrVolumeUntold)
	}
	return b.fakeBaggageclaim.Knows(ctx, volume)
}
