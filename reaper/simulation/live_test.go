package simulation

import (
	"fmt"
	"time"
)

// live has the world go through a schedule, and checks it at the end.
func (w *world) live(s schedule) {
	w.mutex.Lock()
	w.settle()
	for _, a := range s.Actions {
		w.at(time.Duration(a.At), func() { w.act(a) })
	}
	w.after(w.dice.of("first start").between(0, time.Minute), w.start)
	w.mutex.Unlock()

	end := w.busyFor + w.calmFor
	w.run(end)
	w.mutex.Lock()
	if l := w.alive(); l != nil && w.wrong == nil {
		w.term(l, func() {})
	}
	w.mutex.Unlock()
	w.run(end + 2*endsWithin)

	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.wrong == nil {
		w.checkAccount()
	}
	w.stats.Schedules, w.stats.Simulated = 1, w.now()
	if w.containerd {
		w.stats.OnContainerd = 1
	}
	for _, l := range w.lives {
		if !l.over() {
			w.kill(l)
		}
	}
}

// tracing tells that somebody wants to see what happens.
func (w *world) tracing() bool { return *shown }

func (w *world) trace(format string, args ...any) {
	if w.tracing() {
		fmt.Printf("%14s  %s\n", w.now().Round(time.Millisecond), fmt.Sprintf(format, args...))
	}
}
