package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	"code.cloudfoundry.org/lager/v3"

	"weeder/baggageclaim"
	"weeder/gardenclient"
	"weeder/reaper"
	"weeder/status"
)

const interval = 30 * time.Second

// began is when the day does: it ends when the incident of 2016 was looked at.
var began = time.Date(2016, 10, 20, 16, 29, 14, 0, time.UTC)

// watched is a sandbox that a daemon watches by a clock that is moved.
type watched struct {
	clock  *fakeclock.FakeClock
	status *status.Status

	passed chan int
	// trying tells that a destroy is over that is not settled, tried is told of
	// each that is.
	trying atomic.Bool
	tried  chan struct{}
	stop   func()
	ended  chan struct{}
}

// Passed implements reaper.Observer.
func (w *watched) Passed(report reaper.Report) {
	w.status.Passed(report)
	due := 0
	for _, finding := range report.Findings {
		if finding.Eligible() {
			due++
		}
	}
	w.passed <- due
}

// Happened implements reaper.Observer.
func (w *watched) Happened(event reaper.Event, unrecorded error) {
	w.status.Happened(event, unrecorded)
	if event.Name == reaper.EventDestroyed || event.Name == reaper.EventDestroyFailed {
		w.trying.Store(true)
	}
}

// Record implements reaper.Recorder.
func (w *watched) Record(reaper.Event) error { return nil }

// Keep implements reaper.Keeper. After a destroy it is called when all is settled
// by the clock as it is.
func (w *watched) Keep(reaper.Past) error {
	if w.trying.Swap(false) {
		w.tried <- struct{}{}
	}
	return nil
}

// Forget implements reaper.Keeper.
func (w *watched) Forget() error { return nil }

// watch starts the daemon.
func watch(s *sandbox) *watched {
	w := &watched{
		clock: fakeclock.NewFakeClock(began), passed: make(chan int, 1), tried: make(chan struct{}, 100), ended: make(chan struct{}),
	}
	target, _ := gardenclient.ParseTarget(s.Target)
	volumes := baggageclaim.NewDir(s.Volumes)
	w.status = status.New(status.Config{
		Target: s.Target, VolumesDir: func() string { return s.Volumes }, MaxContainers: 250,
		Interval: interval, Timeout: 10 * time.Second, Clock: w.clock,
	})
	policy := reaper.DefaultPolicy()
	// One after the other, so that each day is like the one before.
	policy.MaxInFlight = 1
	logger := lager.NewLogger("screenshots")
	daemon := &reaper.Daemon{
		Worker: &reaper.Worker{
			Garden: gardenclient.New(gardenclient.Config{Target: target, Logger: logger}), Volumes: volumes,
			Baggageclaim: baggageclaim.NewAPI(s.Baggageclaim, 10*time.Second), Clock: w.clock,
		},
		Policy: policy, Interval: interval, Recorder: w, Keeper: w, Observer: w,
		Logger: logger, Random: func() float64 { return .5 },
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	go func() {
		defer close(w.ended)
		daemon.Run(ctx)
	}()
	return w
}

// look waits until a pass is over, and all that it has destroyed.
func (w *watched) look(ctx context.Context) error {
	select {
	case due := <-w.passed:
		for range due {
			select {
			case <-w.tried:
			case <-ctx.Done():
				return fmt.Errorf("wait for a destroy: %w", ctx.Err())
			}
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for a look: %w", ctx.Err())
	}
}

// next moves the clock to the next pass, and waits for it.
func (w *watched) next(ctx context.Context) error {
	w.clock.WaitForWatcherAndIncrement(interval)
	return w.look(ctx)
}

func (w *watched) end() {
	w.stop()
	<-w.ended
}
