package reaper

import (
	"context"
	"maps"
	"time"
)

// recall is what is remembered of an orphan at now. All times are counted back
// on the monotonic clock, so that setting the wall clock makes nothing due.
func (m *Memory) recall(container Container, now moment) Remembered {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	remembered := m.past.remember(container, now.wall, now.elapsed)
	remembered.Destroying = m.underWay[container.Handle]
	return remembered
}

// Hindsight is how a single run sees what a daemon remembers, or remembered.
type Hindsight struct {
	Past
	// Now is the moment of the run on Worker.Elapsed.
	Now time.Duration
}

// Alive tells that a daemon watches this worker: its last good pass ended
// within its last three intervals.
func (h Hindsight) Alive() bool {
	return h.recent(h.Now, h.Interval)
}

// Remember implements Sightings. What a living daemon has not flagged yet is
// first seen now; what a dead one has confirmed, or heard of baggageclaim, does
// not count.
func (h Hindsight) Remember(container Container, now time.Time) Remembered {
	remembered := h.remember(container, now, h.Now)
	if !h.Alive() {
		remembered.Unconfirmed, remembered.Watched, remembered.Destroying = false, false, false
		remembered.HeardSince = time.Time{}
		if !h.Orphans[container.Handle].Flagged {
			remembered.FirstSeen = time.Time{}
		}
	}
	return remembered
}

// Interlocks are those that the living daemon holds for itself.
func (h Hindsight) Interlocks(now time.Time) []Interlock {
	if !h.Alive() || h.Now >= h.StartingUntil {
		return nil
	}
	return []Interlock{{Name: Starting, Detail: "the daemon destroys nothing before " +
		now.Add(h.StartingUntil-h.Now).UTC().Format(time.RFC3339) + "; weeder reap can"}}
}

func (p Past) remember(container Container, now time.Time, elapsed time.Duration) Remembered {
	wall := func(at time.Duration) time.Time { return now.Add(at - elapsed) }
	remembered := Remembered{FirstSeen: now, Unconfirmed: true, HeardSince: now}
	if p.HeardSince != nil {
		remembered.HeardSince = wall(*p.HeardSince)
	}
	orphan := p.Orphans[container.Handle]
	remembered.Destroying = orphan.Destroying
	if orphan.Failures > 0 {
		remembered.Failures, remembered.LastError = orphan.Failures, orphan.LastError
		remembered.RetryAt = wall(orphan.RetryAt)
	}
	if orphan.Flagged && !another(orphan.Created, container.CreatedAt) {
		remembered.FirstSeen, remembered.Watched = wall(orphan.First), true
		remembered.Unconfirmed = orphan.Passes < 2
		remembered.GraceTime = orphan.GraceTime
		remembered.GraceTimeSure = orphan.GraceTime != nil && !orphan.Created.IsZero() && !container.CreatedAt.IsZero()
		if orphan.BusyAt != nil {
			remembered.BusyAt = wall(*orphan.BusyAt)
		}
	}
	return remembered
}

// usageFor is how long a daemon goes by what Garden said of a container's
// processes: on Guardian asking costs an exec. It is asked again right before
// a destroy.
const usageFor = 5 * time.Minute

type usageAt struct {
	Usage
	told bool
	at   time.Duration
	// holds is for how long it is gone by.
	holds time.Duration
}

// rememberedUsage asks for the usage of those about whom nothing is
// remembered.
func (w *Worker) rememberedUsage(ctx context.Context, handles []string) map[string]Usage {
	if w.memory == nil {
		usages, _ := w.usage(ctx, handles)
		return usages
	}
	usages, ask := w.memory.recallUsage(handles)
	if len(ask) == 0 {
		return usages
	}
	asked, answered := w.usage(ctx, ask)
	if answered {
		w.memory.rememberUsage(ask, asked)
	}
	maps.Copy(usages, asked)
	return usages
}

// seeBusy notes of orphans that processes run in them, or no longer do.
func (m *Memory) seeBusy(usages map[string]Usage) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	now := m.elapsed()
	for handle, usage := range usages {
		orphan, known := m.past.Orphans[handle]
		switch {
		case !known:
			continue
		case usage.Idle, usage.Processes == 1:
			orphan.BusyAt = nil
		case usage.Processes > 1:
			orphan.BusyAt = &now
		}
		m.past.Orphans[handle] = orphan
	}
}

func (m *Memory) recallUsage(handles []string) (usages map[string]Usage, ask []string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	now := m.elapsed()
	usages = map[string]Usage{}
	for _, handle := range handles {
		remembered, known := m.usages[handle]
		switch {
		case !known || now-remembered.at >= remembered.holds:
			ask = append(ask, handle)
		case remembered.told:
			usages[handle] = remembered.Usage
		}
	}
	return usages, ask
}

func (m *Memory) rememberUsage(handles []string, usages map[string]Usage) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	now := m.elapsed()
	for _, handle := range handles {
		usage, told := usages[handle]
		holds := usageFor
		if before := m.usages[handle]; usage.Failed && before.Failed {
			holds = retrySilent(before.holds)
		}
		m.usages[handle] = usageAt{Usage: usage, told: told, at: now, holds: holds}
	}
}
