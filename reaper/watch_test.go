package reaper_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"code.cloudfoundry.org/clock"
	. "github.com/onsi/ginkgo/v2"

	"weeder/reaper"
)

// watch is a daemon with a fakeWorker to watch, in a bubble of its own: there
// time goes by only when everybody waits. Its passes take no time, and its
// interval is jittered by nothing, so that the passes are at full and half
// minutes of its age.
type watch struct {
	*fakeWorker
	*reaper.Daemon
	wall     *wall
	server   *serverOf
	keeper   *fakeKeeper
	observer *fakeObserver

	cancel context.CancelFunc
	over   chan struct{}
}

// watching has a spec run with a watch that has not begun. At its end the
// daemon is stopped; a goroutine that is left then fails the spec.
func watching(spec func(*watch)) func() {
	return func() {
		synctest.Test(suite, func(*testing.T) {
			defer GinkgoRecover()
			w := newWatch()
			defer w.stop()
			spec(w)
		})
	}
}

func newWatch() *watch {
	w := &watch{
		fakeWorker: newWorker(),
		wall:       &wall{Clock: clock.NewClock(), began: time.Now()},
		keeper:     &fakeKeeper{},
		observer:   &fakeObserver{},
	}
	w.server = &serverOf{fakeGarden: w.garden}
	w.garden.onDestroy = func(_ context.Context, handle string) error {
		w.gone(handle)
		return nil
	}
	w.hire(reaper.Past{})
	return w
}

// hire has another daemon ready, with its own look at the worker.
func (w *watch) hire(past reaper.Past, dangling ...string) {
	w.fakeWorker.Worker = &reaper.Worker{
		Garden: w.server, Volumes: w.volumes, Baggageclaim: w.baggageclaim, Clock: w.wall, Elapsed: w.wall.elapsed,
	}
	policy := reaper.DefaultPolicy()
	if w.Daemon != nil {
		policy = w.Policy
	}
	w.Daemon = &reaper.Daemon{
		Worker: w.fakeWorker.Worker, Policy: policy, Interval: 30 * time.Second,
		Recorder: w.recorder, Keeper: w.keeper, Observer: w.observer, Logger: w.log,
		Past: past, Dangling: dangling, Random: func() float64 { return 0.5 },
	}
}

// start starts the daemon. When it is back the first pass is over.
func (w *watch) start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel, w.over = cancel, make(chan struct{})
	go func() {
		defer GinkgoRecover()
		defer close(w.over)
		w.Run(ctx)
	}()
	synctest.Wait()
}

// stop stops the daemon, if it runs, and waits for its end.
func (w *watch) stop() {
	if w.cancel != nil {
		w.meet()
		w.cancel()
		<-w.over
		w.cancel = nil
	}
}

// restart stops the daemon and starts another, which remembers, after a while.
func (w *watch) restart(after time.Duration) {
	w.stop()
	w.wait(after)
	w.hire(w.keeper.last())
	w.start()
}

// settled is a daemon that has left its starting behind.
func (w *watch) settled() {
	w.start()
	w.wait(max(w.Interval, w.Policy.Grace))
}

// settledBut is a daemon that is settled a moment after something happens.
func (w *watch) settledBut(happens func()) {
	w.start()
	w.wait(max(w.Interval, w.Policy.Grace) - time.Nanosecond)
	happens()
	w.wait(time.Nanosecond)
}

// wait lets time pass, and everybody do what is theirs until then.
func (w *watch) wait(d time.Duration) {
	w.meet()
	time.Sleep(d)
	synctest.Wait()
}

// passes lets so many passes pass.
func (w *watch) passes(n int) {
	w.wait(time.Duration(n) * w.Interval)
}

// gone takes a container away.
func (w *watch) gone(handle string) {
	w.garden.mutex.Lock()
	defer w.garden.mutex.Unlock()
	w.garden.plain = slices.DeleteFunc(w.garden.plain, func(h string) bool { return h == handle })
}

// back lists a container again that is gone.
func (w *watch) back(handle string) {
	w.garden.mutex.Lock()
	defer w.garden.mutex.Unlock()
	w.garden.plain = append(w.garden.plain, handle)
}

// orphans adds as many, by the names of o-1, o-2 and so on.
func (w *watch) orphans(n int) {
	for i := range n {
		w.orphan(fmt.Sprintf("o-%d", i+1))
	}
}

// slow has destroys take so long, those of certain handles alone where there
// are any.
func (w *watch) slow(takes time.Duration, only ...string) {
	w.garden.onDestroy = func(ctx context.Context, handle string) error {
		if len(only) == 0 || slices.Contains(only, handle) {
			select {
			case <-time.After(takes):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		w.gone(handle)
		return nil
	}
}
