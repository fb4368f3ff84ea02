package simulation

import (
	"time"

	"weeder/reaper"
)

// watch is what is kept to check the invariants by.
type watch struct {
	// recorded are the events that the journal took.
	recorded []reaper.Event
	// open are the handles of which a destroy was begun, and no end was told.
	open map[string]opened
	// failures of destroys by handle.
	failures map[string]failures
	// changed is when a fault began or ended last.
	changed map[kind]time.Duration
	// offsets of the wall clock, from when on.
	offsets []offsetAt
	// heardSince is since when baggageclaim has answered each time, heardAt when
	// it did last. Zero: it did not the last time.
	heardSince, heardAt time.Duration
	// goodAt is when the last good pass of any life ended, anewAt when one had
	// first sightings start anew.
	goodAt, anewAt time.Duration
	// silentUntil is when the last of those that Garden gave no answer about is asked
	// about again. Where it gave none about any, it counts as silent until then.
	silentUntil time.Duration
}

type opened struct {
	life int
	// recorded tells that the journal has it.
	recorded bool
}

type failures struct {
	count int
	// life is the one that heard of the last.
	life    int
	retryAt time.Duration
}

type offsetAt struct {
	at, offset time.Duration
}

// watched is what is kept of one container to check the invariants by.
type watched struct {
	// passes is how many good ones have shown it an orphan, one after the other.
	passes int
	// absentAt is when a pass last lacked it, and passesBefore how many had shown
	// it an orphan until then.
	absentAt     time.Duration
	passesBefore int
	// seenAt is when the first pass saw it an orphan, and none since saw it
	// otherwise. Zero: none did.
	seenAt time.Duration
	// usage that Garden told last, and whether it failed to.
	usage       reaper.Usage
	usageFailed bool
	// busyAt is when processes beyond its init were told of last, to the life that
	// has busyLife for its number.
	busyAt   time.Duration
	busyLife int
	// failures of its destroys: others of its handle may have had some, too.
	failures failures
	// leakAt is when it was found to be a leak. Zero: it is none.
	leakAt time.Duration
	// orphans is how many there were at most since.
	orphans int
	// would tells that a dry run is through with it.
	would bool
}

func newWatch() watch {
	return watch{
		open: map[string]opened{}, failures: map[string]failures{}, changed: map[kind]time.Duration{},
		offsets: []offsetAt{{}},
	}
}

// offsetOf is how far the wall clock was from the bubble's at a time.
func (w watch) offsetOf(at time.Duration) time.Duration {
	offset := time.Duration(0)
	for _, o := range w.offsets {
		if o.at <= at {
			offset = o.offset
		}
	}
	return offset
}

// since tells that a fault of one of the kinds was on at some time since then.
func (w *world) since(then time.Duration, kinds ...kind) bool {
	for _, kind := range kinds {
		if changed, ever := w.watch.changed[kind]; w.on(kind) || ever && changed >= then {
			return true
		}
	}
	return false
}

// heard notes baggageclaim's answer to a daemon, or that there was none.
func (w *world) heard(l *life, err error) {
	switch {
	case l.dead || l.ending:
	case err != nil:
		w.watch.heardSince, w.watch.heardAt = 0, 0
	default:
		if now := w.now(); w.watch.heardAt == 0 || now-w.watch.heardAt > w.longGap() {
			w.watch.heardSince = now
		}
		w.watch.heardAt = w.now()
	}
}

// longGap is longer than what passes for a short restart, however long a pass
// is.
func (w *world) longGap() time.Duration {
	return 4*w.interval + 7*time.Minute
}

// starts notes the start of a life.
func (w *world) starts(l *life) {
	l.inherited = w.keep
	l.offset, l.identity, l.hasPast = w.keep.offset, w.keep.identity, w.keep.at != 0
	if l.hasPast && w.now()-w.keep.at <= 3*w.interval {
		l.startingUntil = w.keep.startingUntil
	} else {
		l.startingUntil = w.now() + w.starting()
		w.disturb(0)
	}
}

// kept notes what a life leaves to the next: what its last good pass was like,
// or that of the life before.
func (w *world) kept(l *life) {
	memory := w.keep.Past
	w.keep = l.inherited
	w.keep.Past, w.keep.identity = memory, l.identity
	if l.goodAt > 0 {
		w.keep.at, w.keep.startingUntil = l.goodAt, l.startingUntil
		w.keep.offset = l.goodOffset
	}
}

// ends notes the end of a life.
func (w *world) ends(l *life) {
	w.stats.Lives++
	if l.dead {
		return
	}
	for key := range l.unlogged {
		w.violate("the journal and the log lack %q", key)
	}
	for handle := range l.owed {
		w.violate("the destroy of %s was answered, and no end was told", handle)
	}
}

// hearsOf notes which processes a life has heard of. The mutex is held.
func (l *life) hearsOf(usages map[string]reaper.Usage) {
	for handle, usage := range usages {
		watched := &l.world.garden.containers[handle].watched
		switch {
		case usage.Idle, usage.Processes == 1:
			watched.busyAt = 0
		case usage.Processes > 1:
			watched.busyAt, watched.busyLife = l.world.now(), l.number
		}
	}
}
