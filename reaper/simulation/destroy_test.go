package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"weeder/reaper"
)

// destroy is one that Garden is at, whoever asked for it.
type destroy struct {
	over chan struct{}
	// err of the answer, once it is over.
	err error
	// abort ends it before its time.
	abort func()
}

// ending is how a destroy goes.
type ending struct {
	takes time.Duration
	// fails has it answered with an error, gone has the container go, hides has
	// it hidden from the lists since, or without a task where containerd runs it.
	fails, gone, hides bool
}

// endingOf is how the next destroy of a container goes.
func (w *world) endingOf(c *container) ending {
	d := c.dice.of("destroy", c.destroys)
	quick := d.of("quick").between(20*time.Millisecond, 1500*time.Millisecond)
	if !w.on(destroysFail) {
		return ending{takes: quick, gone: true}
	}
	switch f := d.of("how").fraction(); {
	case f < 0.25:
		return ending{takes: quick, fails: true}
	case f < 0.35:
		return ending{takes: quick, fails: true, gone: true}
	case f < 0.5:
		return ending{takes: quick, fails: true, hides: true}
	case f < 0.65:
		return ending{takes: d.of("slow").between(2*time.Second, time.Minute), gone: true}
	case f < 0.85:
		hangs := d.of("hangs").between(time.Minute, time.Hour)
		fails := d.of("fails").chance(0.5)
		return ending{takes: hangs, fails: fails, gone: !fails}
	}
	return ending{takes: quick, gone: true}
}

// beginDestroy has Garden begin to destroy a container, unless it is at it.
func (w *world) beginDestroy(c *container, then func(gone bool)) *destroy {
	if c.destroy != nil {
		return c.destroy
	}
	ending := w.endingOf(c)
	c.destroys++
	destroying := &destroy{over: make(chan struct{})}
	c.destroy = destroying
	w.trace("garden destroys %s: %+v", c, ending)
	end := func() {
		if c.destroy == destroying {
			w.endDestroy(c, ending)
			then(ending.gone)
		}
	}
	destroying.abort = func() {
		ending.gone, ending.fails, ending.hides = ending.gone && c.dice.of("abort").chance(0.3), true, false
		end()
	}
	w.after(ending.takes, end)
	return destroying
}

func (w *world) endDestroy(c *container, ending ending) {
	destroying := c.destroy
	c.destroy = nil
	c.changedAt = w.now()
	if ending.fails {
		destroying.err = errors.New("destroy: container init still running")
	}
	switch {
	case !ending.hides || ending.gone:
	case w.containerd:
		// Its task is gone, its record is not.
		c.idle = true
	default:
		c.hidden, c.inDepot, c.told = true, c.dice.of("depot").chance(0.5), false
	}
	if ending.gone {
		w.trace("%s is gone", c)
		delete(w.garden.containers, c.handle)
		if !w.attempted(c.handle) {
			w.garden.left[c.handle] = w.now()
		}
		if c.reused() && c.dice.of("again").chance(0.6) {
			again := c.dice.of("next")
			w.after(again.of("wait").between(0, time.Minute), func() { w.createAs(again, c.handle, leaked) })
		}
	}
	close(destroying.over)
}

// graceTime is Garden's own reaper: it tries once when a container's grace time
// is up.
func (w *world) graceTime(c *container) {
	if c.grace == 0 || !c.dice.of("timer").chance(0.6) {
		return
	}
	w.after(c.grace, func() {
		if w.garden.containers[c.handle] == c && c.forgotten && !w.on(gardenRefuses, gardenHangs) && c.dice.of("grace time").chance(0.5) {
			w.beginDestroy(c, func(bool) {})
		}
	})
}

// restartGarden ends what Garden was at, and has it wake for a while.
func (w *world) restartGarden(d dice) {
	w.garden.waking = pick(d.of("waking"), listsNothing, hidesAll, refuses)
	if w.containerd && w.garden.waking == hidesAll {
		w.garden.waking = listsNothing
	}
	for _, handle := range slices.Sorted(maps.Keys(w.garden.containers)) {
		c := w.garden.containers[handle]
		if c.destroy != nil {
			c.destroy.abort()
		}
		if c.forgotten {
			w.graceTime(c)
		}
	}
}

func (g gardenView) Destroy(ctx context.Context, handle string) error {
	w := g.world
	w.mutex.Lock()
	if g.dead {
		w.mutex.Unlock()
		return errKilled
	}
	attempt := w.beginAttempt(g.life, handle)
	w.mutex.Unlock()

	err := g.destroy(ctx, handle)

	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.endAttempt(g.life, attempt, err)
	return err
}

func (g gardenView) destroy(ctx context.Context, handle string) error {
	w := g.world
	w.mutex.Lock()
	refused := w.on(gardenRefuses) || w.on(gardenRestart) && w.garden.waking == refuses
	hangs := w.on(gardenHangs)
	c := w.garden.containers[handle]
	var destroying *destroy
	begun := false
	if c != nil && !refused && !hangs && c.fate != leftover {
		begun = c.destroy == nil
		destroying = w.beginDestroy(c, func(bool) {})
	}
	w.mutex.Unlock()

	switch {
	case hangs:
		return errors.Join(g.call(ctx, "destroy "+handle, 100*time.Hour, 101*time.Hour), errNoReply)
	case refused:
		return errors.Join(g.call(ctx, "destroy "+handle, 0, time.Millisecond), errRefused)
	case c != nil && c.fate == leftover:
		return errors.Join(g.call(ctx, "destroy "+handle, 0, 30*time.Millisecond), errUnknown)
	case c == nil:
		return errors.Join(g.call(ctx, "destroy "+handle, 0, 30*time.Millisecond), reaper.ErrGone)
	case !begun:
		return errors.Join(g.call(ctx, "destroy "+handle, 0, 30*time.Millisecond), reaper.ErrInProgress)
	}
	select {
	case <-destroying.over:
		if err := g.call(ctx, "destroy "+handle, 0, 5*time.Millisecond); err != nil {
			return err
		}
		return destroying.err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errNoReply, ctx.Err())
	case <-g.killed:
		return errKilled
	}
}
