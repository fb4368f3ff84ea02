package reaper_test

import (
	"context"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, waiting out a grace", func() {
	type on = []reaper.InterlockName
	type by = []reaper.HoldName

	DescribeTable("waits the longer of its policy's and the container's own",
		func(own, grace time.Duration) {
			watching(func(w *watch) {
				w.settled()
				w.orphan("o")
				w.sight("o", func(s *reaper.Sighting) {
					s.Properties["garden.grace-time"] = strconv.FormatInt(own.Nanoseconds(), 10)
				})
				w.passes(1)
				Expect(w.events()).To(Equal([]string{"flagged o"}))
				Expect(w.event(reaper.EventFlagged).Grace).To(Equal(grace))
				w.wait(grace - time.Nanosecond)
				Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByGrace}))
				Expect(w.of("destroy")).To(BeEmpty())
				w.wait(time.Nanosecond)
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			})()
		},
		Entry("none of its own", time.Duration(0), 10*time.Minute),
		Entry("a shorter one", time.Minute, 10*time.Minute),
		Entry("a longer one", time.Hour, time.Hour),
	)

	// untell has Garden refuse one container in bulk_info and bulk_metrics, as one
	// whose runc state fails; its bundle is read.
	untell := func(w *watch, handle string) {
		w.sight(handle, func(s *reaper.Sighting) {
			s.Properties = nil
			s.Spec, s.SpecSource = &reaper.Spec{Root: "/volumes/live/v-" + handle + "/volume"}, reaper.SourceBundle
			s.Doubts = []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: "bulk_info: runc state: exit status 1"}}
		})
		w.garden.mutex.Lock()
		defer w.garden.mutex.Unlock()
		w.garden.usages = nil
	}

	It("waits out the container's own, though a restarted daemon finds its properties unreadable", watching(func(w *watch) {
		w.orphan("o")
		w.sight("o", func(s *reaper.Sighting) {
			s.Properties["garden.grace-time"] = strconv.FormatInt((5 * time.Hour).Nanoseconds(), 10)
		})
		w.settled()
		w.wait(20 * time.Minute)
		w.stop()
		untell(w, "o")
		w.hire(w.keeper.last())
		w.start()
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByGrace}))
		w.wait(4*time.Hour + 30*time.Minute - time.Nanosecond)
		Expect(w.of("destroy")).To(BeEmpty())
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("waits as for one in use where nobody has ever read the container's own", watching(func(w *watch) {
		w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
		untell(w, "o")
		w.sight("o", func(s *reaper.Sighting) { s.Spec.Binds = []reaper.Bind{{Source: "/volumes/live/mount/volume"}} })
		w.garden.usages = map[string]reaper.Usage{"o": {Processes: 1}}
		w.settled()
		w.wait(w.Policy.BusyGrace - w.Policy.Grace - time.Nanosecond)
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByGrace}))
		Expect(w.of("destroy")).To(BeEmpty())
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	DescribeTable("waits out one that may be the container's own, though nothing tells when it was made",
		func(before, after time.Time) {
			watching(func(w *watch) {
				w.orphan("o")
				w.sight("o", func(s *reaper.Sighting) {
					s.Properties["garden.grace-time"], s.CreatedAt = strconv.FormatInt((5*time.Hour).Nanoseconds(), 10), before
				})
				w.settled()
				w.stop()
				untell(w, "o")
				w.sight("o", func(s *reaper.Sighting) { s.CreatedAt = after })
				w.hire(w.keeper.last())
				w.start()
				w.wait(5*time.Hour - 11*time.Minute)
				Expect(w.of("destroy")).To(BeEmpty())
				w.wait(2 * time.Minute)
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			})()
		},
		Entry("now", now.Add(-time.Hour), time.Time{}),
		Entry("before", time.Time{}, now.Add(-time.Hour)),
		Entry("at all", time.Time{}, time.Time{}),
	)

	DescribeTable("takes no other container's for its own",
		func(before, after time.Time) {
			watching(func(w *watch) {
				w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
				w.sight("o", func(s *reaper.Sighting) { s.CreatedAt = before })
				w.start()
				w.passes(3)
				w.stop()
				untell(w, "o")
				w.sight("o", func(s *reaper.Sighting) {
					s.CreatedAt = after
					s.Spec.Binds = []reaper.Bind{{Source: "/volumes/live/mount/volume"}}
				})
				w.garden.usages = map[string]reaper.Usage{"o": {Processes: 1}}
				w.hire(w.keeper.last())
				w.start()
				w.wait(time.Hour)
				Expect(w.of("destroy")).To(BeEmpty())
			})()
		},
		Entry("where it was made at another time", now.Add(-time.Hour), now.Add(-time.Hour+5*time.Second+1)),
		Entry("where nothing tells when it was made", now.Add(-time.Hour), time.Time{}),
		Entry("where nothing told when the one before was made", time.Time{}, now.Add(-time.Hour)),
	)

	It("counts from the first sighting, of whatever age the container and its volume's expiry are", watching(func(w *watch) {
		w.settled()
		w.container("o", expiring("v-o", time.Minute, now.Add(-time.Hour)))
		w.baggageclaim.known = []string{"v-o"}
		w.passes(1)
		Expect(finding(w.report(), "o").Since).To(Equal(w.wall.Now()))
		w.wait(10*time.Minute - time.Nanosecond)
		Expect(w.of("destroy")).To(BeEmpty())
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	DescribeTable("takes the time by the monotonic clock, however the wall clock is set",
		func(step time.Duration) {
			watching(func(w *watch) {
				w.settled()
				w.orphan("o")
				w.wait(5 * time.Minute)
				Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByGrace}))

				w.wall.step(step)
				w.passes(1)
				Expect(w.on()).To(Equal(on{reaper.ClockStepped}))
				Expect(w.report().Interlocks[0].Detail).To(ContainSubstring(step.String()))
				Expect(w.heldBy("o")).To(ContainElement(reaper.HeldByConfirm))
				Expect(finding(w.report(), "o").Since).To(Equal(w.wall.Now()))
				w.passes(1)
				Expect(w.on()).To(BeEmpty())
				Expect(w.heldBy("o")).To(ContainElement(reaper.HeldByConfirm))
				w.passes(1)
				Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByGrace}))

				w.wait(9*time.Minute - time.Nanosecond)
				Expect(w.of("destroy")).To(BeEmpty())
				w.wait(time.Nanosecond)
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
				Expect(w.events()).To(Equal([]string{"flagged o", "destroying o", "destroyed o"}))
				Expect(w.interlocked()[2:]).To(Equal([]string{"clock-stepped on", "clock-stepped off"}))
			})()
		},
		Entry("forward by a little more than a minute", time.Minute+time.Second),
		Entry("back by a little more than a minute", -time.Minute-time.Second),
		Entry("forward by an hour", time.Hour),
		Entry("back by an hour", -time.Hour),
		Entry("back to before the container was made", -48*time.Hour),
		Entry("forward by a year, as of a machine that slept", 365*24*time.Hour),
	)

	DescribeTable("takes no notice of a clock that drifts, and does not go by it",
		func(drift time.Duration) {
			watching(func(w *watch) {
				w.settled()
				w.orphan("o")
				w.passes(1)
				for range 19 {
					w.wall.step(drift)
					w.passes(1)
					Expect(w.on()).To(BeEmpty())
					Expect(w.of("destroy")).To(BeEmpty())
				}
				w.wall.step(drift)
				w.passes(1)
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			})()
		},
		Entry("forward", time.Minute),
		Entry("back", -time.Minute),
	)

	It("does not take for a step what two passes drift apart in two", watching(func(w *watch) {
		w.settled()
		for range 2 {
			w.wall.step(40 * time.Second)
			w.passes(1)
		}
		Expect(w.interlocked()).To(Equal([]string{"starting on", "starting off"}))
	}))

	It("notices a step while Garden is away", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.wait(5 * time.Minute)
		w.garden.handlesErr = errNo
		w.passes(1)
		Expect(w.on()).To(Equal(on{reaper.GardenUnreachable}))
		w.wall.step(2 * time.Minute)
		w.passes(1)
		Expect(w.on()).To(Equal(on{reaper.GardenUnreachable, reaper.ClockStepped}))
		w.garden.handlesErr = nil
		w.passes(1)
		Expect(w.on()).To(BeEmpty())
		Expect(finding(w.report(), "o").Since).To(Equal(w.wall.Now().Add(-30 * time.Second)))
	}))

	It("takes no step from it that Garden is away, and keeps the first sightings", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.passes(1)
		seen := w.wall.Now()
		w.garden.handlesErr = errNo
		w.passes(5)
		Expect(w.on()).To(Equal(on{reaper.GardenUnreachable}))
		w.garden.handlesErr = nil
		w.passes(1)
		Expect(w.on()).To(BeEmpty())
		Expect(finding(w.report(), "o").Since).To(Equal(seen))
		Expect(w.interlocked()).NotTo(ContainElement(HavePrefix("clock-stepped")))
	}))

	It("takes no step from a pass that takes long", watching(func(w *watch) {
		w.settled()
		w.server.onHandles = func(context.Context) { time.Sleep(time.Hour) }
		w.wait(3 * time.Hour)
		Expect(w.on()).To(BeEmpty())
	}))

	It("does not destroy at once what a step forward has expire", watching(func(w *watch) {
		w.container("o", expiring("v-o", time.Hour, now.Add(time.Hour)))
		w.baggageclaim.known = []string{"v-o", "v-live"}
		w.settled()
		Expect(finding(w.report(), "o").Verdict).To(Equal(reaper.Live))
		w.wall.step(24 * time.Hour)
		w.passes(1)
		Expect(finding(w.report(), "o").Verdict).To(Equal(reaper.Orphan))
		Expect(w.events()).To(BeEmpty())
		w.passes(1)
		Expect(w.events()).To(Equal([]string{"flagged o"}))
		w.wait(10*time.Minute - time.Nanosecond)
		Expect(w.of("destroy")).To(BeEmpty())
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))
})
