package reaper_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Daemon, with destroys that hang", func() {
	It("is not held up by one that hangs for longer than ten seconds", watching(func(w *watch) {
		w.Policy.MaxInFlight = 1
		w.orphans(3)
		w.slow(time.Hour, "o-1")
		w.settled()
		passes := len(w.observer.reports)
		w.wait(10*time.Second - time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o-1"}))
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o-1", "destroy o-2", "destroy o-3"}))
		Expect(w.logged("destroy-hangs")).To(Equal([]string{"destroy-hangs o-1"}))

		w.wait(20 * time.Second)
		Expect(w.observer.reports).To(HaveLen(passes + 1))
		Expect(finding(w.report(), "o-1")).To(And(
			HaveField("Destroying", true), HaveField("Eligible()", false), HaveField("Holds", BeEmpty())))
	}))

	It("makes room once for one that hangs", watching(func(w *watch) {
		w.Policy.MaxInFlight = 1
		w.Policy.DestroyTimeout = 15 * time.Second
		w.orphans(4)
		w.slow(time.Hour)
		w.settled()
		for n, at := range []int{0, 10, 20} {
			Expect(w.of("destroy")).To(HaveLen(n+1), "after %d seconds", at)
			w.wait(10 * time.Second)
		}
		Expect(w.of("destroy")).To(HaveLen(4))
	}))

	It("does not call one hung that ended in time", watching(func(w *watch) {
		w.orphans(1)
		w.slow(9 * time.Second)
		w.settled()
		w.wait(time.Minute)
		Expect(w.logged("destroy-hangs")).To(BeEmpty())
	}))

	It("gives a destroy its ten seconds after a long look, and never goes over what is allowed", watching(func(w *watch) {
		w.Policy.MaxInFlight = 1
		w.orphans(3)
		w.slow(8 * time.Second)
		w.settledBut(func() {
			w.garden.onInspect = func([]string) { time.Sleep(8 * time.Second) }
		})
		w.wait(24*time.Second - time.Nanosecond)
		Expect(w.of("destroy")).To(HaveLen(1))
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(HaveLen(2))
		Expect(w.logged("destroy-hangs")).To(BeEmpty())
	}))

	It("has never more destroys begun than allowed when several long looks end at once", watching(func(w *watch) {
		w.Policy.MaxInFlight = 2
		w.orphans(6)
		w.slow(9 * time.Second)
		release := make(chan struct{})
		w.settledBut(func() {
			w.garden.onInspect = func([]string) { <-release }
		})
		w.wait(25 * time.Second)
		Expect(w.of("destroy")).To(BeEmpty())
		close(release)
		w.wait(time.Second)
		Expect(w.of("destroy")).To(HaveLen(2))
		w.garden.onInspect = nil
		w.wait(2 * time.Minute)
		Expect(w.of("destroy")).To(HaveLen(6))
	}))

	It("counts the look of an attempt among what may hang", watching(func(w *watch) {
		w.Policy.MaxInFlight = 1
		w.orphans(2)
		w.settledBut(func() {
			w.garden.onInspect = func(handles []string) {
				if handles[0] == "o-1" {
					time.Sleep(time.Minute)
				}
			}
		})
		w.wait(10 * time.Second)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o-2"}))
		w.wait(50 * time.Second)
		Expect(w.of("destroy")).To(ContainElement("destroy o-1"))
	}))
})
