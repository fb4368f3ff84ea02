package reaper_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon", func() {
	DescribeTable("waits its interval between passes, give or take a tenth",
		func(random float64, interval time.Duration) {
			watching(func(w *watch) {
				w.Random = func() float64 { return random }
				w.start()
				Expect(w.of("handles")).To(HaveLen(1))
				for n := 2; n < 5; n++ {
					w.wait(interval - time.Nanosecond)
					Expect(w.of("handles")).To(HaveLen(n - 1))
					w.wait(time.Nanosecond)
					Expect(w.of("handles")).To(HaveLen(n))
				}
			})()
		},
		Entry("a tenth less", 0.0, 27*time.Second),
		Entry("as it is", 0.5, 30*time.Second),
		Entry("nearly a tenth more", 0.75, 31500*time.Millisecond),
	)

	It("counts the interval from the end of a pass, so that none overlap", watching(func(w *watch) {
		var passing, most atomic.Int32
		w.server.onHandles = func(context.Context) {
			most.Store(max(most.Load(), passing.Add(1)))
			time.Sleep(100 * time.Second)
			passing.Add(-1)
		}
		w.start()
		Expect(w.observer.reports).To(BeEmpty())
		w.wait(100 * time.Second)
		Expect(w.observer.reports).To(HaveLen(1))
		Expect(w.report().Took).To(Equal(100 * time.Second))
		w.wait(30*time.Second - time.Nanosecond)
		Expect(passing.Load()).To(BeZero())
		w.wait(time.Nanosecond)
		Expect(passing.Load()).To(Equal(int32(1)))
		w.wait(100 * time.Second)
		Expect(w.observer.reports).To(HaveLen(2))
		Expect(most.Load()).To(Equal(int32(1)))
	}))

	DescribeTable("destroys nothing before it has watched for the longer of interval and grace",
		func(interval, grace, first time.Duration) {
			watching(func(w *watch) {
				w.Interval, w.Policy.Grace = interval, grace
				w.orphan("o")
				w.start()
				w.wait(first - time.Nanosecond)
				Expect(w.on()).To(Equal([]reaper.InterlockName{reaper.Starting}))
				Expect(w.of("destroy")).To(BeEmpty())
				w.wait(time.Nanosecond)
				Expect(w.on()).To(BeEmpty())
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			})()
		},
		Entry("grace", 30*time.Second, 10*time.Minute, 10*time.Minute),
		Entry("interval", 15*time.Minute, 10*time.Minute, 15*time.Minute),
	)

	It("watches for a whole interval, though the first is a tenth shorter", watching(func(w *watch) {
		w.Interval, w.Policy.Grace = 15*time.Minute, time.Minute
		w.Random = func() float64 { return 0 }
		w.orphan("o")
		w.start()
		w.wait(14 * time.Minute)
		Expect(w.observer.reports).To(HaveLen(2))
		Expect(w.on()).To(Equal([]reaper.InterlockName{reaper.Starting}))
		w.wait(13 * time.Minute)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("says how long it will be starting", watching(func(w *watch) {
		w.start()
		w.passes(3)
		Expect(w.report().Interlocks).To(HaveExactElements(HaveField("Detail", ContainSubstring("8m30s"))))
	}))

	It("destroys what is left alone by its holds, and that alone", watching(func(w *watch) {
		w.Policy.Protect = protect("protected")
		w.orphan("o")
		w.orphan("protected")
		w.container("busy", volume("mount", reaper.VolumeMissing), live("v-busy"))
		w.garden.usages["busy"] = reaper.Usage{Processes: 2}
		w.container("unknown", unreadable("v-unknown", errNo))
		w.settled()
		w.wait(48 * time.Hour)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		Expect(w.heldBy("busy")).To(Equal([]reaper.HoldName{reaper.HeldByBusy}))
		Expect(w.heldBy("protected")).To(Equal([]reaper.HoldName{reaper.HeldByProtected}))
	}))

	It("tells the observer of each pass when it is over, with what the plan holds back", watching(func(w *watch) {
		w.Policy.MaxPerPass = 1
		w.orphan("o-1")
		w.orphan("o-2")
		w.settled()
		Expect(w.observer.reports).To(HaveLen(21))
		Expect(w.heldBy("o-1")).To(BeEmpty())
		Expect(w.heldBy("o-2")).To(Equal([]reaper.HoldName{reaper.HeldByCap}))
		Expect(w.of("destroy")).To(Equal([]string{"destroy o-1"}))
		w.passes(1)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o-1", "destroy o-2"}))
	}))

	It("needs no observer", watching(func(w *watch) {
		w.Observer = nil
		w.orphan("o")
		w.settled()
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("has a log of what changes, not of passes", watching(func(w *watch) {
		w.orphan("o")
		w.Policy.Protect = protect("o")
		w.settled()
		before := len(w.log.LogMessages())
		debug := len(w.logged("passed"))
		w.passes(100)
		Expect(w.logged("passed")).To(HaveLen(debug + 100))
		Expect(w.log.LogMessages()).To(HaveLen(before + 100))
	}))

	DescribeTable("goes by a look only for so long", func(took time.Duration, destroyed bool) {
		watching(func(w *watch) {
			w.orphan("o")
			w.settledBut(func() {
				w.server.onInspect = func(context.Context) {
					w.server.onInspect = nil
					time.Sleep(took)
				}
			})
			w.wait(took)
			if destroyed {
				Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
				return
			}
			Expect(w.of("destroy")).To(BeEmpty())
			Expect(w.logged("failed-to-look-again")).To(Equal([]string{"failed-to-look-again o"}))
			w.passes(1)
			Expect(w.of("destroy")).To(Equal([]string{"destroy o"}), "it looks again")
		})()
	},
		Entry("two minutes", 2*time.Minute, true),
		Entry("longer, since it was stopped meanwhile", 2*time.Minute+time.Nanosecond, false),
		Entry("much longer", 4*time.Minute+10*time.Second, false),
	)

	It("goes on where a look fails, and tries again", watching(func(w *watch) {
		w.orphan("o")
		w.settledBut(func() { w.garden.inspectErr = errors.New("reset") })
		Expect(w.of("destroy", "record")).NotTo(ContainElement(HavePrefix("destroy")))
		Expect(w.logged("failed-to-look-again")).To(Equal([]string{"failed-to-look-again o"}))
		w.garden.inspectErr = nil
		w.passes(1)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		Expect(w.event(reaper.EventDestroying).Failures).To(BeZero())
	}))
})
