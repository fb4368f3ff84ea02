package simulation

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"weeder/reaper"
)

// garden is the server, as it is.
type garden struct {
	containers map[string]*container
	// left is when the last of a handle went by other doings than the daemon's.
	left map[string]time.Duration
	// waking is how it is in the moment after a restart.
	waking waking
}

// waking is what Garden shows while it starts.
type waking string

const (
	listsNothing waking = "lists nothing"
	hidesAll     waking = "hides all"
	refuses      waking = "refuses"
)

func newGarden() garden {
	return garden{containers: map[string]*container{}, left: map[string]time.Duration{}}
}

// gardenView is Garden as one life of the daemon sees it.
type gardenView struct{ *life }

var (
	errRefused = errors.New("dial tcp 127.0.0.1:7777: connect: connection refused")
	errNoReply = errors.New("no answer from Garden")
	errUnknown = errors.New("unknown handle, and its directory is there")
)

// gardenTimeout is how long Garden's client waits for an answer.
const gardenTimeout = 30 * time.Second

// ask is what every call but Destroy goes through.
func (g gardenView) ask(ctx context.Context, call string, typical time.Duration) error {
	w := g.world
	w.mutex.Lock()
	refused := w.on(gardenRefuses) || w.on(gardenRestart) && w.garden.waking == refuses
	hangs := w.on(gardenHangs)
	quickest := typical / 10
	if w.on(gardenSlow) {
		quickest, typical = 3*time.Second, 25*time.Second
	}
	w.mutex.Unlock()

	switch {
	case refused:
		return errors.Join(g.call(ctx, call, time.Millisecond, 2*time.Millisecond), errRefused)
	case hangs:
		return errors.Join(g.call(ctx, call, gardenTimeout, gardenTimeout), errNoReply)
	}
	return g.call(ctx, call, quickest, typical)
}

func (g gardenView) Handles(ctx context.Context) ([]reaper.Listed, error) {
	if err := g.ask(ctx, "handles", 100*time.Millisecond); err != nil {
		return nil, err
	}
	w := g.world
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.on(gardenListFails) {
		return nil, errNoReply
	}
	var listed []reaper.Listed
	for _, c := range w.shown() {
		if !c.inDepot && !w.unlisted(c) {
			listed = append(listed, reaper.Listed{Handle: c.handle, Hidden: c.hidden})
		}
	}
	return listed, nil
}

func (g gardenView) DepotHandles(ctx context.Context) ([]string, error) {
	if err := g.call(ctx, "depot", 0, time.Millisecond); err != nil {
		return nil, err
	}
	w := g.world
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var handles []string
	if w.containerd {
		return nil, nil
	}
	if w.on(gardenRestart) && w.garden.waking == hidesAll {
		return slices.Sorted(maps.Keys(w.garden.containers)), nil
	}
	for _, c := range w.shown() {
		if c.fate != halfCreated {
			handles = append(handles, c.handle)
		}
	}
	return handles, nil
}

// maxSilent is how many containers Garden may be silent about before it counts as
// silent itself.
const maxSilent = 4

// hangOver waits as Garden's client does where Garden hangs over some of the
// containers: for the answer about all, and then about each.
func (g gardenView) hangOver(ctx context.Context, handles []string) (silent map[string]bool, err error) {
	w := g.world
	w.mutex.Lock()
	silent = map[string]bool{}
	for _, handle := range handles {
		c := w.garden.containers[handle]
		if c == nil {
			continue
		}
		if !w.some(gardenHangsOver, handle, 0.3) {
			c.silences = 0
			continue
		}
		silent[handle] = true
		c.askedAgainAt = w.now() + retryDoubts<<min(c.silences, 6) + time.Minute
		w.watch.silentUntil = max(w.watch.silentUntil, c.askedAgainAt)
		c.silences++
	}
	w.mutex.Unlock()
	if len(silent) == 0 {
		return silent, nil
	}
	waits := gardenTimeout
	if len(handles) > 1 {
		waits *= 2
	}
	if err := g.call(ctx, "silence", waits, waits); err != nil {
		return nil, err
	}
	if len(silent) > maxSilent {
		return nil, errNoReply
	}
	return silent, nil
}

// some tells that a fault is on, and strikes a container. The mutex is held.
func (w *world) some(kind kind, handle string, chance float64) bool {
	return w.on(kind) && w.dice.of(string(kind)+handle, int(w.watch.changed[kind])).chance(chance)
}

// refused tells that bulk_info refuses a container, unlisted that the lists lack
// it, too. The mutex is held.
func (w *world) refused(handle string) bool { return w.some(runcFails, handle, 0.4) }

func (w *world) unlisted(c *container) bool {
	return w.refused(c.handle) && c.dice.of("unlisted").chance(0.5)
}

// shown are the containers that Garden shows at the moment.
func (w *world) shown() []*container {
	if w.on(gardenRestart) && w.garden.waking != refuses {
		return nil
	}
	var shown []*container
	for _, handle := range slices.Sorted(maps.Keys(w.garden.containers)) {
		shown = append(shown, w.garden.containers[handle])
	}
	return shown
}

func (g gardenView) Inspect(ctx context.Context, handles []string, told func(string) bool) (map[string]reaper.Sighting, error) {
	g.looksAt(handles)
	if g.world.containerd {
		return g.propertiesOf(ctx, handles, told)
	}
	if err := g.ask(ctx, "inspect "+handles[0], time.Duration(len(handles))*20*time.Millisecond); err != nil {
		return nil, err
	}
	silent, err := g.hangOver(ctx, handles)
	if err != nil {
		return nil, err
	}
	w := g.world
	w.mutex.Lock()
	defer w.mutex.Unlock()
	sightings := map[string]reaper.Sighting{}
	for _, handle := range handles {
		if silent[handle] {
			sightings[handle] = reaper.Sighting{Silent: true, Blind: true, Doubts: []reaper.Reason{unreadable(errNoReply)}}
		} else if c := w.garden.containers[handle]; c != nil {
			sightings[handle] = c.sighting(w.half(handle), w.refused(handle))
		} else {
			sightings[handle] = reaper.Sighting{Doubts: []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: "unknown handle"}}}
		}
	}
	return sightings, nil
}

// propertiesOf is all that a Garden over containerd tells, and it is asked for
// each container that nobody else tells of.
func (g gardenView) propertiesOf(ctx context.Context, handles []string, told func(string) bool) (map[string]reaper.Sighting, error) {
	sightings := map[string]reaper.Sighting{}
	for _, handle := range handles {
		if told(handle) {
			continue
		}
		if err := g.ask(ctx, "properties "+handle, 20*time.Millisecond); err != nil {
			if ctx.Err() != nil || errors.Is(err, errNoReply) {
				return nil, err
			}
			sightings[handle] = reaper.Sighting{Doubts: []reaper.Reason{unreadable(err)}}
			continue
		}
		g.world.mutex.Lock()
		if c := g.world.garden.containers[handle]; c != nil {
			sightings[handle] = reaper.Sighting{Properties: c.gardenProperties()}
		} else {
			sightings[handle] = reaper.Sighting{Doubts: []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: "container not found"}}}
		}
		g.world.mutex.Unlock()
	}
	return sightings, nil
}

func (g gardenView) Usage(ctx context.Context, handles []string) (map[string]reaper.Usage, error) {
	if g.world.containerd {
		// Not implemented.
		return map[string]reaper.Usage{}, nil
	}
	err := g.ask(ctx, "usage "+handles[0], time.Duration(len(handles))*30*time.Millisecond)
	silent := map[string]bool{}
	if err == nil {
		silent, err = g.hangOver(ctx, handles)
	}
	w := g.world
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(handles) == 1 {
		w.meddle(handles[0])
	}
	if w.on(usageFails) {
		err = errNoReply
	}
	usages, err := w.usages(handles, err, true)
	for handle := range silent {
		if c := w.garden.containers[handle]; err == nil && c != nil {
			c.watched.usage, c.watched.usageFailed = reaper.Usage{}, true
			usages[handle] = reaper.Usage{Failed: true}
		}
	}
	g.hearsOf(usages)
	return usages, err
}

// usages are what is told of the containers' processes, where there is no error
// and anything is known at all. The mutex is held.
func (w *world) usages(handles []string, err error, known bool) (map[string]reaper.Usage, error) {
	usages := map[string]reaper.Usage{}
	for _, handle := range handles {
		c := w.garden.containers[handle]
		if c == nil {
			continue
		}
		c.watched.usageFailed, c.watched.usage = err != nil, reaper.Usage{}
		if err == nil && known && c.told && !w.on(usageUntold) && !c.hidden && !w.refused(handle) {
			c.watched.usage = reaper.Usage{Processes: c.processes, Idle: c.idle}
			if !w.containerd {
				c.watched.usage.Age = w.now() - c.created
			}
			if c.idle {
				c.watched.usage.Processes = 0
			}
			usages[handle] = c.watched.usage
		}
	}
	if err != nil {
		return nil, err
	}
	return usages, nil
}
