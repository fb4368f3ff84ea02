package simulation

import (
	"slices"
	"time"
)

// checkLeaks sees to it that no leak is left for longer than it has to be.
func (w *world) checkLeaks() {
	orphans := 0
	for _, c := range w.garden.containers {
		switch {
		case !w.leak(c):
			c.watched.leakAt, c.watched.orphans = 0, 0
		case c.watched.leakAt == 0:
			c.watched.leakAt = w.now()
		}
		// Who need not be destroyed takes its turn where it is.
		if _, orphan := w.orphanSince(c); orphan {
			orphans++
		}
	}
	calm, isCalm := w.calm()
	l := w.alive()
	for _, c := range w.garden.containers {
		c.watched.orphans = max(c.watched.orphans, orphans)
		if !isCalm || l == nil {
			continue
		}
		if c.watched.leakAt == 0 || c.destroy != nil || l.waitsFor(c.handle) || w.dryRun && c.watched.would {
			continue
		}
		since := c.watched.leakAt
		if due := w.due(l, c, max(since, calm)); w.now() > due {
			w.violate("%s is a leak since %s, all is calm since %s, and it is still there (due at %s)", c, since, calm, due)
		}
	}
}

// waitsFor tells that a life waits for Garden's answer to a destroy still: one that
// hung when it was asked may never give any, until the daemon no longer waits.
func (l *life) waitsFor(handle string) bool {
	return slices.ContainsFunc(l.attempts, func(a *attempt) bool {
		return a.handle == handle && !a.answered && l.world.now()-a.at <= l.world.policy.DestroyTimeout
	})
}

// flappingCosts is how much later a daemon may be that is restarted every few
// minutes: passes and attempts are cut off.
const flappingCosts = 10 * time.Minute

// passTakes is how long a pass may take while all is calm.
const passTakes = 5 * time.Second

// due is when a leak must be gone that has been one for as long as all was
// calm.
func (w *world) due(l *life, c *container, since time.Duration) time.Duration {
	pass := w.interval*11/10 + passTakes
	// What Garden said of its processes, or could not say of it, is remembered.
	since = max(since, c.changedAt+usageFor, w.watch.anewAt, c.askedAgainAt)
	due := w.dueOnce(l, c, since, since+pass)
	if !c.createdWall.IsZero() {
		// With the clock set back its creation may come again, and its grace
		// counts from that then, unless it was destroyed before.
		if again := c.createdWall.Sub(w.began.Add(w.offset)); again > since+pass && again < due {
			due = w.dueOnce(l, c, since, again)
		}
	}
	if w.containerd && w.bundles && w.since(c.created, containerdSilent, containerdAbsent) {
		// Its bundle tells another creation than its record: who has seen the one
		// takes it for another container when seeing the other.
		due += w.grace(c) + 2*pass
	}
	return due
}

// dueOnce is when a leak must be gone that is one since then, and whose grace
// counts from when it was flagged.
func (w *world) dueOnce(l *life, c *container, since, flagged time.Duration) time.Duration {
	orphans := c.watched.orphans
	pass := w.interval*11/10 + passTakes
	due := max(flagged+w.grace(c), l.startingUntil, w.watch.failures[c.handle].retryAt)
	if w.since(since, flapping) {
		due += flappingCosts
	}
	passes := 2
	if limit := w.policy.MaxPerPass; limit > 0 {
		passes += orphans / limit
	}
	return due + time.Duration(passes)*pass + time.Duration(orphans/w.policy.MaxInFlight+1)*10*time.Second
}

// leak tells whether a container is a leak that the daemon has to find.
func (w *world) leak(c *container) bool {
	_, orphan := w.orphanSince(c)
	told := c.told && !c.hidden
	switch {
	case !orphan, c.fate == malformed, c.fate == protected, c.fate == halfCreated, c.fate == leftover, c.hidden && !c.inDepot:
		return false
	case c.byExpiryAlone() && !w.witness, c.unseen, c.inDepot && (w.byProperty || c.rootThere()):
		return false
	case told && !c.idle && c.processes > 1:
		return false
	case !told && c.rootThere():
		return false
	}
	return true
}
