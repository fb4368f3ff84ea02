package reaper_test

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"syscall"
	"time"

	"code.cloudfoundry.org/clock"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

// hang has destroys hang until they are called off.
func hang(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

var (
	errNo  = errors.New("no")
	errEIO = &fs.PathError{Op: "stat", Path: "v", Err: syscall.EIO}
)

// fail has destroys fail.
func fail(context.Context, string) error { return errNo }

// wall is the clock of the machine: it shows the time of a bubble, and can be
// set. Timers and elapsed do not care how it is set.
type wall struct {
	clock.Clock
	began time.Time

	mutex sync.Mutex
	ahead time.Duration
}

func (c *wall) elapsed() time.Duration { return time.Since(c.began) + time.Hour }

func (c *wall) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return now.Add(time.Since(c.began) + c.ahead)
}

// step sets the clock forward, or back.
func (c *wall) step(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ahead += by
}

// serverOf is a fakeGarden that can be made to take its time.
type serverOf struct {
	*fakeGarden
	// These run before the call.
	onHandles, onInspect, onUsage func(context.Context)
}

func (s *serverOf) Handles(ctx context.Context) ([]reaper.Listed, error) {
	s.meet()
	if s.onHandles != nil {
		s.onHandles(ctx)
	}
	return s.fakeGarden.Handles(ctx)
}

func (s *serverOf) Inspect(ctx context.Context, handles []string, told func(string) bool) (map[string]reaper.Sighting, error) {
	s.meet()
	if s.onInspect != nil {
		s.onInspect(ctx)
	}
	return s.fakeGarden.Inspect(ctx, handles, told)
}

func (s *serverOf) Usage(ctx context.Context, handles []string) (map[string]reaper.Usage, error) {
	s.meet()
	if s.onUsage != nil {
		s.onUsage(ctx)
	}
	return s.fakeGarden.Usage(ctx, handles)
}

// fakeKeeper keeps a daemon's memory in memory.
type fakeKeeper struct {
	mutex     sync.Mutex
	kept      []reaper.Past
	err       error
	forgotten int
	forgetErr error
}

func (k *fakeKeeper) Forget() error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	k.forgotten++
	return k.forgetErr
}

func (k *fakeKeeper) Keep(past reaper.Past) error {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.err == nil {
		k.kept = append(k.kept, past)
	}
	return k.err
}

func (k *fakeKeeper) count() int {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	return len(k.kept)
}

func (k *fakeKeeper) last() reaper.Past {
	GinkgoHelper()
	k.mutex.Lock()
	defer k.mutex.Unlock()
	Expect(k.kept).NotTo(BeEmpty())
	return k.kept[len(k.kept)-1]
}

// fakeObserver notes what it is told.
type fakeObserver struct {
	mutex      sync.Mutex
	reports    []reaper.Report
	happened   []reaper.Event
	unrecorded []error
}

func (o *fakeObserver) Passed(report reaper.Report) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.reports = append(o.reports, report)
}

func (o *fakeObserver) Happened(event reaper.Event, unrecorded error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.happened = append(o.happened, event)
	if unrecorded != nil {
		o.unrecorded = append(o.unrecorded, unrecorded)
	}
}

func ptr[T any](value T) *T { return &value }

// untilDone is a baggageclaim that hangs until a question is called off.
type untilDone struct{ *fakeBaggageclaim }

func (b untilDone) Knows(ctx context.Context, _ string) (bool, error) {
	<-ctx.Done()
	return false, ctx.Err()
}

// slowly is a baggageclaim that takes five seconds for each answer.
type slowly struct{ *fakeBaggageclaim }

func (b slowly) Knows(ctx context.Context, volume string) (bool, error) {
	time.Sleep(5 * time.Second)
	return b.fakeBaggageclaim.Knows(ctx, volume)
}
