package reaper_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, started again", func() {
	type on = []reaper.InterlockName
	type by = []reaper.HoldName

	It("starts neither a grace nor the starting anew after a short while, and skips none", watching(func(w *watch) {
		w.orphan("o")
		w.start()
		w.wait(5 * time.Minute)
		w.restart(30 * time.Second)
		Expect(w.on()).To(Equal(on{reaper.Starting}))
		Expect(finding(w.report(), "o").Since).To(Equal(now))
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByGrace, reaper.HeldByInterlock}))
		w.wait(4*time.Minute + 30*time.Second - time.Nanosecond)
		Expect(w.on()).To(Equal(on{reaper.Starting}))
		Expect(w.of("destroy")).To(BeEmpty())
		w.wait(time.Nanosecond)
		Expect(w.on()).To(BeEmpty())
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		Expect(w.events()).To(Equal([]string{"flagged o", "destroying o", "destroyed o"}))
	}))

	DescribeTable("starts anew after a gap of more than three intervals, but for the first sightings",
		func(gap time.Duration, starting bool) {
			watching(func(w *watch) {
				w.settled()
				w.orphan("o")
				w.passes(2)
				seen := w.wall.Now().Add(-30 * time.Second)
				w.restart(gap)
				Expect(finding(w.report(), "o").Since).To(Equal(seen))
				if !starting {
					Expect(w.on()).To(BeEmpty())
					Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByGrace}))
					return
				}
				Expect(w.on()).To(Equal(on{reaper.Starting}))
				Expect(w.heldBy("o")).To(ContainElement(reaper.HeldByConfirm))
				w.passes(1)
				Expect(w.heldBy("o")).NotTo(ContainElement(reaper.HeldByConfirm))
				w.wait(9*time.Minute + 30*time.Second - time.Nanosecond)
				Expect(w.of("destroy")).To(BeEmpty())
				w.wait(time.Nanosecond)
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			})()
		},
		Entry("of three", 90*time.Second, false),
		Entry("of a little more", 90*time.Second+time.Nanosecond, true),
		Entry("of a day", 24*time.Hour, true),
	)

	It("takes a moment that is still to come for no recent one", watching(func(w *watch) {
		past := reaper.Past{
			At: now, Elapsed: w.wall.elapsed() + time.Second, Interval: 30 * time.Second,
			Orphans: map[string]reaper.PastOrphan{"o": {Flagged: true, Passes: 2}},
		}
		w.orphan("o")
		w.hire(past)
		w.start()
		Expect(w.on()).To(ContainElement(reaper.Starting))
		Expect(w.heldBy("o")).To(ContainElement(reaper.HeldByConfirm))
	}))

	It("reaps in due time though it is started again every two minutes", watching(func(w *watch) {
		w.start()
		w.wait(time.Minute)
		w.restart(20 * time.Second)
		w.orphan("o")
		w.passes(1)
		flagged := w.wall.elapsed()
		for len(w.of("destroy")) == 0 {
			w.restart(20 * time.Second)
			w.wait(100 * time.Second)
			Expect(w.wall.elapsed() - flagged).To(BeNumerically("<", 12*time.Minute+30*time.Second))
		}
		Expect(w.wall.elapsed() - flagged).To(BeNumerically(">=", 10*time.Minute))
	}))

	It("reaps in due time though each has time for one pass alone", watching(func(w *watch) {
		w.orphan("o")
		w.start()
		for range 20 {
			Expect(w.of("destroy")).To(BeEmpty())
			w.restart(30 * time.Second)
		}
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("starts anew where passes failed for long before the end", watching(func(w *watch) {
		w.settled()
		w.garden.handlesErr = errNo
		w.wait(5 * time.Minute)
		w.garden.handlesErr = nil
		w.restart(0)
		Expect(w.on()).To(Equal(on{reaper.Starting}))
	}))

	It("sees that the clock was set while no daemon was there", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.passes(2)
		w.stop()
		w.wall.step(2 * time.Minute)
		w.restart(30 * time.Second)
		Expect(w.on()).To(Equal(on{reaper.ClockStepped}))
		Expect(finding(w.report(), "o").Since).To(Equal(w.wall.Now()))
		Expect(w.heldBy("o")).To(ContainElement(reaper.HeldByConfirm))
	}))

	It("keeps failures and when to try again", watching(func(w *watch) {
		w.orphan("o")
		w.garden.onDestroy = fail
		w.settled()
		retry := w.wall.Now().Add(28500 * time.Millisecond)
		w.restart(10 * time.Second)
		Expect(finding(w.report(), "o").Holds).To(Equal([]reaper.Hold{
			{By: reaper.HeldByBackoff, Detail: "destroying it failed once: no", Until: retry}}))
		Expect(finding(w.report(), "o").Failures).To(Equal(1))
	}))

	It("keeps how each try ended before there is another pass", watching(func(w *watch) {
		w.orphan("failing")
		w.orphan("o")
		w.garden.onDestroy = func(_ context.Context, handle string) error {
			time.Sleep(time.Second)
			if handle == "failing" {
				return errNo
			}
			w.gone(handle)
			return nil
		}
		w.settled()
		Expect(w.keeper.last().Orphans).To(HaveLen(2))
		w.wait(time.Second)
		Expect(w.keeper.last().Orphans).To(HaveLen(1))
		Expect(w.keeper.last().Orphans["failing"].Failures).To(Equal(1))
	}))

	It("leaves the memory that it was given as it is", watching(func(w *watch) {
		past := reaper.Past{At: now, Elapsed: w.wall.elapsed(), Interval: time.Hour, Orphans: map[string]reaper.PastOrphan{
			"o": {Flagged: true, First: w.wall.elapsed() - time.Hour, Passes: 2},
		}}
		w.orphan("o")
		w.hire(past)
		w.start()
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		Expect(past.Orphans).To(HaveLen(1))
		Expect(past.Orphans["o"].Passes).To(Equal(2))
	}))

	It("remembers when a pass ended, however long it took to the end", watching(func(w *watch) {
		w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
		w.garden.usages["o"] = reaper.Usage{Processes: 2}
		w.settledBut(func() {
			w.server.onUsage = func(context.Context) { time.Sleep(20 * time.Second) }
		})
		w.wait(20 * time.Second)
		Expect(w.keeper.last()).To(And(HaveField("At", w.wall.Now()), HaveField("Elapsed", w.wall.elapsed())))
	}))

	It("keeps that it cleared an orphan in a pass that was not good", watching(func(w *watch) {
		w.orphan("o")
		w.settledBut(func() { w.baggageclaim.known = []string{"v-o"} })
		Expect(w.events()).To(ContainElement(HavePrefix("cleared")))
		Expect(w.keeper.last().Orphans).NotTo(HaveKey("o"))
	}))

	It("keeps that an orphan was absent in a pass that was not good", watching(func(w *watch) {
		w.orphan("o")
		w.orphan("other")
		w.settledBut(func() { w.baggageclaim.known = []string{"v-other"} })
		Expect(w.keeper.last().Orphans["o"].Passes).NotTo(BeZero())
		w.gone("o")
		w.passes(1)
		Expect(w.on()).To(ContainElement(reaper.WitnessesDisagreeInterlock))
		Expect(w.keeper.last().Orphans["o"].Passes).To(BeZero())
	}))

	It("takes a pass for over when it had judged, where it stopped behind that", watching(func(w *watch) {
		w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
		w.garden.usages["o"] = reaper.Usage{Processes: 2}
		judged := time.Duration(0)
		w.settledBut(func() {
			w.server.onUsage = func(context.Context) {
				judged = w.wall.elapsed()
				time.Sleep(16 * time.Minute)
				w.server.onUsage = nil
			}
		})
		w.wait(16 * time.Minute)
		Expect(w.keeper.last()).To(And(
			HaveField("At", w.wall.Now().Add(-16*time.Minute)), HaveField("Elapsed", judged)))
		w.passes(1)
		Expect(w.keeper.last().HeardSince).To(Equal(ptr(w.wall.elapsed())))
		Expect(w.keeper.last().Orphans["o"].Passes).To(Equal(1))
	}))

	It("keeps its memory after good passes, after one that has sightings start anew, and at its end", watching(func(w *watch) {
		w.orphan("o")
		w.start()
		Expect(w.keeper.count()).To(Equal(1))
		first := w.keeper.last()
		w.passes(3)
		Expect(w.keeper.count()).To(Equal(4))
		Expect(first.Orphans["o"].Passes).To(Equal(1))
		Expect(w.keeper.last()).To(Equal(reaper.Past{
			At: w.wall.Now(), Elapsed: w.wall.elapsed(), Interval: w.Interval,
			Policy:        reaper.KeptPolicy{Grace: 10 * time.Minute, BusyGrace: 24 * time.Hour},
			StartingUntil: w.wall.elapsed() + 8*time.Minute + 30*time.Second,
			Identity:      "8:1 2", HeardSince: ptr(w.wall.elapsed() - 90*time.Second),
			Orphans: map[string]reaper.PastOrphan{"o": {
				Flagged: true, First: w.wall.elapsed() - 90*time.Second, Passes: 4, Created: now.Add(-24 * time.Hour),
				GraceTime: ptr(time.Duration(0)),
			}},
		}))

		w.garden.handlesErr = errNo
		w.passes(2)
		Expect(w.keeper.count()).To(Equal(4))
		w.garden.handlesErr = nil
		w.volumes.identity = "8:1 3"
		w.passes(1)
		Expect(w.keeper.count()).To(Equal(5))
		Expect(w.keeper.last()).To(HaveField("Identity", "8:1 3"))
		w.stop()
		Expect(w.keeper.count()).To(Equal(6))
		Expect(w.keeper.last()).To(And(
			HaveField("At", w.wall.Now().Add(-90*time.Second)), HaveField("Identity", "8:1 3")))
	}))
})
