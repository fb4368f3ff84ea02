package simulation

import (
	"fmt"
	"time"

	"weeder/reaper"
)

// settle has the worker run: ATC, baggageclaim's reaper, and containers that
// are there from the start. One of these has volumes that never expire, so that
// live/ is never empty.
func (w *world) settle() {
	w.every(w.dice.of("tick").between(0, time.Minute), time.Minute, w.beatAll)
	w.every(time.Second, 10*time.Second, w.reapVolumes)
	w.every(time.Second, 30*time.Second, w.checkLeaks)
	base := w.newContainer(w.dice.of("base"), "base", used)
	for _, v := range base.volumes {
		v.ttl = min(v.ttl, 0)
	}
	w.appear(base)
}

// beatAll has the volumes of all containers in use live on.
func (w *world) beatAll() {
	if w.on(atcAway, baggageclaimSilent, unmounted, unusable) {
		return
	}
	for _, c := range w.garden.containers {
		if !c.forgotten {
			w.prolong(c)
		}
	}
}

// create has ATC make a container: its volumes first.
func (w *world) create(id int) {
	d := w.dice.of("container", id)
	fates := []fate{
		deleted, deleted, deleted, leaked, leaked, leaked, leaked, leaked, leaked, used, used,
		halfCreated, foreign, malformed, protected, zombie, leftover,
	}
	fate := pick(d.of("fate"), fates...)
	if w.containerd && (fate == halfCreated || fate == zombie || fate == leftover) {
		fate = taskless
	}
	w.createAs(d, "", fate)
}

// createAs makes a container of a fate; handle may be empty.
func (w *world) createAs(d dice, handle string, fate fate) {
	if handle == "" {
		handle = fmt.Sprintf("c-%08x", uint32(d.of("handle")))
		switch {
		case fate == protected:
			handle = "protected-" + handle
		case fate == leaked && d.of("reused").chance(0.3):
			handle = fmt.Sprintf("reused-%d", d.of("which").below(3))
		}
	}
	if w.garden.containers[handle] != nil {
		return
	}
	c := w.newContainer(d, handle, fate)
	w.after(d.of("volumes take").between(100*time.Millisecond, 5*time.Second), func() {
		for _, v := range c.volumes {
			w.move(v, reaper.VolumeLive)
			w.beat(v)
		}
		w.after(d.of("container takes").between(10*time.Millisecond, 5*time.Second), func() { w.appear(c) })
	})
}

// newContainer makes one with volumes that are being made.
func (w *world) newContainer(d dice, handle string, fate fate) *container {
	c := &container{
		dice: d, handle: handle, fate: fate, processes: 1,
		properties: d.of("properties").chance(0.3) && !w.containerd,
		told:       !d.of("untold").chance(0.1),
		idle:       d.of("idle").chance(0.05) || fate == taskless,
	}
	if d.of("busy").chance(0.3) {
		c.processes = 2 + uint64(d.of("processes").below(9))
	}
	if d.of("own grace").chance(0.3) {
		c.grace = d.of("grace").between(time.Minute, longestGrace)
	}
	if fate == foreign {
		c.properties = false
		return c
	}
	for i := range 1 + d.of("volumes").below(3) {
		v := &volume{
			handle: fmt.Sprintf("v-%08x-%d", uint32(d.of("volume")), i), state: reaper.VolumeInit,
			ttl: w.ttl, accusedAt: unaccused,
		}
		if d.of("unlimited", i).chance(0.1) {
			v.ttl = min(v.ttl, 0)
		}
		w.disk.volumes[v.handle] = v
		c.volumes = append(c.volumes, v)
	}
	return c
}

// appear has Garden have a container, half-created at first perhaps.
func (w *world) appear(c *container) {
	if w.garden.containers[c.handle] != nil {
		return
	}
	for _, v := range c.volumes {
		if v.state == reaper.VolumeInit {
			v.state = reaper.VolumeLive
			w.beat(v)
		}
	}
	c.created = w.now()
	left, another := w.garden.left[c.handle]
	c.unseen = another && c.created-left <= w.longGap()
	if !c.dice.of("undated").chance(0.1) || c.reused() || w.containerd {
		c.createdWall = w.wall().Round(0)
	}
	c.changedAt = w.now()
	w.garden.containers[c.handle] = c
	w.trace("%s appears with %d volumes", c, len(c.volumes))
	switch c.fate {
	case halfCreated:
		c.hidden = true
		return
	case leftover:
		c.hidden, c.inDepot = true, true
		w.after(c.dice.of("lives").between(30*time.Second, 2*time.Hour), func() { w.loseVolumes(c) })
		return
	}
	if c.dice.of("half-created").chance(0.3) && !w.containerd {
		c.hidden = true
		w.after(c.dice.of("half-created for").between(100*time.Millisecond, time.Minute), func() { c.hidden, c.changedAt = false, w.now() })
	}
	for i, v := range c.volumes {
		d := c.dice.of("early", i)
		if d.of("child").chance(0.4) {
			v.childUntil = w.now() + d.of("child for").between(time.Minute, 6*time.Hour)
		}
		if c.fate == used && c.handle != "base" && i < len(c.volumes)-1 && d.of("lost").chance(0.3) {
			w.after(d.of("when").between(time.Minute, time.Hour), func() { w.tearDown(v, d) })
		}
	}
	if c.dice.of("bursts").chance(0.15) {
		w.burst(c, c.dice.of("burst"))
	}
	if c.fate != used && c.fate != foreign {
		w.after(c.dice.of("lives").between(30*time.Second, 2*time.Hour), func() { w.end(c) })
	}
}

// burst has processes run in a container now and then.
func (w *world) burst(c *container, d dice) {
	w.after(d.of("wait").between(20*time.Second, 20*time.Minute), func() {
		if w.garden.containers[c.handle] != c {
			return
		}
		c.processes, c.changedAt = 6-min(c.processes, 5), w.now()
		w.burst(c, d.of("next"))
	})
}

// reused tells that there may be others of its handle. Their creation is known,
// since nothing else would tell one from another.
func (c *container) reused() bool {
	return len(c.handle) > 7 && c.handle[:7] == "reused-"
}

// end has ATC be done with a container.
func (w *world) end(c *container) {
	if w.garden.containers[c.handle] != c {
		return
	}
	w.trace("%s is forgotten", c)
	c.forgotten = true
	if c.processes > 1 && c.dice.of("ends").chance(0.6) {
		w.after(c.dice.of("ends after").between(0, 20*time.Minute), func() { c.processes, c.changedAt = 1, w.now() })
	}
	if c.fate == zombie {
		c.hidden, c.inDepot, c.changedAt = true, true, w.now()
	}
	if c.fate == deleted {
		w.beginDestroy(c, func(gone bool) { w.loseVolumes(c) })
		return
	}
	w.graceTime(c)
	w.after(c.dice.of("volumes go").between(time.Second, 10*time.Minute), func() { w.loseVolumes(c) })
}

// loseVolumes has the volumes without a ttl go: at least one of a container's,
// so that it is a leak.
func (w *world) loseVolumes(c *container) {
	for i, v := range c.volumes {
		d := c.dice.of("lose", i)
		if v.ttl > 0 && d.of("child").chance(0.15) {
			v.childUntil = w.now() + d.of("child for").between(time.Minute, time.Hour)
		}
		if v.ttl > 0 && c.fate != deleted || i > 0 && d.of("stays").chance(0.3) {
			continue
		}
		w.after(d.of("when").between(0, 5*time.Minute), func() { w.tearDown(v, d) })
	}
}
