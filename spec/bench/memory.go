package main

import (
	"fmt"
	"net/http"
	"time"
)

// atRest measures a daemon with the interval that it has by default.
func (b *bench) atRest() error {
	interval, passes := 30*time.Second, 3
	if b.quick {
		interval, passes = shortest, 2
	}
	w, err := b.startWorker(250, 0)
	if err != nil {
		return err
	}
	defer w.stop()
	d, err := b.startDaemon(w, "", interval)
	if err != nil {
		return err
	}
	defer d.stop()
	if err := b.waitPasses(d, 2); err != nil {
		return err
	}

	before, err := cpuOf(d.pid())
	if err != nil {
		return err
	}
	began := time.Now()
	var memory series
	for range passes {
		if err := b.waitPasses(d, 1); err != nil {
			return err
		}
		now, _, err := residentOf(d.pid())
		if err != nil {
			return err
		}
		memory = append(memory, now)
	}
	after, err := cpuOf(d.pid())
	if err != nil {
		return err
	}
	share := 100 * (after - before) / milliseconds(time.Since(began)) * interval.Seconds() / 30
	_, peak, err := residentOf(d.pid())
	if err != nil {
		return err
	}

	b.report.budget("daemon at rest, 250 containers: memory", "at most 25 MB resident", memory.text("MB"), memory.median() <= 25)
	b.report.budget("daemon at rest, 250 containers: CPU", "at most 0.2 % of a core at 30 s", number(share)+" %", share <= 0.2)
	t := table{headers: []string{"", ""}}
	t.add("resident", memory.text("MB"))
	t.add("at its peak, in the first pass", number(peak)+" MB")
	t.add("CPU for each pass, all between the passes included", number((after-before)/float64(passes))+" ms")
	t.add("share of a core at 30 s", number(share)+" %")
	notes := fmt.Sprintf("A daemon with --interval %s beside 250 containers, over %d passes, after the first two.", interval, passes)
	if interval != 30*time.Second {
		notes += " The share is reckoned for 30 s."
	}
	b.report.section("The daemon at rest", notes, t)
	return nil
}

// shrink takes all but 250 containers away from a worker, and looks what the
// daemon keeps.
func (b *bench) shrink(w *worker, d *daemon, containers int) error {
	full, peak, err := residentOf(d.pid())
	if err != nil {
		return err
	}
	var there []struct{ Handle string }
	if err := w.control(http.MethodGet, "/containers", nil, &there); err != nil {
		return err
	}
	for _, container := range there[250:] {
		if err := w.control(http.MethodDelete, "/containers/"+container.Handle, nil, nil); err != nil {
			return err
		}
	}
	t := table{headers: []string{"", "resident"}}
	t.add(fmt.Sprintf("with %d containers", containers), number(full)+" MB")
	t.add("at its peak, in the first pass", number(peak)+" MB")
	seen := 0
	for _, passes := range []int{2, 4, 6} {
		if err := b.waitPasses(d, passes); err != nil {
			return err
		}
		now, _, err := residentOf(d.pid())
		if err != nil {
			return err
		}
		seen += passes
		t.add(fmt.Sprintf("%d passes after all but 250 were taken away", seen), number(now)+" MB")
	}
	b.report.section(fmt.Sprintf("The daemon's memory after %d containers", containers),
		"The daemon of the seen passes; its volumes stay, twice as many as there were containers.", t)
	return nil
}
