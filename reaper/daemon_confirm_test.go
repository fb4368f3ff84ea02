package reaper_test

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, confirming", func() {
	type on = []reaper.InterlockName
	type by = []reaper.HoldName

	// A grace that is over at once leaves it to confirming when a destroy is due.
	quick := func(spec func(*watch)) func() {
		return watching(func(w *watch) {
			w.Policy.Grace = 0
			w.settled()
			spec(w)
		})
	}

	It("takes two passes for an orphan", quick(func(w *watch) {
		w.orphan("o")
		w.passes(1)
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm}))
		Expect(w.of("destroy", "usage")).To(BeEmpty())
		w.passes(1)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	DescribeTable("flags and confirms nothing in a pass with an interlock on",
		func(lock, unlock func(*watch), name reaper.InterlockName) {
			quick(func(w *watch) {
				w.orphan("o")
				lock(w)
				w.passes(2)
				Expect(w.on()).To(Equal(on{name}))
				Expect(w.events()).To(BeEmpty())
				unlock(w)
				w.passes(1)
				Expect(w.events()).To(Equal([]string{"flagged o"}))
				Expect(finding(w.report(), "o").Since).To(Equal(w.wall.Now()))
				Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm}))
				lock(w)
				w.passes(1)
				Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm, reaper.HeldByInterlock}))
				unlock(w)
				w.passes(1)
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			})()
		},
		Entry("baggageclaim is silent",
			func(w *watch) { w.baggageclaim.knowsErr = errors.New("refused") },
			func(w *watch) { w.baggageclaim.knowsErr = nil }, reaper.BaggageclaimUnreachable),
		Entry("the disk fails",
			func(w *watch) { w.container("d", unreadable("v-d", errEIO)) },
			func(w *watch) { w.gone("d") }, reaper.VolumesDirUnusable),
	)

	It("does not mind an interlock of less than three intervals in between", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.wait(9 * time.Minute)
		w.baggageclaim.knowsErr = errors.New("refused")
		w.passes(2)
		w.baggageclaim.knowsErr = nil
		Expect(w.of("destroy")).To(BeEmpty())
		w.passes(1)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	DescribeTable("takes two new passes after a gap of more than three intervals",
		func(gap time.Duration, anew bool) {
			watching(func(w *watch) {
				w.settled()
				w.orphan("o")
				w.wait(10 * time.Minute)
				w.garden.handlesErr = errNo
				w.wait(gap - 30*time.Second)
				w.garden.handlesErr = nil
				w.passes(1)
				Expect(w.on()).To(BeEmpty())
				Expect(finding(w.report(), "o").Since).To(Equal(w.wall.Now().Add(-gap - 10*time.Minute + 30*time.Second)))
				if anew {
					Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm}))
					Expect(w.of("destroy")).To(BeEmpty())
					w.passes(1)
				}
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			})()
		},
		Entry("of three", 90*time.Second, false),
		Entry("of four", 2*time.Minute, true),
		Entry("of a day", 24*time.Hour, true),
	)

	It("takes no long pass for a gap", watching(func(w *watch) {
		w.server.onHandles = func(context.Context) { time.Sleep(110 * time.Second) }
		w.orphan("o")
		w.start()
		w.wait(14 * time.Minute)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("takes one for a gap that was stopped in the middle, for nobody watched meanwhile", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.wait(9 * time.Minute)
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByGrace}))
		w.server.onHandles = func(context.Context) {
			w.server.onHandles = nil
			time.Sleep(time.Hour)
		}
		w.wait(time.Hour + 30*time.Second)
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm}))
		Expect(w.of("destroy")).To(BeEmpty())
		w.passes(1)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("clears what is live again, and begins anew when it is an orphan again", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.wait(9 * time.Minute)
		w.volumes.put(live("v-o"))
		w.passes(1)
		Expect(w.events()).To(Equal([]string{"flagged o", "cleared o"}))
		Expect(w.event(reaper.EventCleared)).To(And(
			HaveField("Note", "its verdict is live"), HaveField("Time", w.wall.Now())))
		Expect(w.keeper.last().Orphans).To(BeEmpty())

		w.volumes.remove("v-o")
		w.passes(1)
		Expect(w.heldBy("o")).To(ContainElement(reaper.HeldByConfirm))
		w.wait(10*time.Minute - time.Nanosecond)
		Expect(w.of("destroy")).To(BeEmpty())
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		Expect(w.events()[2]).To(Equal("flagged o"))
	}))

	It("clears in a pass with an interlock on, too", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.passes(1)
		w.volumes.put(live("v-o"))
		w.container("d", unreadable("v-d", errEIO))
		w.passes(1)
		Expect(w.on()).To(Equal(on{reaper.VolumesDirUnusable}))
		Expect(w.events()).To(Equal([]string{"flagged o", "cleared o"}))
	}))

	It("asks about processes anew of one that was cleared", quick(func(w *watch) {
		w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
		w.garden.usages["o"] = reaper.Usage{Processes: 2}
		w.passes(2)
		Expect(w.of("usage")).To(Equal([]string{"usage o"}))
		w.volumes.put(live("mount"))
		w.passes(1)
		w.volumes.remove("mount")
		w.passes(2)
		Expect(w.of("usage")).To(Equal([]string{"usage o", "usage o"}))
	}))

	It("takes a container for gone after two passes, and not by another's list", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.passes(1)
		w.gone("o")
		w.passes(1)
		Expect(w.events()).To(Equal([]string{"flagged o"}))
		w.passes(1)
		Expect(w.events()).To(Equal([]string{"flagged o", "cleared o"}))
		Expect(w.event(reaper.EventCleared)).To(Equal(reaper.Event{
			Time: w.wall.Now(), Name: reaper.EventCleared, Handle: "o", Note: "it is gone"}))
		w.passes(3)
		Expect(w.events()).To(HaveLen(2))
	}))

	It("keeps first sightings over one empty list of a Garden that starts", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.passes(1)
		seen := w.wall.Now()
		for range 3 {
			w.gone("o")
			w.passes(1)
			w.back("o")
			w.passes(1)
			Expect(finding(w.report(), "o").Since).To(Equal(seen))
		}
		Expect(w.events()).To(Equal([]string{"flagged o"}))
	}))

	It("takes two new passes for one that was not there in between", quick(func(w *watch) {
		w.orphan("o")
		w.passes(1)
		w.gone("o")
		w.passes(1)
		w.back("o")
		w.passes(1)
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm}))
		Expect(w.of("destroy")).To(BeEmpty())
		w.passes(1)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))
})
