package reaper_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, failing to destroy", func() {
	type by = []reaper.HoldName

	// failing is a watch that has just failed to destroy its one orphan.
	failing := func(random float64, err error, spec func(*watch)) func() {
		return watching(func(w *watch) {
			w.Interval = 10 * time.Second
			w.Random = func() float64 { return random }
			w.Policy.Grace = time.Minute
			w.garden.onDestroy = func(context.Context, string) error { return err }
			w.orphan("o")
			w.start()
			for len(w.of("destroy")) == 0 {
				w.wait(time.Second)
			}
			spec(w)
		})
	}

	DescribeTable("waits half a minute, and twice as long each time, at most an hour",
		func(random float64, err error, expected ...time.Duration) {
			failing(random, err, func(w *watch) {
				for n, wait := range expected {
					failed := w.event(reaper.EventDestroyFailed).Time
					w.wait(11 * time.Second)
					Expect(finding(w.report(), "o").Holds).To(HaveExactElements(And(
						HaveField("By", reaper.HeldByBackoff), HaveField("Until", failed.Add(wait)))))

					w.wait(failed.Add(wait).Sub(w.wall.Now()) - time.Nanosecond)
					Expect(w.of("destroy")).To(HaveLen(n + 1))
					w.wait(11 * time.Second)
					Expect(w.of("destroy")).To(HaveLen(n + 2))
				}
			})()
		},
		Entry("to the second", 0.0, errNo, 30*time.Second, time.Minute, 2*time.Minute, 4*time.Minute, 8*time.Minute,
			16*time.Minute, 32*time.Minute, time.Hour, time.Hour, time.Hour),
		Entry("less up to a tenth", 0.5, errNo, 28500*time.Millisecond, 57*time.Second, 114*time.Second, 228*time.Second,
			456*time.Second, 912*time.Second, 1824*time.Second, 57*time.Minute, 57*time.Minute),
		Entry("where Garden is at it already", 0.0, fmt.Errorf("destroy o: %w", reaper.ErrInProgress),
			30*time.Second, time.Minute, 2*time.Minute),
	)

	It("leaves others out of it", failing(0, errNo, func(w *watch) {
		w.garden.onDestroy = func(_ context.Context, handle string) error {
			if handle == "o" {
				return errNo
			}
			w.gone(handle)
			return nil
		}
		w.orphan("p")
		w.orphan("q")
		w.wait(80 * time.Second)
		Expect(w.of("destroy")).To(ConsistOf("destroy o", "destroy o", "destroy p", "destroy q"))
	}))

	It("says what holds it back, for how long, and why", failing(0, errNo, func(w *watch) {
		w.wait(10 * time.Second)
		Expect(finding(w.report(), "o").Holds[0].Detail).To(Equal("destroying it failed once: no"))
		w.wait(40 * time.Second)
		Expect(finding(w.report(), "o").Holds[0].Detail).To(Equal("destroying it failed 2 times: no"))
	}))

	It("counts the time by the monotonic clock", failing(0, errNo, func(w *watch) {
		for range 3 {
			w.wall.step(50 * time.Second)
			w.wait(9 * time.Second)
		}
		Expect(w.interlocked()).NotTo(ContainElement(HavePrefix("clock-stepped")))
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByBackoff}))
		Expect(w.of("destroy")).To(HaveLen(1))
	}))

	It("is stuck after five, says so once, and tries on", failing(0, errNo, func(w *watch) {
		w.wait(440 * time.Second)
		Expect(finding(w.report(), "o").Stuck()).To(BeFalse())
		Expect(w.events()).NotTo(ContainElement("stuck o"))
		w.wait(80 * time.Second)
		Expect(finding(w.report(), "o").Stuck()).To(BeTrue())
		Expect(w.event(reaper.EventStuck)).To(And(
			HaveField("Failures", 5), HaveField("Err", MatchError("no")),
			HaveField("Reasons", HaveExactElements(HaveField("Code", reaper.VolumeIsMissing))),
			HaveField("Grace", time.Minute),
			HaveField("Time", BeTemporally("~", w.wall.Now(), 80*time.Second))))

		w.wait(24 * time.Hour)
		Expect(w.recorded(reaper.EventStuck)).To(HaveLen(1))
		Expect(len(w.of("destroy"))).To(BeNumerically(">", 20))
	}))

	It("tells of each failure how many there were by then", failing(0, errNo, func(w *watch) {
		w.wait(40 * time.Second)
		Expect(w.event(reaper.EventDestroying).Failures).To(Equal(1))
		Expect(w.event(reaper.EventDestroyFailed)).To(And(
			HaveField("Failures", 2), HaveField("Err", MatchError("no"))))
	}))

	It("is stuck until it is gone, though it was live in between", failing(0, errNo, func(w *watch) {
		w.wait(520 * time.Second)
		w.volumes.put(live("v-o"))
		w.wait(10 * time.Second)
		Expect(w.event(reaper.EventCleared).Failures).To(Equal(5))
		w.volumes.remove("v-o")
		w.wait(10 * time.Second)
		Expect(finding(w.report(), "o").Stuck()).To(BeTrue())

		w.gone("o")
		w.wait(20 * time.Second)
		w.back("o")
		w.wait(10 * time.Second)
		Expect(finding(w.report(), "o").Failures).To(BeZero())
	}))

	It("tells that one is destroyed which is gone after a destroy that failed", failing(0, errNo, func(w *watch) {
		w.gone("o")
		w.wait(20 * time.Second)
		Expect(w.events()).To(Equal([]string{"flagged o", "destroying o", "destroy-failed o", "destroyed o"}))
		Expect(w.event(reaper.EventDestroyed).Note).To(Equal("it is gone since an earlier attempt"))
	}))

	It("counts a destroy that runs into its deadline as a failure", watching(func(w *watch) {
		w.garden.onDestroy = hang
		w.orphan("o")
		w.settled()
		w.wait(w.Policy.DestroyTimeout - time.Nanosecond)
		Expect(w.events()).To(Equal([]string{"flagged o", "destroying o"}))
		w.wait(time.Nanosecond)
		Expect(w.events()).To(Equal([]string{"flagged o", "destroying o", "destroy-failed o"}))
		Expect(w.event(reaper.EventDestroyFailed).Err).To(MatchError(context.DeadlineExceeded))
	}))

	It("forgets the failures of what it destroyed in the end", failing(0, errNo, func(w *watch) {
		w.garden.onDestroy = func(context.Context, string) error { return reaper.ErrGone }
		w.wait(50 * time.Second)
		Expect(w.events()).To(ContainElement("destroyed o"))
		Expect(finding(w.report(), "o").Failures).To(BeZero())
	}))
})
