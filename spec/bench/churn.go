package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	"code.cloudfoundry.org/lager/v3"

	"weeder/baggageclaim"
	"weeder/gardenclient"
	"weeder/journal"
	"weeder/reaper"
	"weeder/status"
)

const (
	// churnInterval is how long a pass and the wait behind it are on the fake
	// clock. The daemon's own interval is a little shorter.
	churnInterval = 30 * time.Second
	// churned containers go, and as many come, between two passes: on a worker of
	// 250 each lives for some 25 minutes.
	churned = 5
	// leakedEach is how many passes there are for each container that leaks.
	leakedEach = 12
)

// churnWorker is a worker whose containers come and go.
type churnWorker struct {
	*worker
	// running are the containers that are there, the oldest first.
	running []string
	made    int
}

// churn runs the daemon's loop in this process on a clock that is moved by hand,
// and looks what stays in the heap.
func (b *bench) churn() error {
	at, err := b.startWorker(0, 0)
	if err != nil {
		return err
	}
	defer at.stop()
	w := &churnWorker{worker: at}
	for range 250 {
		if err := w.come(); err != nil {
			return err
		}
	}

	now := fakeclock.NewFakeClock(time.Now())
	began := now.Now()
	target, err := gardenclient.ParseTarget(w.Target)
	if err != nil {
		return err
	}
	client := gardenclient.New(gardenclient.Config{Target: target})
	defer client.Close()
	api := baggageclaim.NewAPI(w.Baggageclaim, time.Minute)
	defer api.Close()
	record := journal.New(filepath.Join(w.dir, "churn"))
	defer record.Close()
	shown := &lastPass{Status: status.New(status.Config{Interval: churnInterval, Timeout: time.Minute, Clock: now}), passed: make(chan reaper.Report)}
	daemon := &reaper.Daemon{
		Worker: &reaper.Worker{
			Garden: client, Volumes: baggageclaim.NewDir(w.Volumes), Baggageclaim: api, Clock: now,
			Elapsed: func() time.Duration { return now.Since(began) },
		},
		Policy: reaper.DefaultPolicy(), Interval: churnInterval,
		Recorder: record, Keeper: journal.NewMemory(filepath.Join(w.dir, "churn")), Observer: shown,
		Logger: lager.NewLogger("churn"),
		// The middle of the jitter: the interval as it is.
		Random: func() float64 { return 0.5 },
	}
	ctx, stop := context.WithCancel(b.ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		daemon.Run(ctx)
	}()

	t := table{headers: []string{"simulated", "passes", "containers made", "destroyed", "heap in use", "objects", "goroutines"}}
	var heaps series
	passes := b.churnHours * int(time.Hour/churnInterval)
	for pass := range passes + 1 {
		select {
		case report := <-shown.passed:
			if !report.Judged {
				return fmt.Errorf("a pass could not judge: %v", report.Interlocks)
			}
		case <-time.After(time.Minute):
			return errors.New("the daemon made no pass in a minute")
		case <-b.ctx.Done():
			return b.ctx.Err()
		}
		if told := pass * 4 % passes; pass > 0 && told == 0 || pass == 20 {
			heap, objects := heapInUse()
			heaps = append(heaps, heap)
			destroyed, err := w.destroyed()
			if err != nil {
				return err
			}
			t.add(now.Since(began).Round(time.Minute).String(), fmt.Sprint(pass), fmt.Sprint(w.made), fmt.Sprint(destroyed),
				number(heap)+" MB", fmt.Sprint(objects), fmt.Sprint(runtime.NumGoroutine()))
		}
		if pass == passes {
			break
		}
		if err := w.turn(pass); err != nil {
			return err
		}
		now.WaitForWatcherAndIncrement(churnInterval)
	}
	stop()
	go func() {
		for range shown.passed {
		}
	}()
	<-ended
	close(shown.passed)

	// Until the first quarter what it keeps of the last hours fills.
	first, last := heaps[1], heaps[len(heaps)-1]
	b.report.budget(fmt.Sprintf("the daemon's heap after %d simulated hours of churn", b.churnHours), "no growth",
		fmt.Sprintf("%s MB, %s MB after a quarter of the time", number(last), number(first)), last <= first*1.1)
	b.report.section("A day of churn", fmt.Sprintf(`The daemon's loop in the bench's own process, on a clock moved by hand, with Garden, baggageclaim, journal and status as
in the daemon: %d hours in passes of 30 s. Between two passes %d of 250 containers go and as many come; one in %d passes one
leaks, and is destroyed by weeder when its grace is over. Heap after a full collection, what the bench itself keeps included.`,
		b.churnHours, churned, leakedEach), t)
	return nil
}

// lastPass gives each pass on, beside what the status makes of it.
type lastPass struct {
	*status.Status
	passed chan reaper.Report
}

// Passed implements reaper.Observer.
func (l *lastPass) Passed(report reaper.Report) {
	l.Status.Passed(report)
	l.passed <- report
}

// turn has some containers go, and others come in their place.
func (w *churnWorker) turn(pass int) error {
	for n := range churned {
		at := rand.IntN(len(w.running))
		handle := w.running[at]
		w.running = slices.Delete(w.running, at, at+1)
		// One whose volumes go, and that stays, is weeder's to destroy.
		if leaks := n == 0 && pass%leakedEach == 0; !leaks {
			if err := w.control(http.MethodDelete, "/containers/"+handle, nil, nil); err != nil {
				return err
			}
		}
		for _, volume := range []string{handle + "-root", handle + "-data"} {
			if err := w.control(http.MethodDelete, "/volumes/"+volume, nil, nil); err != nil {
				return err
			}
		}
		if err := w.come(); err != nil {
			return err
		}
	}
	return nil
}

// come makes a container, after its volumes.
func (w *churnWorker) come() error {
	w.made++
	handle := fmt.Sprintf("c-%06d", w.made)
	for _, volume := range []string{handle + "-root", handle + "-data"} {
		if err := w.control(http.MethodPut, "/volumes/"+volume, map[string]any{}, nil); err != nil {
			return err
		}
	}
	w.running = append(w.running, handle)
	return w.control(http.MethodPost, "/containers", map[string]any{
		"handle": handle, "root_volume": handle + "-root", "volumes": map[string]string{handle + "-data": "/tmp/build/get"}, "age": "1h",
	}, nil)
}

func (w *churnWorker) destroyed() (int, error) {
	var handles []string
	err := w.control(http.MethodGet, "/destroyed", nil, &handles)
	return len(handles), err
}

// heapInUse is what is left after a full collection, in MB and objects.
func heapInUse() (float64, uint64) {
	// What has a finalizer goes with the second.
	runtime.GC()
	runtime.GC()
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	return float64(heap.HeapAlloc) / 1e6, heap.HeapObjects
}
