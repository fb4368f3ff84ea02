package simulation

import (
	"container/heap"
	"fmt"
	"sync"
	"time"
)

// world is a worker and what lives on it, as they are. What the daemon is shown
// of it are views (gardenView, diskView, baggageclaimView), through the faults.
type world struct {
	settings
	dice  dice
	began time.Time
	// dir is the journal's directory.
	dir string
	// wake tells run of an event that somebody else has added.
	wake chan struct{}

	mutex  sync.Mutex
	events events
	// offset is how far the wall clock is from the bubble's.
	offset time.Duration

	garden       garden
	disk         disk
	baggageclaim baggageclaim
	// faults counts those that are on by their kind.
	faults map[kind]int
	// calmAt is when the last fault ended, and was felt no more.
	calmAt time.Duration

	keep  past
	lives []*life
	watch watch
	stats stats
	wrong *violation
}

// violation is an invariant that did not hold.
type violation struct {
	At   time.Duration
	Text string
}

func (v *violation) Error() string {
	return fmt.Sprintf("after %s: %s", v.At, v.Text)
}

func newWorld(seed uint64, dir string) *world {
	w := &world{
		settings: settingsOf(seed), dice: dice(seed), dir: dir,
		began: time.Now(), wake: make(chan struct{}, 1), faults: map[kind]int{},
	}
	w.garden = newGarden()
	w.disk = newDisk()
	w.watch = newWatch()
	w.stats = newStats()
	return w
}

// now is the time since the world began: the monotonic clock.
func (w *world) now() time.Duration {
	return time.Since(w.began)
}

// wall is the wall clock. The mutex is held.
func (w *world) wall() time.Time {
	return withMonotonic(time.Now().Add(w.offset), w.now())
}

// elapsed is Worker.Elapsed. A machine was up before its daemon.
func (w *world) elapsed() time.Duration {
	return w.now() + bootedBefore
}

const bootedBefore = 17 * time.Minute

// violate notes the first invariant that does not hold. The mutex is held.
func (w *world) violate(format string, args ...any) {
	if w.wrong == nil {
		w.wrong = &violation{At: w.now(), Text: fmt.Sprintf(format, args...)}
		w.trace("VIOLATION %s", w.wrong.Text)
		w.nudge()
	}
}

// event is something that is to happen.
type event struct {
	at time.Duration
	// order is that in which the events were added.
	order int
	do    func()
}

type events struct {
	list  []event
	added int
}

func (e *events) Len() int { return len(e.list) }
func (e *events) Less(i, j int) bool {
	a, b := e.list[i], e.list[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}
func (e *events) Swap(i, j int) { e.list[i], e.list[j] = e.list[j], e.list[i] }
func (e *events) Push(x any)    { e.list = append(e.list, x.(event)) }
func (e *events) Pop() any {
	last := e.list[len(e.list)-1]
	e.list = e.list[:len(e.list)-1]
	return last
}

// at has something done at a time, with the mutex held.
func (w *world) at(at time.Duration, do func()) {
	w.events.added++
	// Nothing is to happen in the same nanosecond as what the daemon does: the
	// scheduler would choose the order.
	at += time.Duration(w.dice.of("event", int(at)).below(997))
	heap.Push(&w.events, event{at: at, order: w.events.added, do: do})
	w.nudge()
}

// after has something done after a while, with the mutex held.
func (w *world) after(wait time.Duration, do func()) {
	w.at(w.now()+wait, do)
}

// every has something done again and again, with the mutex held.
func (w *world) every(first, interval time.Duration, do func()) {
	w.after(first, func() {
		do()
		w.every(interval, interval, do)
	})
}

func (w *world) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run has events happen until a time, or until an invariant does not hold.
func (w *world) run(until time.Duration) {
	for {
		w.mutex.Lock()
		if w.wrong != nil {
			w.mutex.Unlock()
			return
		}
		next := until
		if w.events.Len() > 0 {
			next = min(next, w.events.list[0].at)
		}
		wait := next - w.now()
		if wait <= 0 && next < until {
			event := heap.Pop(&w.events).(event)
			event.do()
			w.mutex.Unlock()
			continue
		}
		w.mutex.Unlock()
		if wait <= 0 {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-w.wake:
		}
		timer.Stop()
	}
}

// on tells that a fault of one of the kinds is on.
func (w *world) on(kinds ...kind) bool {
	for _, kind := range kinds {
		if w.faults[kind] > 0 {
			return true
		}
	}
	return false
}

// calm tells since when no fault is on or felt. Zero and false: one is. A
// daemon that is restarted every few minutes is none.
func (w *world) calm() (time.Duration, bool) {
	for kind, count := range w.faults {
		if count > 0 && kind != flapping {
			return 0, false
		}
	}
	return w.calmAt, w.calmAt <= w.now()
}
