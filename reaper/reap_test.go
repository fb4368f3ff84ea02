package reaper_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Reap", func() {
	type on = []reaper.InterlockName

	var w *fakeWorker
	BeforeEach(func() { w = newWorker() })

	answers := func(byHandle map[string]error) {
		w.garden.onDestroy = func(_ context.Context, handle string) error { return byHandle[handle] }
	}

	It("destroys the orphans and nothing else", func() {
		w.orphan("c")
		w.orphan("d")
		w.orphan("young")
		w.sight("young", func(s *reaper.Sighting) { s.CreatedAt = now.Add(-time.Minute) })
		w.container("unknown", unreadable("v", syscall.ENOTDIR))

		outcome := w.reap()
		Expect(outcome.Destroyed).To(Equal([]string{"c", "d"}))
		Expect(handles(outcome.Held)).To(Equal([]string{"young"}))
		Expect(outcome.Failed).To(BeEmpty())
		Expect(outcome.Interlocks).To(BeEmpty())
		Expect(w.of("destroy")).To(ConsistOf("destroy c", "destroy d"))
	})

	It("does nothing where nothing is due", func() {
		Expect(w.reap()).To(Equal(reaper.Outcome{}))
		Expect(w.of("destroy", "record", "fresh")).To(BeEmpty())
	})

	It("destroys nothing under an interlock, and names it", func() {
		w.orphan("c")
		w.container("d", unreadable("v-d", syscall.EIO))
		outcome := w.reap()
		Expect(interlocks(outcome.Interlocks)).To(Equal(on{reaper.VolumesDirUnusable}))
		Expect(handles(outcome.Held)).To(Equal([]string{"c"}))
		Expect(w.of("destroy", "record", "fresh")).To(BeEmpty())
	})

	It("tells destroyed, gone, in progress and failed apart, and lets none hold up another", func() {
		for _, handle := range []string{"destroyed", "failed", "gone", "in-progress"} {
			w.orphan(handle)
		}
		broken := errors.New("runc delete: exit status 1")
		answers(map[string]error{
			"failed":      broken,
			"gone":        fmt.Errorf("destroy gone: %w", reaper.ErrGone),
			"in-progress": fmt.Errorf("destroy in-progress: %w", reaper.ErrInProgress),
		})

		outcome := w.reap()
		Expect(outcome).To(Equal(reaper.Outcome{
			Destroyed:  []string{"destroyed"},
			Gone:       []string{"gone"},
			InProgress: []string{"in-progress"},
			Failed:     []reaper.Failure{{Handle: "failed", Err: broken}},
		}))
	})

	It("sorts what it tells by handle", func() {
		w.question.Policy.MaxPerPass = 0
		all := map[reaper.Verdict][]string{}
		for i := range 12 {
			handle := fmt.Sprintf("o-%02d", i)
			w.orphan(handle)
			w.sight(handle, func(s *reaper.Sighting) { s.CreatedAt = s.CreatedAt.Add(-time.Duration(i) * time.Hour) })
			all[reaper.Orphan] = append(all[reaper.Orphan], handle)
		}
		Expect(w.reap().Destroyed).To(Equal(all[reaper.Orphan]))

		answers(map[string]error{"o-03": reaper.ErrGone, "o-02": reaper.ErrGone, "o-05": syscall.EIO, "o-04": syscall.EIO,
			"o-07": reaper.ErrInProgress, "o-06": reaper.ErrInProgress})
		outcome := w.reap()
		Expect(outcome.Gone).To(Equal([]string{"o-02", "o-03"}))
		Expect(outcome.InProgress).To(Equal([]string{"o-06", "o-07"}))
		Expect(outcome.Failed).To(HaveExactElements(HaveField("Handle", "o-04"), HaveField("Handle", "o-05")))
	})

	Describe("the journal", func() {
		It("has destroying before the call, and what became of it after", func() {
			w.orphan("c")
			w.reap()
			Expect(w.of("record", "destroy")).To(Equal([]string{"record destroying c", "destroy c", "record destroyed c"}))
		})

		It("has all that there is to say of it", func() {
			w.orphan("c")
			w.sight("c", func(s *reaper.Sighting) { s.Properties[reaper.GraceTimeProperty] = "1800000000000" })
			broken := errors.New("runc delete: exit status 1")
			answers(map[string]error{"c": broken})
			w.reap()

			event := reaper.Event{
				Time: now, Name: reaper.EventDestroying, Handle: "c", Age: 24 * time.Hour, Grace: 30 * time.Minute,
				Reasons: []reaper.Reason{{Code: reaper.VolumeIsMissing, Volume: "v-c", Detail: "in none of init, live and dead"}},
			}
			failed := event
			failed.Name, failed.Err, failed.Failures = reaper.EventDestroyFailed, broken, 1
			Expect(w.recorder.events).To(Equal([]reaper.Event{event, failed}))
		})

		It("has no age where none is known, and the policy's grace where the container has none", func() {
			w.orphan("c")
			w.sight("c", func(s *reaper.Sighting) { s.CreatedAt = time.Time{} })
			w.sightings["c"] = now.Add(-time.Hour)
			w.reap()
			Expect(w.recorder.events).To(HaveLen(2))
			Expect(w.recorder.events).To(HaveEach(And(HaveField("Age", BeZero()), HaveField("Grace", 10*time.Minute))))
		})

		DescribeTable("has how it ended, where that is known",
			func(answer error, events ...reaper.EventName) {
				w.orphan("c")
				answers(map[string]error{"c": answer})
				w.reap()
				names := []reaper.EventName{}
				for _, event := range w.recorder.events {
					names = append(names, event.Name)
				}
				Expect(names).To(Equal(events))
			},
			Entry("gone: over", reaper.ErrGone, reaper.EventDestroying, reaper.EventDestroyed),
			Entry("in progress: not ours", reaper.ErrInProgress, reaper.EventDestroying, reaper.EventDestroyFailed),
			Entry("failed", errors.New("no"), reaper.EventDestroying, reaper.EventDestroyFailed),
		)

		It("stops nothing where it can't be written: the log tells each destroy", func() {
			w.orphan("c")
			w.orphan("d")
			w.question.Policy.MaxInFlight = 1
			w.recorder.err = syscall.ENOSPC

			Expect(w.reap().Destroyed).To(Equal([]string{"c", "d"}))
			told := []string{}
			for _, entry := range w.log.Logs() {
				told = append(told, fmt.Sprint(entry.Message, " ", entry.Data["event"], " ", entry.Data["handle"]))
			}
			Expect(told).To(Equal([]string{
				"reaper.failed-to-write-journal destroying c", "reaper.failed-to-write-journal destroyed c", "reaper.destroyed-container <nil> c",
				"reaper.failed-to-write-journal destroying d", "reaper.failed-to-write-journal destroyed d", "reaper.destroyed-container <nil> d",
			}))
		})

		It("can be done without", func() {
			w.orphan("c")
			r := w.reaper()
			r.Recorder = nil
			Expect(r.Reap(GinkgoT().Context(), w.pass(), w.question).Destroyed).To(Equal([]string{"c"}))
		})
	})

	DescribeTable("logs each once, after it happened, with its handle",
		func(answer error, message string) {
			w.orphan("c")
			answers(map[string]error{"c": answer})
			w.reap()
			Expect(w.log.Logs()).To(ConsistOf(And(
				HaveField("Message", "reaper."+message), HaveField("Data", HaveKeyWithValue("handle", "c")))))
		},
		Entry("destroyed", nil, "destroyed-container"),
		Entry("in progress", reaper.ErrInProgress, "container-is-being-destroyed"),
		Entry("failed", errors.New("no"), "failed-to-destroy-container"),
	)

	It("tells its progress, of everything that is due", func() {
		for _, handle := range []string{"c", "d", "e", "f"} {
			w.orphan(handle)
		}
		w.orphan("held")
		w.question.Policy.Protect = protect("held")
		answers(map[string]error{"c": errors.New("no"), "d": reaper.ErrGone})
		report := w.pass()
		w.volumes.put(live("v-e"))

		progress := [][2]int{}
		r := w.reaper()
		r.Progress = func(done, of int) { progress = append(progress, [2]int{done, of}) }
		r.Reap(GinkgoT().Context(), report, w.question)
		Expect(progress).To(Equal([][2]int{{1, 4}, {2, 4}, {3, 4}, {4, 4}}))
	})

	It("destroys no more than the cap, the longest orphaned first", func() {
		for i, handle := range []string{"c", "d", "e"} {
			w.orphan(handle)
			w.sight(handle, func(s *reaper.Sighting) { s.CreatedAt = now.Add(-time.Duration(i+1) * time.Hour) })
		}
		w.question.Policy.MaxPerPass, w.question.Policy.MaxInFlight = 2, 1
		outcome := w.reap()
		Expect(w.of("destroy")).To(Equal([]string{"destroy e", "destroy d"}))
		Expect(outcome.Held).To(ConsistOf(And(
			HaveField("Container.Handle", "c"), HaveField("HeldBy()", []reaper.HoldName{reaper.HeldByCap}))))
	})

	It("destroys the handles that were given alone", func() {
		for _, handle := range []string{"c", "d", "e"} {
			w.orphan(handle)
		}
		w.question.Named = []string{"d", "a-live", "no-such"}
		outcome := w.reap()
		Expect(outcome).To(Equal(reaper.Outcome{Destroyed: []string{"d"}}))
		Expect(w.of("destroy")).To(Equal([]string{"destroy d"}))
	})

	Context("when its context is cancelled", func() {
		var (
			ctx    context.Context
			cancel context.CancelFunc
			report reaper.Report
		)
		BeforeEach(func() {
			ctx, cancel = context.WithCancel(GinkgoT().Context())
			DeferCleanup(cancel)
			w.orphan("c")
			w.orphan("d")
			w.question.Policy.MaxInFlight = 1
			report = w.pass()
			w.forget()
		})
		interrupted := MatchError("interrupted before it was tried")

		It("tries none", func() {
			cancel()
			outcome := w.reaper().Reap(ctx, report, w.question)
			Expect(outcome.Failed).To(HaveExactElements(
				And(HaveField("Handle", "c"), HaveField("Err", interrupted)),
				And(HaveField("Handle", "d"), HaveField("Err", interrupted))))
			Expect(w.of()).To(BeEmpty())
		})

		It("lets what is under way end, and tries no other", func() {
			w.garden.onDestroy = func(context.Context, string) error { cancel(); return nil }
			outcome := w.reaper().Reap(ctx, report, w.question)
			Expect(outcome.Destroyed).To(Equal([]string{"c"}))
			Expect(outcome.Failed).To(ConsistOf(And(HaveField("Handle", "d"), HaveField("Err", interrupted))))
		})

		It("leaves the journal at that a destroy was begun whose end nobody knows", func() {
			w.garden.onDestroy = func(ctx context.Context, _ string) error { cancel(); return ctx.Err() }
			outcome := w.reaper().Reap(ctx, report, w.question)
			Expect(outcome.Failed).To(HaveLen(2))
			Expect(w.of("record")).To(Equal([]string{"record destroying c"}))
		})

		It("starts no destroy where it was only looking", func() {
			w.volumes.onFresh = cancel
			outcome := w.reaper().Reap(ctx, report, w.question)
			Expect(outcome.Failed).To(HaveLen(2))
			Expect(w.of("destroy", "record")).To(BeEmpty())
		})
	})
})
