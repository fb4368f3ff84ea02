package console_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"weeder/cmd/weeder/console"
)

const (
	theProcess = "POST /containers/c-1/processes "
	itsStdout  = "/stdout"
)

var _ = Describe("a lost connection", func() {
	var r *rig

	BeforeEach(func() {
		r = newRig()
	})

	// open starts a process and waits for its streams.
	open := func(ctx context.Context) *scripted {
		GinkgoHelper()
		process := r.run(ctx)
		process.prints(process.streams.Stdout, "some")
		process.prints(process.streams.Stderr, "some")
		Eventually(r.stdout).Should(gbytes.Say("some"))
		Eventually(r.stderr).Should(gbytes.Say("some"))
		return process
	}

	It("ends the wait when all of it is gone", func(ctx SpecContext) {
		open(ctx)
		Expect(r.relay.cut("")).To(BeNumerically(">=", 3))
		_, err := r.ends()
		Expect(err).To(MatchError(console.ErrLost))
		Expect(err).To(MatchError("lost the connection to garden: EOF: the process may go on: weeder attach c-1 --pid p-1"))
	}, SpecTimeout(time.Minute))

	It("has the output that is on its way come, and no more waited for", func(ctx SpecContext) {
		process := open(ctx)
		Expect(r.relay.sever(theProcess)).To(Equal(1))
		r.clock.WaitForWatcherAndIncrement(2*time.Second - 1)
		Consistently(r.result, "50ms").ShouldNot(Receive())
		process.prints(process.streams.Stdout, "rest")
		Eventually(r.stdout).Should(gbytes.Say("rest"))
		r.clock.Increment(1)
		_, err := r.ends()
		Expect(err).To(MatchError(console.ErrLost))
	}, SpecTimeout(time.Minute))

	It("needs but one signal to leave", func(ctx SpecContext) {
		open(ctx)
		Expect(r.relay.sever(theProcess)).To(Equal(1))
		r.clock.WaitForWatcherAndIncrement(0)
		r.signalled()
		_, err := r.ends()
		Expect(err).To(MatchError(console.ErrLost))
	}, SpecTimeout(time.Minute))

	It("of one output is told in the end", func(ctx SpecContext) {
		process := open(ctx)
		Expect(r.relay.reset(itsStdout)).To(Equal(1))
		process.exits(4)
		_, err := r.ends()
		Expect(err).To(MatchError(console.ErrLost))
		Expect(err).To(MatchError(ContainSubstring("a part of what the process printed is missing; it exited 4")))
	}, SpecTimeout(time.Minute))

	It("before the process is known says that it may have started", func(ctx SpecContext) {
		entered, release := r.holdRun()
		r.start(ctx)
		Eventually(entered).Should(BeClosed())
		Expect(r.relay.cut(theProcess)).To(Equal(1))
		_, err := r.ends()
		release()
		Expect(err).To(MatchError(console.ErrLost))
		Expect(err).To(MatchError(HaveSuffix(": the process may have started")))
	}, SpecTimeout(time.Minute))

	It("is nothing to tell of before anything listens", func(ctx SpecContext) {
		Expect(r.relay.listener.Close()).To(Succeed())
		r.start(ctx)
		_, err := r.ends()
		Expect(err).NotTo(MatchError(console.ErrLost))
		Expect(err).To(MatchError(ContainSubstring("no answer from garden")))
	}, SpecTimeout(time.Minute))
})
