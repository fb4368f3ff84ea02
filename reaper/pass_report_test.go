package reaper_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Pass, telling of itself", func() {
	type on = []reaper.InterlockName

	var w *fakeWorker
	BeforeEach(func() { w = newWorker() })

	It("puts on the interlocks that stand, after those it sees", func() {
		w.orphan("o")
		w.question.Standing = []reaper.Interlock{{Name: reaper.Starting, Detail: "until later"}}
		report := w.pass()
		Expect(report.Interlocks).To(Equal(w.question.Standing))
		Expect(finding(report, "o").HeldBy()).To(Equal([]reaper.HoldName{reaper.HeldByInterlock}))
		w.garden.handlesErr = errNo
		Expect(interlocks(w.pass().Interlocks)).To(Equal(on{reaper.GardenUnreachable, reaper.Starting}))
	})

	It("lifts for a person none of these that is not to be lifted", func() {
		w.question.Standing = []reaper.Interlock{{Name: reaper.Starting}, {Name: reaper.ClockStepped}, {Name: reaper.NoVolumeFound}}
		w.question.Override = on{reaper.Starting, reaper.ClockStepped, reaper.NoVolumeFound}
		report := w.pass()
		Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.Starting, reaper.ClockStepped}))
		Expect(interlocks(report.Overridden)).To(Equal(on{reaper.NoVolumeFound}))
	})

	It("counts the volumes by their state", func() {
		w.volumes.put(live("v-2"))
		w.volumes.put(volume("v-3", reaper.VolumeDead))
		Expect(w.pass().Volumes).To(Equal(map[reaper.VolumeState]int{reaper.VolumeLive: 2, reaper.VolumeDead: 1}))
		w.volumes.snapshotErr = errNo
		Expect(w.pass().Volumes).To(BeNil())
	})

	DescribeTable("tells how long it took, by the monotonic clock where there is one",
		func(monotonic bool) {
			elapsed := time.Duration(0)
			if monotonic {
				w.Elapsed = func() time.Duration { return elapsed }
			}
			w.garden.onInspect = func([]string) {
				elapsed += time.Minute
				w.clock.Increment(time.Minute)
				if monotonic {
					w.clock.Increment(time.Hour)
				}
			}
			Expect(w.pass().Took).To(Equal(time.Minute))
		},
		Entry("there is one", true),
		Entry("there is none", false),
	)

	It("tells how long one took that Garden did not let judge", func() {
		w.garden.handlesErr = errNo
		w.Garden = &serverOf{fakeGarden: w.garden, onHandles: func(context.Context) { w.clock.Increment(time.Minute) }}
		Expect(w.pass().Took).To(Equal(time.Minute))
	})

	DescribeTable("tells what baggageclaim did when it was asked",
		func(set func(), answer reaper.Answer) {
			set()
			Expect(w.pass().Baggageclaim).To(Equal(answer))
		},
		Entry("no orphan, no question", func() {}, reaper.NotAsked),
		Entry("an answer", func() { w.orphan("o") }, reaper.Answered),
		Entry("none", func() { w.orphan("o"); w.baggageclaim.knowsErr = errNo }, reaper.Silent),
		Entry("one of two", func() {
			w.orphan("a-first")
			w.orphan("o")
			w.Baggageclaim = knowsUpTo{w.baggageclaim, "v-a-first"}
		}, reaper.Silent),
		Entry("no baggageclaim", func() { w.orphan("o"); w.Baggageclaim = nil }, reaper.NotAsked),
	)
})
