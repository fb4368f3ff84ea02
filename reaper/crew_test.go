package reaper_test

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, destroying beside its passes", func() {
	type by = []reaper.HoldName

	DescribeTable("has never more in flight than allowed, and no fewer",
		func(allowed, inFlight int) {
			watching(func(w *watch) {
				w.Policy.MaxInFlight = allowed
				w.orphans(7)
				w.slow(4 * time.Second)
				w.settled()
				for n := inFlight; n < 7; n += inFlight {
					Expect(w.of("destroy")).To(HaveLen(n))
					w.wait(4*time.Second - time.Nanosecond)
					Expect(w.of("destroy")).To(HaveLen(n))
					w.wait(time.Nanosecond)
				}
				Expect(w.of("destroy")).To(HaveLen(7))
			})()
		},
		Entry("one", 1, 1),
		Entry("three", 3, 3),
		Entry("more than there are", 100, 7),
		Entry("a policy that says none: one, or nothing would ever end", 0, 1),
	)

	It("takes those first that have been orphans for longest", watching(func(w *watch) {
		w.Policy.MaxInFlight = 1
		w.start()
		w.wait(time.Minute)
		w.orphan("z")
		w.wait(time.Minute)
		w.orphan("a")
		w.wait(20 * time.Minute)
		Expect(w.of("destroy")).To(Equal([]string{"destroy z", "destroy a"}))
	}))

	It("never has two destroys of one container under way", watching(func(w *watch) {
		w.orphans(1)
		w.slow(100 * time.Second)
		w.settled()
		w.passes(3)
		Expect(w.of("destroy")).To(HaveLen(1))
		w.wait(time.Hour)
		Expect(w.of("destroy")).To(HaveLen(1))
	}))

	It("does not offer one again whose destroy began while the pass was at its end", watching(func(w *watch) {
		w.Policy.MaxInFlight = 2
		w.orphans(9)
		w.slow(9 * time.Second)
		w.settled()
		w.orphan("new")
		w.recorder.onRecord = func(event reaper.Event) {
			if event.Name == reaper.EventFlagged {
				time.Sleep(10 * time.Second)
			}
		}
		w.wait(2 * time.Minute)
		Expect(w.of("destroy")).To(HaveLen(9))
	}))

	It("leaves it to the destroy to tell how it ended, though the container is gone before", watching(func(w *watch) {
		w.orphans(1)
		w.garden.onDestroy = func(context.Context, string) error {
			w.gone("o-1")
			time.Sleep(100 * time.Second)
			return nil
		}
		w.settled()
		w.passes(3)
		Expect(w.events()).To(Equal([]string{"flagged o-1", "destroying o-1"}))
		w.passes(3)
		Expect(w.events()).To(Equal([]string{"flagged o-1", "destroying o-1", "destroyed o-1"}))
	}))

	It("drops what is left of an offer for the next one", watching(func(w *watch) {
		w.Policy.MaxInFlight = 1
		w.orphans(6)
		w.slow(9 * time.Second)
		w.settled()
		w.wait(29 * time.Second)
		Expect(w.of("destroy")).To(HaveLen(4))
		w.volumes.put(live("v-o-5"))
		w.wait(time.Minute)
		Expect(w.of("destroy")[4:]).To(Equal([]string{"destroy o-6"}))
		Expect(w.logged("kept-container")).To(BeEmpty())
	}))

	It("offers no more in a pass than it may, and leaves those under way out of the count", watching(func(w *watch) {
		w.Policy.MaxPerPass = 2
		w.orphans(5)
		w.slow(45*time.Second, "o-1", "o-2")
		w.settled()
		w.wait(20 * time.Second)
		Expect(w.of("destroy")).To(ConsistOf("destroy o-1", "destroy o-2"))
		Expect(w.heldBy("o-3")).To(Equal(by{reaper.HeldByCap}))
		w.passes(1)
		Expect(w.of("destroy")).To(ConsistOf("destroy o-1", "destroy o-2", "destroy o-3", "destroy o-4"))
		Expect(w.heldBy("o-5")).To(Equal(by{reaper.HeldByCap}))
	}))

	It("asks about those again that a last look kept", watching(func(w *watch) {
		w.orphans(1)
		w.settledBut(func() {
			w.sight("o-1", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-live") })
		})
		Expect(w.logged("kept-container")).To(Equal([]string{"kept-container o-1"}))
		Expect(finding(w.report(), "o-1").Verdict).To(Equal(reaper.Orphan))
		w.passes(1)
		Expect(finding(w.report(), "o-1").Verdict).To(Equal(reaper.Live))
		Expect(w.events()).To(Equal([]string{"flagged o-1", "cleared o-1"}))
		Expect(w.keeper.last().Orphans).To(BeEmpty())
		w.fakeWorker.calls.forget()
		w.passes(1)
		Expect(w.of("inspect")).To(BeEmpty())
	}))

	It("leaves it to the passes to tell of one that was gone in its last look", watching(func(w *watch) {
		w.orphans(1)
		w.settledBut(func() {
			w.server.onUsage = func(context.Context) {
				w.server.onUsage = nil
				w.gone("o-1")
				delete(w.garden.sightings, "o-1")
			}
		})
		Expect(w.logged("kept-container")).To(BeEmpty())
		Expect(w.events()).To(Equal([]string{"flagged o-1"}))
		w.passes(2)
		Expect(w.events()).To(Equal([]string{"flagged o-1", "cleared o-1"}))
	}))

	It("does not flag again what ended while a pass was under way that had it listed", watching(func(w *watch) {
		w.orphans(1)
		w.slow(40 * time.Second)
		w.settled()
		w.volumes.onSnapshot = func() { time.Sleep(20 * time.Second) }
		w.passes(1)
		w.wait(10 * time.Second)
		Expect(w.events()).To(Equal([]string{"flagged o-1", "destroying o-1", "destroyed o-1"}))
		w.volumes.onSnapshot = nil
		w.wait(10 * time.Second)
		Expect(finding(w.report(), "o-1").Verdict).To(Equal(reaper.Orphan))
		w.wait(5 * time.Minute)
		Expect(w.events()).To(HaveLen(3))
		Expect(w.keeper.last().Orphans).To(BeEmpty())
	}))

	It("flags what is there in the next pass again, though Garden said that it was gone", watching(func(w *watch) {
		w.orphans(1)
		w.garden.onDestroy = func(context.Context, string) error { return nil }
		w.settled()
		w.passes(1)
		Expect(w.events()).To(Equal([]string{"flagged o-1", "destroying o-1", "destroyed o-1", "flagged o-1"}))
	}))

	DescribeTable("inspects a container anew that has the handle of one destroyed",
		func(err error, events ...string) {
			watching(func(w *watch) {
				w.orphans(1)
				w.garden.onDestroy = func(context.Context, string) error {
					w.sight("o-1", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-live") })
					return err
				}
				w.settled()
				w.passes(1)
				Expect(finding(w.report(), "o-1").Verdict).To(Equal(reaper.Live))
				Expect(w.events()).To(Equal(append([]string{"flagged o-1", "destroying o-1"}, events...)))
			})()
		},
		Entry("by weeder", nil, "destroyed o-1"),
		Entry("by somebody else", reaper.ErrGone, "destroyed o-1"),
		Entry("by a destroy that is said to have failed", errors.New("init still running"), "destroy-failed o-1", "cleared o-1"),
	)
})
