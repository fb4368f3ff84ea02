package simulation

import (
	"context"
	"errors"
	"slices"
	"time"

	"weeder/reaper"
)

// attempt is one call of Garden's Destroy.
type attempt struct {
	handle   string
	at       time.Duration
	answered bool
}

// beginAttempt checks whether a container may be destroyed now.
func (w *world) beginAttempt(l *life, handle string) *attempt {
	w.stats.Destroys++
	w.trace("daemon %d has %s destroyed", l.number, handle)
	w.checkBounds(l, handle)
	if l.destroying[handle] != w.now() {
		w.violate("%s is destroyed, and nothing told of it before", handle)
	}
	if key := unloggedKey(reaper.EventDestroying, handle); l.unlogged[key] > 0 {
		w.violate("%s is destroyed, and neither the journal nor the log told of it before", handle)
	}
	switch c := w.garden.containers[handle]; {
	case c == nil:
		w.stats.GoneBefore++
	case w.dryRun:
		w.violate("a dry run has %s destroyed", c)
	default:
		w.checkCircumstances(l, c)
		w.checkContainer(l, c)
		w.checkBusy(l, c)
		if w.wrong != nil {
			w.stats.Wrong++
		}
	}
	a := &attempt{handle: handle, at: w.now()}
	l.attempts = append(slices.DeleteFunc(l.attempts, func(a *attempt) bool { return a.answered }), a)
	return a
}

// attempted tells that the daemon has a container destroyed at the moment.
func (w *world) attempted(handle string) bool {
	l := w.alive()
	return l != nil && slices.ContainsFunc(l.attempts, func(a *attempt) bool { return a.handle == handle && !a.answered })
}

// checkBounds sees to what bounds the destroys of one daemon.
func (w *world) checkBounds(l *life, handle string) {
	inFlight := 0
	for _, a := range l.attempts {
		switch {
		case a.answered:
		case a.handle == handle:
			w.violate("%s is destroyed twice at once", handle)
		case w.now()-a.at < 10*time.Second:
			inFlight++
		}
	}
	if inFlight >= w.policy.MaxInFlight {
		w.violate("%d destroys are in flight, at most %d may be", inFlight+1, w.policy.MaxInFlight)
	}
	// Those of several passes may come together, when looks are slow.
	l.destroys++
	if most := (l.passes + 1) * w.policy.MaxPerPass; w.policy.MaxPerPass > 0 && l.destroys > most {
		w.violate("%d destroys in %d passes, at most %d may be", l.destroys, l.passes+1, most)
	}
}

// looksFor is how long an attempt may look at a container, with a Garden that is
// slow.
const looksFor = 5 * time.Minute

// checkContainer sees to what must be true of a container that is destroyed.
func (w *world) checkContainer(l *life, c *container) {
	since, orphan := w.seenSince(c)
	now := w.now()
	grace := w.leastGrace(c)
	switch {
	case c.fate == foreign, c.fate == malformed, c.fate == protected, c.fate == halfCreated:
		w.violate("%s is destroyed", c)
	case !orphan:
		w.violate("%s is destroyed, and its volumes are all live", c)
	case now-since < grace:
		w.violate("%s is destroyed after %s, and its grace is %s", c, now-since, grace)
	case now-w.watch.anewAt < grace:
		w.violate("%s is destroyed %s after all sightings started anew, and its grace is %s", c, now-w.watch.anewAt, grace)
	case c.watched.passes < 2 && (c.watched.passesBefore < 2 || now-c.watched.absentAt > looksFor):
		w.violate("%s is destroyed, and %d passes have seen it an orphan", c, c.watched.passes)
	case now < c.watched.failures.earliest(l):
		w.violate("%s is destroyed too soon after it failed %d times", c, c.watched.failures.count)
	case !c.byExpiryAlone():
	case !w.witness:
		w.violate("%s is destroyed by expiry alone, and nobody asks baggageclaim", c)
	case w.watch.heardAt == 0 || now-w.watch.heardSince < grace:
		w.violate("%s is destroyed by expiry alone, and baggageclaim has not answered for its grace", c)
	}
	for _, reason := range l.reasons {
		if !slices.ContainsFunc(c.volumes, func(v *volume) bool {
			return v.handle == reason.Volume && (v.gone() || v.expired(w.wall()))
		}) {
			w.violate("%s is destroyed for volume %s, which says nothing against it", c, reason.Volume)
		}
	}
}

// leastGrace is what a container has to wait out at least: not its own where nobody
// has read that, and nobody has any use of the container.
func (w *world) leastGrace(c *container) time.Duration {
	refused := c.inDepot || w.refused(c.handle)
	if refused && !c.rootThere() && w.keep.Orphans[c.handle].GraceTime == nil {
		return w.policy.Grace
	}
	return w.grace(c)
}

// checkCircumstances sees to what must be true of the worker when a container
// is destroyed.
func (w *world) checkCircumstances(l *life, c *container) {
	now := w.now()
	switch {
	case now < l.startingUntil:
		w.violate("%s is destroyed %s before the daemon has watched for long enough", c, l.startingUntil-now)
	case len(l.locked) > 0:
		w.violate("%s is destroyed, and the last pass had an interlock on: %s", c, names(l.locked))
	case w.on(containerdSilent, containerdAbsent) && w.containerd && !w.bundles &&
		now-w.watch.changed[containerdSilent] > 2*time.Minute && now-w.watch.changed[containerdAbsent] > 2*time.Minute:
		w.violate("%s is destroyed, and containerd has told nothing for long", c)
	case w.on(unmounted, unusable):
		w.violate("%s is destroyed without its volumes directory", c)
	case l.sawIdentity != w.identity():
		w.violate("%s is destroyed, and live is another directory than in the last pass", c)
	case w.witness && w.on(baggageclaimSilent) && now-w.watch.changed[baggageclaimSilent] > 2*time.Minute:
		w.violate("%s is destroyed, and baggageclaim has been silent for long", c)
	case w.watch.offsetOf(now)-l.offset > time.Minute:
		w.violate("%s is destroyed, and the clock has stepped since the last pass", c)
	}
}

// checkBusy sees to it that no container is destroyed that is in use.
func (w *world) checkBusy(l *life, c *container) {
	since, _ := w.seenSince(c)
	usage := c.watched.usage
	if c.watched.busyLife == l.number && c.rootThere() {
		since = max(since, c.watched.busyAt)
	}
	waited := w.now()-since >= max(w.policy.BusyGrace, w.grace(c))
	lately := w.now() - 2*time.Minute
	told := c.told && !c.idle && !c.hidden && !w.since(lately, usageUntold, usageFails, gardenSlow, runcFails, gardenHangsOver) &&
		!(w.containerd && w.since(lately, containerdSilent, containerdAbsent))
	if told && c.processes > 1 && c.rootThere() && w.now()-c.changedAt > time.Minute {
		w.violate("%s is destroyed, and processes have run in it for %s", c, w.now()-c.changedAt)
	}
	switch {
	case usage.Idle || usage.Processes == 1:
	case usage.Processes > 1 && c.rootThere():
		w.violate("%s is destroyed, and processes run in it", c)
	case waited:
	case usage.Processes > 1:
		w.violate("%s is destroyed before its busy grace, though processes run", c)
	case c.watched.usageFailed:
		w.violate("%s is destroyed before its busy grace, though nobody knows whether processes run", c)
	case c.rootThere():
		w.violate("%s is destroyed before its busy grace, though its processes can't be told", c)
	}
}

// earliest is when a life may try a container again, jitter taken off.
func (f failures) earliest(l *life) time.Duration {
	if f.count == 0 || f.life != l.number {
		return 0
	}
	return f.retryAt - f.wait()/10
}

// another counts one more.
func (f failures) another(l *life, now time.Duration) failures {
	f.life = l.number
	f.count++
	f.retryAt = now + f.wait()
	return f
}

// wait is how long a container is left alone after so many failures.
func (f failures) wait() time.Duration {
	wait := 30 * time.Second
	for range f.count - 1 {
		wait = min(2*wait, time.Hour)
	}
	return wait
}

// endAttempt notes Garden's answer. Its end is owed an account, unless the
// daemon has ended.
func (w *world) endAttempt(l *life, a *attempt, err error) {
	a.answered = true
	w.trace("daemon %d hears of %s: %v", l.number, a.handle, err)
	if l.dead {
		return
	}
	if l.over() {
		w.violate("daemon %d has ended, and the destroy of %s had not", l.number, a.handle)
	}
	switch {
	case err == nil || errors.Is(err, reaper.ErrGone):
		l.owed[a.handle] = reaper.EventDestroyed
		delete(w.watch.failures, a.handle)
	case l.ending && errors.Is(err, context.Canceled):
		if after := w.now() - l.toldAt; after < lingersFor {
			w.violate("the destroy of %s was left %s after the daemon was told to end", a.handle, after)
		}
	default:
		l.owed[a.handle] = reaper.EventDestroyFailed
		w.watch.failures[a.handle] = w.watch.failures[a.handle].another(l, w.now())
		if c := w.garden.containers[a.handle]; c != nil {
			if c.watched.failures.life != l.number {
				// The life before may not have been able to pass them on.
				c.watched.failures = failures{}
			}
			c.watched.failures = c.watched.failures.another(l, w.now())
		}
	}
}
