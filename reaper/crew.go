package reaper

import (
	"context"
	"sync"
	"time"
)

// lingerFor is how long destroys that are under way are waited for from when the
// daemon is told to end.
const lingerFor = 8 * time.Second

// crew destroys what passes offer, beside them. It owns the goroutines that it
// starts: stop waits for them.
type crew struct {
	reaper *Reaper
	memory *Memory
	// noticed is told of an interlock that comes on in a fresh look.
	noticed func(Interlock)
	// changed is called after an attempt, with how it ended.
	changed func(Finding, error)

	looking, destroying context.Context
	stopDestroying      context.CancelFunc
	attempts, lingering sync.WaitGroup
	// over is closed when no attempt is under way any more, nor will be.
	over chan struct{}

	mutex    sync.Mutex
	report   Report
	question Question
	pending  []Finding
	// inFlight are the attempts that hold a slot, destroys those of them that
	// destroy.
	inFlight, destroys int
	// locked tells that an interlock came on with the last offer, or since.
	locked bool
	// outdated are those that were tried, until they are taken: a second look may
	// not have found them due, and even a destroy that failed may have taken the
	// container, to be made anew under its handle.
	outdated []string
}

func newCrew(ctx context.Context, reaper *Reaper, memory *Memory) *crew {
	c := &crew{reaper: reaper, memory: memory, looking: ctx, over: make(chan struct{})}
	// The daemon's end must not cut off destroys at once.
	c.destroying, c.stopDestroying = context.WithCancel(context.WithoutCancel(ctx))
	c.lingering.Go(func() {
		<-ctx.Done()
		c.linger()
	})
	return c
}

// linger leaves what is under way some time, and then to Garden.
func (c *crew) linger() {
	timer := c.reaper.Worker.Clock.NewTimer(lingerFor)
	defer timer.Stop()
	select {
	case <-c.over:
	case <-timer.C():
	}
	c.stopDestroying()
}

// offer puts what a pass found due in the place of what is left of an earlier
// offer.
func (c *crew) offer(report Report, question Question, due []Finding) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.report, c.question, c.pending, c.locked = report, question, due, report.Interlocked()
	c.start()
}

// start starts attempts as far as there is room. The mutex is held.
func (c *crew) start() {
	for c.inFlight < c.limit() && len(c.pending) > 0 && c.looking.Err() == nil {
		finding := c.pending[0]
		c.pending = c.pending[1:]
		if !c.memory.begin(finding.Container.Handle) {
			continue
		}
		c.inFlight++
		report, question := c.report, c.question
		c.attempts.Go(func() { c.one(finding, report, question) })
	}
}

func (c *crew) one(finding Finding, report Report, question Question) {
	handle := finding.Container.Handle
	slot := c.newSlot(handle)
	fresh, err := c.reaper.attempt(c.looking, c.destroying, handle, report, question, func(interlock *Interlock) bool {
		return c.goOn(interlock) && slot.renew()
	})
	c.mutex.Lock()
	c.outdated = append(c.outdated, handle)
	c.mutex.Unlock()
	if fresh.Container.Handle == "" {
		fresh = finding
	}
	c.changed(fresh, err)
	slot.finish()
}

// goOn tells whether a destroy may begin.
func (c *crew) goOn(interlock *Interlock) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if interlock != nil {
		c.locked, c.pending = true, nil
		// What fails because the daemon ends says nothing of the worker.
		if c.looking.Err() == nil {
			c.noticed(*interlock)
		}
	}
	return !c.locked
}

// takeOutdated takes the handles of which passes know no better than attempts
// since the last time.
func (c *crew) takeOutdated() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	outdated := c.outdated
	c.outdated = nil
	return outdated
}

// stop waits for the attempts under way when the context has ended: no other
// begins then.
func (c *crew) stop() {
	// Whoever holds it may have looked at the context before that ended.
	c.mutex.Lock()
	c.pending = nil
	c.mutex.Unlock()
	c.attempts.Wait()
	close(c.over)
	c.lingering.Wait()
}
