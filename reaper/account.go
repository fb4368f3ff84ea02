package reaper

import "time"

// Recorder keeps account of what happens.
type Recorder interface {
	// Record appends one event. After it returns nil the event survives a
	// kill of the process.
	Record(Event) error
}

// EventName names an event of the journal.
type EventName string

const (
	// EventFlagged is a daemon's first sighting of an orphan.
	EventFlagged EventName = "flagged"
	// EventCleared is an orphan that is none any more: its verdict has changed,
	// or it is gone and weeder never tried to destroy it.
	EventCleared EventName = "cleared"
	// EventWouldDestroy is all that a dry run does to a container, once.
	EventWouldDestroy EventName = "would-destroy"
	// EventDestroying comes before Garden is asked to destroy a container.
	EventDestroying EventName = "destroying"
	// EventDestroyed is a container that weeder destroyed, or tried to and that
	// is gone since.
	EventDestroyed EventName = "destroyed"
	// EventDestroyFailed is a destroy that went wrong, or one that Garden was at
	// already.
	EventDestroyFailed EventName = "destroy-failed"
	// EventStuck is an orphan whose destroy has failed StuckAfter times.
	EventStuck EventName = "stuck"
	// EventInterlock is an interlock that came on, or went off.
	EventInterlock EventName = "interlock"
)

// Event is one thing that happened, to a container but for EventInterlock.
type Event struct {
	Time    time.Time
	Name    EventName
	Handle  string
	Reasons []Reason
	// Purpose of the container, for people. Zero: nothing is known.
	Purpose Purpose
	// Age of the container. Zero: not known.
	Age time.Duration
	// Grace that it has to wait out.
	Grace time.Duration
	// Failures is how many destroys of it have failed so far.
	Failures int
	// Err of a failure.
	Err error
	// Interlock that changed.
	Interlock InterlockName
	// On tells that the interlock came on; it went off otherwise.
	On bool
	// Note says more in words, such as why it was cleared. Empty: nothing.
	Note string
}

// Remembered is what earlier passes know of one container.
type Remembered struct {
	// FirstSeen is when it was flagged first. Zero: it was not.
	FirstSeen time.Time
	// Watched tells that FirstSeen was counted on the monotonic clock by a daemon
	// that has watched the container since.
	Watched bool
	// Unconfirmed tells that it has not been an orphan in two passes yet.
	Unconfirmed bool
	// Failures is how many destroys of it have failed so far.
	Failures int
	// LastError is why the last of them did.
	LastError string
	// RetryAt is when it may be tried again. Zero: at any time.
	RetryAt time.Time
	// HeardSince is since when baggageclaim has answered each time. Zero: nobody
	// keeps account of that.
	HeardSince time.Time
	// Destroying tells that a destroy of it is under way.
	Destroying bool
	// GraceTime is its own, as its properties told it when they were read last.
	// Nil: not known.
	GraceTime *time.Duration
	// GraceTimeSure tells that it is this container's by its creation: where that is
	// not known, another one of the same handle may have told it.
	GraceTimeSure bool
	// BusyAt is when processes beyond its init were told of last, where none have
	// been told to be gone since. Zero: they were not.
	BusyAt time.Time
}

// Sightings is what earlier passes remember.
type Sightings interface {
	// Remember is what is known of a container at now.
	Remember(container Container, now time.Time) Remembered
}

// Keeper keeps a daemon's memory over its end.
type Keeper interface {
	// Keep puts the memory in the place of the one kept before, whole or not at
	// all.
	Keep(Past) error
	// Forget takes away what was kept, so that nobody goes by it: it is called
	// where something of that no longer holds and no other could be put in its
	// place.
	Forget() error
}

// Past is what a daemon remembers, as it is kept over restarts of it, but not of
// the machine. Durations are on Worker.Elapsed.
type Past struct {
	// At is the time of the last good pass: one that could judge with no
	// interlock on but Starting. Zero: there was none.
	At time.Time
	// Elapsed at the end of the last good pass.
	Elapsed time.Duration
	// Interval between passes.
	Interval time.Duration
	// Policy that the daemon goes by.
	Policy KeptPolicy
	// StartingUntil is when Starting ends.
	StartingUntil time.Duration
	// Identity of the volumes directory.
	Identity string
	// HeardSince is since when baggageclaim has answered each time. Nil: it did
	// not the last time.
	HeardSince *time.Duration
	// Orphans by their handle.
	Orphans map[string]PastOrphan
}

// PastOrphan is what is remembered of one container.
type PastOrphan struct {
	// Flagged tells that it is an orphan; otherwise all that is remembered is
	// that weeder tried to destroy it.
	Flagged bool
	// First is when it was flagged.
	First time.Duration
	// Passes is how many good ones have seen it as an orphan, one after the
	// other.
	Passes int
	// Created is the container's CreatedAt: another one means another
	// container of the same handle. Zero: not known.
	Created time.Time
	// GraceTime is its own, as its properties told it when they were read last.
	// Nil: they never were.
	GraceTime *time.Duration
	// BusyAt is when processes beyond its init were told of last. Nil: they were
	// not, or are known to be gone.
	BusyAt *time.Duration
	// Tried tells that a destroy of it was begun.
	Tried bool
	// Destroying tells that one was under way when this was kept. It is for others
	// to see: who remembers has been restarted since.
	Destroying bool
	// Failures is how many destroys of it have failed.
	Failures int
	// LastError is why the last of them did.
	LastError string
	// RetryAt is when it may be tried again, where Failures is not 0.
	RetryAt time.Duration
	// WouldDestroy tells that a dry run is through with it.
	WouldDestroy bool
	// Absent is how many passes in a row did not find it.
	Absent int
}
