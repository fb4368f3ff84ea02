package simulation

import (
	"context"
	"errors"
	"time"

	"weeder/reaper"
)

// containerdView is containerd as one life of the daemon sees it: its API and,
// where that does not answer, the bundles of the tasks. It leaves out that one
// task alone can be silent, which is a usage that is not told.
type containerdView struct{ *life }

var errNoContainerd = errors.New("containerd: connection refused")

// containerdTimeout is how long its client waits for an answer.
const containerdTimeout = 30 * time.Second

// taskStartsWithin is how much later than a container its task is started at
// most, of which the bundle has the time.
const taskStartsWithin = 300 * time.Millisecond

// ask is what every call goes through. absent tells that there is no socket, and
// that this life has not found one before.
func (v containerdView) ask(ctx context.Context, call string, typical time.Duration) (absent bool, err error) {
	w := v.world
	w.mutex.Lock()
	silent, gone := w.on(containerdSilent), w.on(containerdAbsent)
	hangs := silent && w.dice.of("containerd hangs", int(w.watch.changed[containerdSilent])).chance(0.5)
	w.mutex.Unlock()
	switch {
	case gone && !v.foundContainerd.Load():
		return true, nil
	case gone:
		return false, errNoContainerd
	case hangs:
		return false, errors.Join(v.call(ctx, call, containerdTimeout, containerdTimeout), errNoContainerd)
	case silent:
		return false, errors.Join(v.call(ctx, call, 0, time.Millisecond), errNoContainerd)
	}
	v.foundContainerd.Store(true)
	return false, v.call(ctx, call, typical/10, typical)
}

func (v containerdView) Inspect(ctx context.Context, handles []string) (map[string]reaper.Sighting, error) {
	v.looksAt(handles)
	absent, err := v.ask(ctx, "containers "+handles[0], time.Duration(len(handles))*5*time.Millisecond)
	w := v.world
	w.mutex.Lock()
	defer w.mutex.Unlock()
	sightings := map[string]reaper.Sighting{}
	if absent || err != nil {
		for _, handle := range handles {
			if c := w.garden.containers[handle]; c != nil && w.bundles && !c.idle {
				sightings[handle] = c.bundleSighting()
			} else if !absent {
				sightings[handle] = reaper.Sighting{Blind: true, Doubts: []reaper.Reason{unreadable(err)}}
			}
		}
		if !absent && !w.bundles {
			return nil, err
		}
		return sightings, nil
	}
	for _, handle := range handles {
		if c := w.garden.containers[handle]; c != nil {
			sightings[handle] = c.record(w.half(handle))
		}
	}
	return sightings, nil
}

func unreadable(err error) reaper.Reason {
	return reaper.Reason{Code: reaper.SourceUnreadable, Detail: err.Error()}
}

// half tells that a container is told only in part at the moment. The mutex is
// held.
func (w *world) half(handle string) bool {
	return w.on(halfSeen) && w.dice.of("half seen "+handle, int(w.now()/time.Minute)).chance(0.3)
}

func (v containerdView) Usage(ctx context.Context, handles []string) (map[string]reaper.Usage, error) {
	absent, err := v.ask(ctx, "tasks "+handles[0], time.Duration(len(handles))*5*time.Millisecond)
	w := v.world
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(handles) == 1 {
		w.meddle(handles[0])
	}
	if w.on(usageFails) {
		err = errNoContainerd
	}
	usages, err := w.usages(handles, err, !absent)
	v.hearsOf(usages)
	return usages, err
}

// record is what containerd keeps of the container.
func (c *container) record(halfSeen bool) reaper.Sighting {
	seen := reaper.Sighting{
		Properties: c.gardenProperties(), CreatedAt: c.createdWall, Task: "running",
	}
	if c.idle {
		seen.Task = reaper.NoTask
	}
	switch {
	case halfSeen, c.fate == malformed:
		seen.Doubts = []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: "decode OCI spec: unexpected EOF"}}
	default:
		seen.Spec, seen.SpecSource = c.spec(), reaper.SourceContainerd
	}
	return seen
}

// bundleSighting is what the bundle of its task tells.
func (c *container) bundleSighting() reaper.Sighting {
	if c.fate == malformed {
		return reaper.Sighting{Doubts: []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: "bundle: no root.path in it"}}}
	}
	return reaper.Sighting{
		CreatedAt: c.createdWall.Add(c.dice.of("task starts").between(time.Millisecond, taskStartsWithin)),
		Spec:      c.spec(), SpecSource: reaper.SourceBundle,
	}
}
