package reaper_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Reap, destroying several at once", func() {
	var (
		w      *fakeWorker
		ctx    context.Context
		cancel context.CancelFunc
	)
	BeforeEach(func() {
		w = newWorker()
		for i := range 6 {
			w.orphan(fmt.Sprintf("o-%d", i))
		}
		ctx, cancel = context.WithCancel(GinkgoT().Context())
		DeferCleanup(cancel)
	})

	reaping := func() <-chan reaper.Outcome {
		report := w.pass()
		Expect(report.Interlocks).To(BeEmpty())
		done := make(chan reaper.Outcome, 1)
		go func() { done <- w.reaper().Reap(ctx, report, w.question) }()
		return done
	}

	DescribeTable("has never more in flight than allowed, and no fewer",
		func(allowed, inFlight int) {
			w.question.Policy.MaxInFlight = allowed
			entered, release := make(chan string), make(chan struct{})
			w.garden.onDestroy = func(context.Context, string) error {
				entered <- ""
				<-release
				return nil
			}

			done := reaping()
			for range inFlight {
				Eventually(entered).Should(Receive())
			}
			Consistently(entered, "50ms").ShouldNot(Receive())
			for range 6 - inFlight {
				release <- struct{}{}
				Eventually(entered).Should(Receive())
			}
			Consistently(entered, "20ms").ShouldNot(Receive())
			close(release)
			Eventually(done).Should(Receive(HaveField("Destroyed", HaveLen(6))))
		},
		Entry("one", 1, 1),
		Entry("three", 3, 3),
		Entry("as many as there are", 6, 6),
		Entry("more than there are", 100, 6),
		Entry("a policy that says none: one, or nothing would ever end", 0, 1),
	)

	It("counts the look with the destroy", func() {
		w.question.Policy.MaxInFlight = 2
		var mutex sync.Mutex
		looking, most := 0, 0
		count := func(by int) {
			mutex.Lock()
			defer mutex.Unlock()
			looking += by
			most = max(most, looking)
		}
		w.pass()
		w.garden.onInspect = func([]string) { count(1) }
		w.garden.onDestroy = func(context.Context, string) error { count(-1); return nil }

		Eventually(reaping()).Should(Receive(HaveField("Destroyed", HaveLen(6))))
		Expect(most).To(BeNumerically("<=", 2))
	})

	It("is not held up by one that hangs", func() {
		w.question.Policy.MaxInFlight = 2
		w.question.Policy.DestroyTimeout = time.Hour
		w.garden.onDestroy = func(ctx context.Context, handle string) error {
			if handle != "o-0" {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}

		done := reaping()
		Eventually(func() []string { return w.of("record") }).Should(ContainElements(
			"record destroyed o-1", "record destroyed o-2", "record destroyed o-3", "record destroyed o-4", "record destroyed o-5"))
		Expect(done).NotTo(Receive())
		cancel()
		Eventually(done).Should(Receive(And(
			HaveField("Destroyed", HaveLen(5)),
			HaveField("Failed", ConsistOf(HaveField("Handle", "o-0"))))))
	})

	It("gives up on one that hangs at its deadline, and goes on with the others", func() {
		w.question.Policy.MaxInFlight = 1
		w.question.Policy.DestroyTimeout = 20 * time.Millisecond
		w.garden.onDestroy = func(ctx context.Context, handle string) error {
			if handle == "o-0" {
				<-ctx.Done()
			}
			return ctx.Err()
		}

		var outcome reaper.Outcome
		Eventually(reaping()).Should(Receive(&outcome))
		Expect(outcome.Failed).To(ConsistOf(And(HaveField("Handle", "o-0"), HaveField("Err", MatchError(context.DeadlineExceeded)))))
		Expect(outcome.Destroyed).To(HaveLen(5))
		Expect(w.of("record")).To(ContainElement("record destroy-failed o-0"))
	})

	It("gives each destroy a deadline of its own", func() {
		w.question.Policy.MaxInFlight = 1
		w.question.Policy.DestroyTimeout = time.Hour
		var deadlines []time.Time
		w.garden.onDestroy = func(ctx context.Context, _ string) error {
			deadline, _ := ctx.Deadline()
			deadlines = append(deadlines, deadline)
			return nil
		}

		Eventually(reaping()).Should(Receive())
		Expect(deadlines).To(HaveLen(6))
		for i, deadline := range deadlines {
			Expect(deadline).To(BeTemporally("~", time.Now().Add(time.Hour), time.Minute))
			if i > 0 {
				Expect(deadline).To(BeTemporally(">", deadlines[i-1]))
			}
		}
	})

	It("comes to an end however many fail", func() {
		w.garden.onDestroy = func(context.Context, string) error { return errors.New("no") }
		Eventually(reaping()).Should(Receive(HaveField("Failed", HaveLen(6))))
	})

	It("names an interlock once that several meet at once", func() {
		w.question.Policy.MaxInFlight = 2
		var looks atomic.Int32
		var both sync.WaitGroup
		both.Add(2)
		report := w.pass()
		w.volumes.identity = "8:1 3"
		w.volumes.onFresh = func() {
			if looks.Add(1) <= 2 {
				both.Done()
				both.Wait()
			}
		}

		outcome := w.reaper().Reap(ctx, report, w.question)
		Expect(interlocks(outcome.Interlocks)).To(Equal([]reaper.InterlockName{reaper.VolumesDirChanged}))
		Expect(outcome.Held).To(HaveLen(6))
	})

	It("starts no destroy after an interlock came on beside its look", func() {
		w.question.Policy.MaxInFlight = 2
		report := w.pass()
		w.baggageclaim.known = []string{"v-o-1"}
		interlocked := make(chan struct{})
		w.garden.onInspect = func(handles []string) {
			if handles[0] == "o-0" {
				<-interlocked
			}
		}
		r := w.reaper()
		r.Progress = func(done, _ int) {
			if done == 1 {
				close(interlocked)
			}
		}

		outcome := r.Reap(ctx, report, w.question)
		Expect(interlocks(outcome.Interlocks)).To(Equal([]reaper.InterlockName{reaper.WitnessesDisagreeInterlock}))
		Expect(outcome.Held).To(HaveLen(6))
		Expect(w.of("destroy", "record")).To(BeEmpty())
	})

	It("stops those that wait when an interlock comes on beside those under way", func() {
		w.question.Policy.MaxInFlight = 2
		entered, release := make(chan string), make(chan struct{})
		w.garden.onDestroy = func(_ context.Context, handle string) error {
			entered <- handle
			<-release
			return nil
		}

		done := reaping()
		Eventually(entered).Should(Receive())
		Eventually(entered).Should(Receive())
		w.volumes.mutex.Lock()
		w.volumes.identity = "8:1 3"
		w.volumes.mutex.Unlock()
		close(release)

		var outcome reaper.Outcome
		Eventually(done).Should(Receive(&outcome))
		Expect(outcome.Destroyed).To(HaveLen(2))
		Expect(outcome.Held).To(HaveLen(4))
		Expect(interlocks(outcome.Interlocks)).To(Equal([]reaper.InterlockName{reaper.VolumesDirChanged}))
	})
})
