package reaper_test

import (
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, asking for processes and ages", func() {
	type by = []reaper.HoldName

	// held is a watch with one orphan that nothing holds but its processes.
	held := func(usage *reaper.Usage, spec func(*watch)) func() {
		return watching(func(w *watch) {
			w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
			delete(w.garden.usages, "o")
			if usage != nil {
				w.garden.usages["o"] = *usage
			}
			w.settled()
			Expect(w.of("usage")).To(Equal([]string{"usage o"}))
			Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByBusy}))
			spec(w)
		})
	}
	busy := &reaper.Usage{Processes: 2}

	DescribeTable("goes by an answer for five minutes",
		func(usage *reaper.Usage) {
			held(usage, func(w *watch) {
				w.wait(5*time.Minute - time.Nanosecond)
				Expect(w.of("usage")).To(HaveLen(1))
				Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByBusy}))
				w.garden.usages["o"] = reaper.Usage{Processes: 1}
				w.wait(time.Nanosecond)
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			})()
		},
		Entry("that it is busy", busy),
		Entry("that says nothing", nil),
	)

	DescribeTable("counts the busy grace from when processes were told of last",
		func(untell func(*watch)) {
			watching(func(w *watch) {
				w.Policy.BusyGrace = time.Hour
				w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
				w.garden.usages["o"] = *busy
				w.settled()
				w.wait(2 * time.Hour)
				untell(w)
				w.wait(time.Hour - time.Nanosecond)
				Expect(w.of("destroy")).To(BeEmpty())
				Expect(finding(w.report(), "o").Holds[0].Detail).To(MatchRegexp(`, and some ran in it at \S+Z: waits 1h0m0s$`))
				w.wait(5 * time.Minute)
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			})()
		},
		Entry("where they can't be asked for any more", func(w *watch) { w.garden.usageErr = errNo }),
		Entry("where nothing tells of them any more", func(w *watch) { delete(w.garden.usages, "o") }),
		Entry("and goes by it after a restart", func(w *watch) {
			w.stop()
			delete(w.garden.usages, "o")
			w.hire(w.keeper.last())
			w.start()
		}),
	)

	It("counts it from the first sighting again where they are known to be gone", watching(func(w *watch) {
		w.Policy.BusyGrace = time.Hour
		w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
		w.garden.usages["o"] = *busy
		w.garden.onDestroy = fail
		w.settled()
		w.wait(2 * time.Hour)
		w.garden.usages["o"] = reaper.Usage{Processes: 1}
		w.wait(5 * time.Minute)
		Expect(w.of("destroy")).NotTo(BeEmpty())
		delete(w.garden.usages, "o")
		w.wait(2 * time.Hour)
		Expect(w.heldBy("o")).NotTo(ContainElement(reaper.HeldByBusy))
	}))

	It("asks for those alone of which it has none", held(busy, func(w *watch) {
		w.container("p", volume("mount-p", reaper.VolumeMissing), live("v-p"))
		w.garden.usages["p"] = reaper.Usage{Processes: 3}
		w.wait(10*time.Minute + 30*time.Second)
		Expect(w.of("usage")).To(Equal([]string{"usage o", "usage o", "usage o", "usage p"}))
		Expect(finding(w.report(), "o").Processes).To(Equal(uint64(2)))
		Expect(finding(w.report(), "p").Processes).To(Equal(uint64(3)))
	}))

	It("asks anew about a handle that was gone", watching(func(w *watch) {
		w.Policy.Grace = time.Minute
		w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
		w.garden.usages["o"] = *busy
		w.settled()
		w.gone("o")
		w.passes(2)
		w.back("o")
		w.garden.usages["o"] = reaper.Usage{Processes: 1}
		w.passes(3)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("asks again in each pass where Garden gave no answer", watching(func(w *watch) {
		w.container("o", volume("mount", reaper.VolumeMissing), live("v-o"))
		w.garden.usageErr = errNo
		w.settled()
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByBusy}))
		Expect(finding(w.report(), "o").Holds[0].Detail).To(ContainSubstring("could not be asked for"))
		w.passes(2)
		Expect(w.of("usage")).To(HaveLen(3))
		w.garden.usageErr = nil
		w.passes(1)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("asks ever more seldom about the one that Garden hangs over", watching(func(w *watch) {
		w.container("hung", volume("mount", reaper.VolumeMissing), live("v-hung"))
		w.garden.usages["hung"] = reaper.Usage{Failed: true}
		w.container("o", volume("mount-o", reaper.VolumeMissing), live("v-o"))
		w.settled()
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		Expect(w.heldBy("hung")).To(Equal(by{reaper.HeldByBusy}))
		Expect(finding(w.report(), "hung").Holds[0].Detail).To(ContainSubstring("could not be asked for"))

		asked := func() int {
			return len(slices.DeleteFunc(w.of("usage"), func(call string) bool { return !strings.Contains(call, "hung") }))
		}
		for n, after := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 360, 360} {
			w.wait(after*time.Minute - time.Nanosecond)
			Expect(asked()).To(Equal(n + 1))
			w.wait(time.Nanosecond)
			Expect(asked()).To(Equal(n + 2))
		}

		w.garden.usages["hung"] = reaper.Usage{Processes: 1}
		w.wait(6 * time.Hour)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o", "destroy hung"}))
	}))

	It("asks again right before a destroy", watching(func(w *watch) {
		w.orphan("o")
		w.settled()
		Expect(w.of("usage", "destroy")).To(Equal([]string{"usage o", "usage o", "destroy o"}))
	}))

	It("asks anew after each try", watching(func(w *watch) {
		w.orphan("o")
		w.garden.onDestroy = fail
		w.settled()
		w.fakeWorker.calls.forget()
		w.passes(1)
		Expect(w.of("usage", "destroy")).To(Equal([]string{"usage o", "usage o", "destroy o"}))
	}))
})
