package page

import (
	"time"

	"weeder/reaper"
	"weeder/status/trend"
)

// View is all that the page shows. Its zero value is a daemon that has not
// looked yet.
type View struct {
	// At is when it is looked at. The page's times are in its location.
	At time.Time
	// Started is when the daemon was.
	Started time.Time
	// Version of weeder.
	Version string
	// Target is where Garden is asked.
	Target string
	// VolumesDir is the volumes directory. Empty: none was found.
	VolumesDir string
	// Interval between looks.
	Interval time.Duration
	// DryRun tells that nothing is ever destroyed.
	DryRun bool

	// Last is the last look, which the page does not change. Nil: none is over
	// yet.
	Last *reaper.Report
	// Quiet is for how long no look has ended.
	Quiet time.Duration
	// Late tells that this is too long.
	Late bool
	// Interlocks that are on.
	Interlocks []reaper.Interlock
	// Unrecorded is why the journal or the daemon's memory could not be written.
	// Nil: all is well.
	Unrecorded error

	// MaxContainers is how many the worker takes. 0: not known.
	MaxContainers uint64
	// Destroyed and WouldDestroy are how many were, and would have been, since
	// the start.
	Destroyed, WouldDestroy int
	// Destroying are the containers whose destroy is under way, by since when.
	Destroying map[string]time.Time
	// Gone are the containers that were destroyed since the last look, by when.
	Gone map[string]time.Time
	// Samples of the last day, in the order of time.
	Samples []trend.Sample
	// Events are the last ones, the newest first.
	Events []Event
}

// Event is one thing that happened.
type Event struct {
	Time time.Time
	Name reaper.EventName
	// Handle of the container. Empty: it is about none.
	Handle string
	// Why says more: an error, a note or a reason. Empty: nothing.
	Why string
	// Interlock that changed, and whether it came on. Empty: none did.
	Interlock reaper.InterlockName
	On        bool
}

// NewEvent takes what the page shows out of an event, and not more: an event may
// be long, and this one is kept.
func NewEvent(event reaper.Event) Event {
	shown := Event{
		Time: event.Time, Name: event.Name, Handle: clip(event.Handle), Why: event.Note,
		Interlock: event.Interlock, On: event.On,
	}
	switch {
	case event.Err != nil:
		shown.Why = event.Err.Error()
	case shown.Why == "" && len(event.Reasons) > 0:
		shown.Why = reasonOf(event.Reasons).String()
	}
	shown.Why = clip(shown.Why)
	return shown
}
