// Package simulation runs the daemon's real code over a simulated Concourse
// worker: ATC, baggageclaim, Garden over Guardian or containerd, and the disk, with
// faults of all kinds in random schedules, and restarts of the daemon among them.
// Time is simulated too. What must hold is checked at each destroy, each pass and each event.
//
// A schedule that fails is shortened and printed with how to replay it:
//
//	go test ./reaper/simulation -run TestSimulation -replay '{"seed":1,"actions":[…]}' -show
package simulation

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	schedules = flag.Int("schedules", number("WEEDER_SCHEDULES", 300/fewerSchedules), "how many schedules are simulated")
	firstSeed = flag.Uint64("seed", 1, "the seed of the first schedule")
	soak      = flag.Duration("soak", 0, "simulate schedules of new seeds for so long instead")
	replay    = flag.String("replay", "", "simulate one schedule: its JSON, or the file it is in")
	shrinkFor = flag.Duration("shrink", time.Minute, "for how long a schedule that fails is shortened")
	shown     = flag.Bool("show", false, "print what happens")
)

func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

func TestSimulation(t *testing.T) {
	if *replay != "" {
		s, err := readSchedule(*replay)
		if err != nil {
			t.Fatal(err)
		}
		stats, wrong := simulate(t, s)
		t.Log(stats)
		if wrong != nil {
			t.Error(wrong)
		}
		return
	}

	// The runtime opens some for itself at first.
	simulate(t, schedule{})
	open := openFiles(t)
	total := simulateAll(t)
	tell(t, total)
	if now := openFiles(t); now > open {
		t.Errorf("%d files were open before, %d are now", open, now)
	}
}

// simulateAll simulates schedules, on all processors at once.
func simulateAll(t *testing.T) stats {
	seed := *firstSeed
	if *soak > 0 && seed == 1 {
		seed = uint64(time.Now().UnixNano())
	}
	end := time.Now().Add(*soak)
	var begun atomic.Int64
	var mutex sync.Mutex
	total := newStats()
	told := time.Now()

	t.Run("schedules", func(t *testing.T) {
		for worker := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for !t.Failed() {
					n := begun.Add(1) - 1
					if *soak == 0 && n >= int64(*schedules) || *soak > 0 && time.Now().After(end) {
						return
					}
					s := newSchedule(seed + uint64(n))
					stats, wrong := simulate(t, s)
					if wrong != nil {
						report(t, s, wrong)
					}
					mutex.Lock()
					total.add(stats)
					if *soak > 0 && time.Since(told) > time.Minute {
						told = time.Now()
						fmt.Println(total)
					}
					mutex.Unlock()
				}
			})
		}
	})
	return total
}

// report shortens a schedule that fails, and tells how to replay it.
func report(t *testing.T, s schedule, wrong error) {
	t.Errorf("seed %d: %v", s.Seed, wrong)
	short := shrink(s, func(s schedule) bool {
		_, wrong := simulate(t, s)
		return wrong != nil
	}, *shrinkFor)
	if _, again := simulate(t, short); again != nil {
		wrong = again
	}
	t.Errorf("shortened from %d actions to %d: %v\ngo test ./reaper/simulation -run TestSimulation -show -replay '%s'",
		len(s.Actions), len(short.Actions), wrong, short)
}

// simulate simulates a schedule. The error is the first invariant that did not
// hold.
func simulate(t *testing.T, s schedule) (did stats, wrong error) {
	dir, err := os.MkdirTemp(quickDir(), "weeder-simulation-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	}()
	defer func() {
		// A bubble that goroutines are left in panics.
		if left := recover(); left != nil {
			wrong = fmt.Errorf("panic: %v", left)
		}
	}()
	synctest.Test(t, func(*testing.T) {
		w := newWorld(s.Seed, dir)
		w.live(s)
		did = w.stats
		if w.wrong != nil {
			wrong = w.wrong
		}
	})
	return did, wrong
}

// quickDir is a directory in memory, where there is one: each event is synced.
func quickDir() string {
	const memory = "/dev/shm"
	if info, err := os.Stat(memory); err == nil && info.IsDir() {
		return memory
	}
	return ""
}

// tell prints what was simulated, and writes it to the file that the variable
// SIMULATED names: go test shows nothing of a package that passes.
func tell(t *testing.T, total stats) {
	t.Log(total)
	if name := os.Getenv("SIMULATED"); name != "" {
		if err := os.WriteFile(name, []byte(total.String()+"\n"), 0o644); err != nil {
			t.Error(err)
		}
	}
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
