package reaper_test

import (
	"context"
	"errors"
	"testing/synctest"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, told to end", func() {
	// ends tells how long the daemon took to end.
	ends := func(w *watch) time.Duration {
		told := time.Now()
		w.stop()
		return time.Since(told)
	}

	It("ends at once where nothing is under way", watching(func(w *watch) {
		w.settled()
		Expect(ends(w)).To(BeZero())
		Expect(w.of("handles")).To(HaveLen(21))
	}))

	It("waits for destroys that are under way, and starts no other", watching(func(w *watch) {
		w.Policy.MaxInFlight = 2
		for _, handle := range []string{"o-1", "o-2", "o-3"} {
			w.orphan(handle)
		}
		w.garden.onDestroy = func(ctx context.Context, handle string) error {
			time.Sleep(5 * time.Second)
			w.gone(handle)
			return ctx.Err()
		}
		w.settled()
		Expect(ends(w)).To(Equal(5 * time.Second))
		Expect(w.of("destroy")).To(HaveLen(2))
		Expect(w.events()).To(ContainElements("destroyed o-1", "destroyed o-2"))
		Expect(w.keeper.last().Orphans).To(HaveLen(1))
	}))

	It("leaves to Garden what is not over after eight seconds, journalled as being destroyed", watching(func(w *watch) {
		w.orphan("o")
		w.garden.onDestroy = hang
		w.settled()
		Expect(ends(w)).To(Equal(8 * time.Second))
		Expect(w.events()).To(Equal([]string{"flagged o", "destroying o"}))
		Expect(w.logged("left-destroy-to-garden")).To(Equal([]string{"left-destroy-to-garden o"}))
		Expect(w.keeper.last().Orphans).To(HaveKeyWithValue("o", And(
			HaveField("Tried", true), HaveField("Flagged", true), HaveField("Failures", 0))))
	}))

	It("leaves one that hangs for long likewise", watching(func(w *watch) {
		w.orphan("o")
		w.garden.onDestroy = hang
		w.settled()
		w.wait(time.Minute)
		Expect(ends(w)).To(Equal(8 * time.Second))
		Expect(w.events()).To(Equal([]string{"flagged o", "destroying o"}))
	}))

	It("keeps that a destroy is under way, for others to see, and not that one was", watching(func(w *watch) {
		w.orphan("o")
		w.garden.onDestroy = hang
		w.settled()
		w.passes(1)
		Expect(w.keeper.last().Orphans["o"].Destroying).To(BeTrue())
		w.stop()
		Expect(w.keeper.last().Orphans["o"].Destroying).To(BeFalse())

		past := w.keeper.last()
		left := past.Orphans["o"]
		left.Destroying = true
		past.Orphans["o"] = left
		w.Policy.Protect = protect("o")
		w.hire(past)
		w.start()
		Expect(w.keeper.last().Orphans["o"].Destroying).To(BeFalse())
		Expect(finding(w.report(), "o").Destroying).To(BeFalse())
	}))

	It("journals one that fails within the eight seconds as failed", watching(func(w *watch) {
		w.orphan("o")
		w.garden.onDestroy = func(context.Context, string) error {
			time.Sleep(7 * time.Second)
			return errNo
		}
		w.settled()
		Expect(ends(w)).To(Equal(7 * time.Second))
		Expect(w.events()).To(Equal([]string{"flagged o", "destroying o", "destroy-failed o"}))
		Expect(w.keeper.last().Orphans["o"].Failures).To(Equal(1))
	}))

	// slowDisk is a settled daemon in the middle of a pass that reads a disk, which
	// no context calls off, for five seconds more.
	slowDisk := func(w *watch) {
		w.settled()
		w.volumes.onSnapshot = func() { time.Sleep(6 * time.Second) }
		w.wait(w.Interval + time.Second)
	}

	It("counts the eight seconds from when it is told, whatever a pass is at", watching(func(w *watch) {
		w.orphan("o")
		w.garden.onDestroy = hang
		slowDisk(w)
		Expect(ends(w)).To(Equal(8 * time.Second))
		Expect(w.logged("left-destroy-to-garden")).To(Equal([]string{"left-destroy-to-garden o"}))
	}))

	It("starts no destroy while a pass goes on", watching(func(w *watch) {
		w.Interval, w.Policy.MaxInFlight = 5*time.Second, 1
		w.orphans(2)
		w.slow(7 * time.Second)
		slowDisk(w)
		Expect(w.of("destroy")).To(HaveLen(1))
		// The first is over before the pass is, and leaves its place to the other.
		Expect(ends(w)).To(Equal(5 * time.Second))
		Expect(w.of("destroy")).To(HaveLen(1))
	}))

	It("destroys nothing that it is about to look at again", watching(func(w *watch) {
		w.orphan("o")
		w.settledBut(func() {
			w.server.onUsage = func(context.Context) {
				w.server.onUsage = func(context.Context) { time.Sleep(5 * time.Second) }
			}
		})
		Expect(ends(w)).To(Equal(5 * time.Second))
		Expect(w.of("destroy")).To(BeEmpty())
		Expect(w.keeper.last().Orphans["o"]).To(And(HaveField("Tried", false), HaveField("Failures", 0)))
	}))

	It("has no error to tell of a look that is called off", watching(func(w *watch) {
		w.orphan("o")
		w.settledBut(func() {
			w.garden.inspectErr = errors.New("called off")
			w.server.onInspect = func(ctx context.Context) { <-ctx.Done() }
		})
		Expect(ends(w)).To(BeZero())
		Expect(w.logged("failed-to-look-again")).To(BeEmpty())
		Expect(w.of("destroy")).To(BeEmpty())
	}))

	It("takes no notice of a pass that is called off", watching(func(w *watch) {
		w.orphan("o")
		w.settledBut(func() {
			w.garden.handlesErr = context.Canceled
			w.server.onHandles = func(ctx context.Context) { <-ctx.Done() }
		})
		passes, kept := len(w.observer.reports), w.keeper.last().Elapsed
		Expect(ends(w)).To(BeZero())
		Expect(w.observer.reports).To(HaveLen(passes))
		Expect(w.interlocked()).To(Equal([]string{"starting on"}))
		Expect(w.keeper.last().Elapsed).To(Equal(kept))
		Expect(w.of("destroy")).To(BeEmpty())
	}))

	It("takes a question that is called off for no silence of baggageclaim", watching(func(w *watch) {
		w.settledBut(func() { w.fakeWorker.Baggageclaim = untilDone{w.baggageclaim} })
		heard := w.keeper.last().HeardSince
		Expect(heard).NotTo(BeNil())
		Expect(ends(w)).To(BeZero())
		Expect(w.keeper.last().HeardSince).To(Equal(heard))
	}))

	It("journals what a pass has flagged that is called off after that", watching(func(w *watch) {
		w.orphan("o")
		w.settledBut(func() {
			w.orphan("p")
			w.server.onUsage = func(context.Context) { w.cancel() }
		})
		w.stop()
		Expect(w.events()).To(Equal([]string{"flagged o", "flagged p"}))
		Expect(w.keeper.last().Orphans).To(HaveKey("p"))
		Expect(w.of("destroy")).To(BeEmpty())
	}))

	It("keeps its memory after the last destroy is over", watching(func(w *watch) {
		w.orphan("o")
		w.garden.onDestroy = func(context.Context, string) error {
			time.Sleep(5 * time.Second)
			w.gone("o")
			return nil
		}
		w.settled()
		Expect(w.keeper.last().Orphans).To(HaveLen(1))
		w.stop()
		Expect(w.keeper.last().Orphans).To(BeEmpty())
	}))

	It("does not begin where it is told to end before", watching(func(w *watch) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		w.Run(ctx)
		synctest.Wait()
		Expect(w.of("handles")).To(BeEmpty())
		Expect(w.keeper.count()).To(Equal(1))
	}))

	Describe("and started again", func() {
		dangling := func(spec func(*watch)) func() {
			return watching(func(w *watch) {
				w.orphan("o")
				w.garden.onDestroy = hang
				w.settled()
				w.stop()
				w.garden.onDestroy = nil
				w.hire(w.keeper.last(), "o")
				spec(w)
			})
		}

		It("tells of one that is gone that it is destroyed", dangling(func(w *watch) {
			w.gone("o")
			w.start()
			Expect(w.events()).To(Equal([]string{"flagged o", "destroying o"}))
			w.passes(1)
			Expect(w.events()[2:]).To(Equal([]string{"destroyed o"}))
			w.passes(5)
			Expect(w.events()[3:]).To(BeEmpty())
			Expect(w.keeper.last().Orphans).To(BeEmpty())
			w.back("o")
			w.passes(1)
			Expect(w.events()[3:]).To(Equal([]string{"flagged o"}))
		}))

		It("tells of one that is there that it failed, once", dangling(func(w *watch) {
			w.Policy.Protect = protect("o")
			w.start()
			Expect(w.events()[2:]).To(Equal([]string{"destroy-failed o"}))
			Expect(w.event(reaper.EventDestroyFailed)).To(And(
				HaveField("Err", MatchError(ContainSubstring("still there"))), HaveField("Time", w.wall.Now()),
				HaveField("Age", w.wall.Now().Sub(now)+24*time.Hour), HaveField("Grace", 10*time.Minute),
				HaveField("Reasons", HaveLen(1))))
			w.passes(5)
			Expect(w.events()[3:]).To(BeEmpty())
			w.gone("o")
			w.passes(2)
			Expect(w.events()[3:]).To(Equal([]string{"destroyed o"}))
		}))

		It("tells of one that nobody remembers", watching(func(w *watch) {
			w.hire(reaper.Past{}, "a-live", "z-gone")
			w.start()
			Expect(w.events()).To(Equal([]string{"destroy-failed a-live"}))
			w.passes(1)
			Expect(w.events()).To(Equal([]string{"destroy-failed a-live", "destroyed z-gone"}))
			Expect(w.event(reaper.EventDestroyed).Note).NotTo(BeEmpty())
		}))

		It("waits for Garden to tell", watching(func(w *watch) {
			w.garden.handlesErr = errNo
			w.hire(reaper.Past{}, "a-live")
			w.start()
			w.passes(3)
			Expect(w.events()).To(BeEmpty())
			w.garden.handlesErr = nil
			w.passes(1)
			Expect(w.events()).To(Equal([]string{"destroy-failed a-live"}))
		}))
	})
})
