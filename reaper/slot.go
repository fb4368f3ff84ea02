package reaper

import (
	"time"

	"code.cloudfoundry.org/clock"
	"code.cloudfoundry.org/lager/v3"
)

// hangsAfter is how long an attempt counts among those in flight while it
// looks, and how long while it destroys: one that hangs must not hold up
// another.
const hangsAfter = 10 * time.Second

// slot is an attempt's place among those in flight.
type slot struct {
	crew   *crew
	handle string
	timer  clock.Timer
	over   chan struct{}
	// held and destroying are under the crew's mutex.
	held, destroying bool
}

// limit is how many may be in flight. The mutex is held.
func (c *crew) limit() int {
	return max(c.question.Policy.MaxInFlight, 1)
}

// newSlot is the slot that start has taken for an attempt. It is lost after a
// while.
func (c *crew) newSlot(handle string) *slot {
	s := &slot{
		crew: c, handle: handle, over: make(chan struct{}), held: true,
		timer: c.reaper.Worker.Clock.NewTimer(hangsAfter),
	}
	c.attempts.Go(func() {
		defer s.timer.Stop()
		for {
			select {
			case <-s.timer.C():
				s.leave()
			case <-s.over:
				return
			}
		}
	})
	return s
}

// renew has the while start anew for the destroy. There is no room for that
// only if attempts that had lost their slots by long looks took it again.
func (s *slot) renew() bool {
	c := s.crew
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.destroys >= c.limit() {
		return false
	}
	if !s.held {
		s.held = true
		c.inFlight++
	}
	s.destroying = true
	c.destroys++
	s.timer.Reset(hangsAfter)
	return true
}

// leave makes room for another attempt.
func (s *slot) leave() {
	s.crew.mutex.Lock()
	defer s.crew.mutex.Unlock()
	if !s.held {
		return
	}
	if s.destroying {
		s.crew.destroys--
		select {
		case <-s.over:
		default:
			s.crew.reaper.Logger.Info("destroy-hangs", lager.Data{"handle": s.handle})
		}
	}
	s.held = false
	s.crew.inFlight--
	s.crew.start()
}

// finish gives the slot back for good.
func (s *slot) finish() {
	close(s.over)
	s.leave()
}
