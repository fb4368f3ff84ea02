package simulation

import (
	"strings"

	"weeder/reaper"
)

// happened takes in an event of the daemon's, whether the journal took it or
// the log.
func (w *world) happened(l *life, event reaper.Event, recorded bool) {
	w.stats.Events[event.Name]++
	w.stats.Account += digest(w.now().String(), string(event.Name), event.Handle, event.Note)
	if c := w.garden.containers[event.Handle]; c != nil && strings.HasPrefix(event.Note, "it is gone") {
		// A Garden that starts may show nothing for long. Then all is forgotten.
		c.watched.failures = failures{}
	}
	w.trace("event %s %s %v %s", event.Name, event.Handle, event.Err, event.Note)
	switch event.Name {
	case reaper.EventDestroying:
		if len(event.Reasons) == 0 {
			w.violate("%s is destroyed without a reason", event.Handle)
		}
		l.reasons = event.Reasons
		l.destroying[event.Handle] = w.now()
		w.watch.open[event.Handle] = opened{life: l.number, recorded: recorded}
	case reaper.EventDestroyed, reaper.EventDestroyFailed:
		if owed, found := l.owed[event.Handle]; found && owed != event.Name {
			w.violate("the end of the destroy of %s is told as %s, and is %s", event.Handle, event.Name, owed)
		}
		delete(l.owed, event.Handle)
		delete(w.watch.open, event.Handle)
	case reaper.EventInterlock:
		l.lockedSince = l.lockedSince || event.On
	case reaper.EventWouldDestroy:
		if c := w.garden.containers[event.Handle]; c != nil {
			c.watched.would = true
			w.checkWould(c)
		}
	}
}

// checkWould sees to it that a dry run decides as another would.
func (w *world) checkWould(c *container) {
	if !w.dryRun {
		w.violate("no dry run, and %s would be destroyed", c)
	}
	if since, orphan := w.orphanSince(c); !orphan || w.now()-since < w.leastGrace(c) {
		w.violate("%s would be destroyed, orphan: %t, since %s", c, orphan, since)
	}
}

// checkAccount sees to it, at the end, that each destroy is told with how it
// ended, and that the journal holds what it took.
func (w *world) checkAccount() {
	for handle, open := range w.watch.open {
		if open.recorded {
			w.violate("nothing tells how the destroy of %s by daemon %d ended", handle, open.life)
		}
	}
	entries, err := w.entries()
	if err != nil {
		w.violate("%v", err)
		return
	}
	if len(entries) != len(w.watch.recorded) {
		w.violate("the journal took %d events and has %d", len(w.watch.recorded), len(entries))
		return
	}
	for i, recorded := range w.watch.recorded {
		e := entries[i]
		if e.Event != recorded.Name || e.Handle != recorded.Handle || !e.Time.Equal(recorded.Time) ||
			len(e.Reasons) != len(recorded.Reasons) || (e.Error != "") != (recorded.Err != nil) {
			w.violate("the journal took %v and has %v", recorded, e)
		}
	}
}
