package simulation

import (
	"maps"
	"slices"
	"syscall"
	"time"

	"weeder/reaper"
)

// act does what a schedule asks for. The mutex is held.
func (w *world) act(a action) {
	d := w.dice.of("action", a.ID)
	if a.Do != create {
		w.trace("FAULT %s for %s", a.Do, time.Duration(a.For))
		w.stats.Faults[a.Do]++
	}
	switch a.Do {
	case create:
		w.create(a.ID)
	case kill, term:
		w.restart(a.Do, d)
	case flapping:
		w.lasts(flapping, a.For, nil)
		w.flap(d, w.now()+time.Duration(a.For))
	case stopped:
		if l := w.alive(); l != nil {
			w.stop(l)
			w.lasts(stopped, a.For, func() { w.cont(l) })
		}
	case clockStep:
		step := d.of("step").between(time.Minute, 5*24*time.Hour)
		w.step(step * time.Duration(pick(d.of("direction"), -1, 1)))
	case resume:
		w.step(d.of("slept").between(time.Minute, 12*time.Hour))
		w.lasts(atcAway, moment(d.of("atc").between(time.Second, 3*time.Minute)), nil)
	case remounted:
		w.disk.mount++
		w.disturb(0)
	case unmounted:
		w.lasts(unmounted, a.For, func() {
			if d.of("other").chance(0.4) {
				w.disk.mount++
			}
		})
	case volumeEIO, volumeEACCS, ttlUnreadable, volumeDamaged:
		w.spoil(a, d)
	case gardenRestart:
		w.restartGarden(d)
		w.lasts(a.Do, a.For, nil)
	case baggageclaimSilent:
		w.baggageclaim.reaps = d.of("reaps").chance(0.5)
		w.lasts(a.Do, a.For, nil)
	default:
		w.lasts(a.Do, a.For, nil)
	}
}

// lasts has a fault on for a while.
func (w *world) lasts(kind kind, length moment, then func()) {
	w.begin(kind)
	w.after(time.Duration(length), func() {
		w.finish(kind)
		if then != nil {
			then()
		}
	})
}

func (w *world) begin(kind kind) {
	w.faults[kind]++
	w.watch.changed[kind] = w.now()
}

func (w *world) finish(kind kind) {
	w.faults[kind]--
	w.watch.changed[kind] = w.now()
	w.trace("OVER %s", kind)
	w.disturb(lingers[kind])
}

// disturb notes a fault that is over, but may be felt for a while.
func (w *world) disturb(felt time.Duration) {
	w.calmAt = max(w.calmAt, w.now()+felt)
}

func (w *world) step(step time.Duration) {
	w.trace("the clock steps by %s", step)
	w.setClock(step)
	w.watch.offsets = append(w.watch.offsets, offsetAt{w.now(), w.offset})
	w.disturb(0)
}

// meddle has something happen to a container, or to the worker, in the middle of
// a look at it.
func (w *world) meddle(handle string) {
	d := w.dice.of("meddle "+handle, int(w.now()))
	c := w.garden.containers[handle]
	if c == nil || !w.on(meddling) || !d.chance(0.4) {
		return
	}
	switch d.of("how").below(9) {
	case 0:
		w.step(d.of("step").between(time.Minute, 24*time.Hour) * time.Duration(pick(d.of("direction"), -1, 1)))
	case 1:
		w.disk.mount++
		w.disturb(0)
	case 2:
		c.processes, c.changedAt = 7, w.now()
	case 3:
		w.tearDown(c.volumes[d.of("volume").below(len(c.volumes))], d)
	case 4:
		w.lasts(baggageclaimSilent, moment(d.of("silent").between(time.Second, time.Minute)), nil)
	default:
		// Another container's heartbeats prolong a volume's life.
		w.trace("volumes of %s live on", c)
		w.prolong(c)
	}
}

// spoil makes one live volume unreadable.
func (w *world) spoil(a action, d dice) {
	var live []*volume
	for _, handle := range slices.Sorted(maps.Keys(w.disk.volumes)) {
		if v := w.disk.volumes[handle]; v.state == reaper.VolumeLive {
			live = append(live, v)
		}
	}
	if len(live) == 0 {
		return
	}
	v := pick(d.of("volume"), live...)
	switch a.Do {
	case volumeEIO:
		v.err = syscall.EIO
	case volumeEACCS:
		v.err = syscall.EACCES
	case volumeDamaged:
		v.damaged = true
	default:
		v.ttlErr = errTTL
	}
	w.lasts(a.Do, a.For, func() { v.err, v.ttlErr, v.damaged = nil, nil, false })
}

// restart ends the daemon, and starts it again soon or late.
func (w *world) restart(how kind, d dice) {
	gap := d.of("short gap").between(100*time.Millisecond, 5*w.interval/2)
	if d.of("long").chance(0.4) {
		gap = d.of("long gap").between(time.Minute, time.Hour)
	}
	if w.alive() == nil {
		return
	}
	w.begin(how)
	w.restartAfter(how, gap, func() { w.finish(how) })
}

func (w *world) restartAfter(how kind, gap time.Duration, then func()) {
	l := w.alive()
	if l == nil {
		return
	}
	again := func() {
		w.after(gap, func() {
			then()
			w.start()
		})
	}
	if how == kill {
		w.kill(l)
		again()
		return
	}
	w.term(l, again)
}

// flap restarts the daemon every few minutes. It has to do its work all the
// same.
func (w *world) flap(d dice, until time.Duration) {
	if w.now() > until {
		return
	}
	gap := d.of("gap").between(100*time.Millisecond, min(w.interval, 20*time.Second))
	w.restartAfter(pick(d.of("how"), kill, term), gap, func() {})
	next := d.of("next")
	w.after(next.of("wait").between(30*time.Second, 6*time.Minute), func() { w.flap(next, until) })
}
