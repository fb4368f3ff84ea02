package console_test

import (
	"errors"
	"io"
	"strings"
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/weeder/console"
)

var _ = Describe("signals", func() {
	var r *rig

	BeforeEach(func() {
		r = newRig()
	})

	It("have the process terminated, then killed, then left", func(ctx SpecContext) {
		process := r.run(ctx)
		r.signalled()
		Eventually(process.signals).Should(Receive(Equal(garden.SignalTerminate)))
		Consistently(r.result, "50ms").ShouldNot(Receive())
		r.signalled()
		Eventually(process.signals).Should(Receive(Equal(garden.SignalKill)))
		Consistently(r.result, "50ms").ShouldNot(Receive())
		r.signalled()
		_, err := r.ends()
		Expect(err).To(MatchError(console.ErrLeft))
		Expect(err).To(MatchError("left the process running: weeder attach c-1 --pid p-1"))
	}, SpecTimeout(time.Minute))

	It("give the exit status of a process that heeds them", func(ctx SpecContext) {
		process := r.run(ctx)
		r.signalled()
		Eventually(process.signals).Should(Receive(Equal(garden.SignalTerminate)))
		process.exits(143)
		Expect(r.ends()).To(Equal(143))
		Expect(r.relay.asked("GET ")).To(Equal(2), "no more than the two streams")
	}, SpecTimeout(time.Minute))

	// elsewhere is the process as a connection of its own has it.
	elsewhere := func() *scripted {
		GinkgoHelper()
		var other *scripted
		Eventually(r.attached).Should(Receive(&other))
		return other
	}

	It("arrive after the end of stdin", func(ctx SpecContext) {
		r.console.Stdin = strings.NewReader("")
		process := r.run(ctx)
		Expect(io.ReadAll(process.streams.Stdin)).To(BeEmpty())
		r.signalled()
		other := elsewhere()
		Expect(other.ID()).To(Equal("p-1"))
		Eventually(other.signals).Should(Receive(Equal(garden.SignalTerminate)))
		r.signalled()
		Eventually(elsewhere().signals).Should(Receive(Equal(garden.SignalKill)))
		process.exits(137)
		Expect(r.ends()).To(Equal(137))
		Expect(process.signals).NotTo(Receive())
	}, SpecTimeout(time.Minute))

	It("arrive where stdin is not read", func(ctx SpecContext) {
		r.console.Stdin = strings.NewReader(strings.Repeat("x", 32<<20))
		process := r.run(ctx)
		Eventually(func() (int, error) { return process.streams.Stdin.Read(make([]byte, 8)) }).Should(BeNumerically(">", 0))
		r.signalled()
		Eventually(elsewhere().signals).Should(Receive(Equal(garden.SignalTerminate)))
		Expect(process.signals).NotTo(Receive())
		process.exits(0)
		Expect(r.ends()).To(BeZero())
	}, SpecTimeout(time.Minute))

	It("go along with stdin that Garden has surely read", func(ctx SpecContext) {
		r.console.Stdin = io.MultiReader(strings.NewReader(strings.Repeat("x", 4000)), r.console.Stdin)
		process := r.run(ctx)
		Expect(io.ReadFull(process.streams.Stdin, make([]byte, 4000))).To(Equal(4000))
		r.signalled()
		Eventually(process.signals).Should(Receive(Equal(garden.SignalTerminate)))
		Expect(r.attached).NotTo(Receive())
		process.exits(0)
		Expect(r.ends()).To(BeZero())
	}, SpecTimeout(time.Minute))

	It("kill by both ways", func(ctx SpecContext) {
		process := r.run(ctx)
		r.signalled()
		Eventually(process.signals).Should(Receive(Equal(garden.SignalTerminate)))
		Expect(r.attached).NotTo(Receive())
		r.signalled()
		Eventually(process.signals).Should(Receive(Equal(garden.SignalKill)))
		Eventually(elsewhere().signals).Should(Receive(Equal(garden.SignalKill)))
		process.exits(0)
		Expect(r.ends()).To(BeZero())
	}, SpecTimeout(time.Minute))

	It("say in the end why they could not be sent", func(ctx SpecContext) {
		r.console.Stdin = strings.NewReader("")
		r.container.AttachStub = nil
		r.container.AttachReturns(nil, errors.New("no room"))
		r.run(ctx)
		r.signalled()
		Eventually(r.container.AttachCallCount).Should(Equal(1))
		r.signalled()
		Eventually(r.container.AttachCallCount).Should(Equal(2))
		Eventually(func(g Gomega) {
			select {
			case r.signals <- nil:
			default:
			}
			g.Expect(r.result).To(HaveLen(1))
		}).Should(Succeed())
		_, err := r.ends()
		Expect(err).To(MatchError("left the process running (telling it to end failed: reach process p-1: no room): weeder attach c-1 --pid p-1"))
	}, SpecTimeout(time.Minute))

	It("are kept for a process that Garden has yet to start", func(ctx SpecContext) {
		entered, release := r.holdRun()
		r.start(ctx)
		Eventually(entered).Should(BeClosed())
		r.signalled()
		release()
		var process *scripted
		Eventually(r.started).Should(Receive(&process))
		Eventually(process.signals).Should(Receive(Equal(garden.SignalTerminate)))
		process.exits(0)
		Expect(r.ends()).To(BeZero())
	}, SpecTimeout(time.Minute))

	It("leave a Garden that does not answer", func(ctx SpecContext) {
		entered, _ := r.holdRun()
		r.start(ctx)
		Eventually(entered).Should(BeClosed())
		for range 3 {
			r.signalled()
		}
		_, err := r.ends()
		Expect(err).To(MatchError("left before garden had answered: the process may have started"))
	}, SpecTimeout(time.Minute))

	It("leave when stdout takes nothing", func(ctx SpecContext) {
		release := make(chan struct{})
		DeferCleanup(func() { close(release) })
		r.console.Stdout = writer(func(p []byte) (int, error) {
			<-release
			return len(p), nil
		})
		process := r.run(ctx)
		process.prints(process.streams.Stdout, "text")
		for range 3 {
			r.signalled()
		}
		_, err := r.ends()
		Expect(err).To(MatchError(console.ErrLeft))
	}, SpecTimeout(time.Minute))

	Context("with patience", func() {
		BeforeEach(func() {
			r.console.Patience = 2 * time.Second
		})

		It("follow by themselves", func(ctx SpecContext) {
			process := r.run(ctx)
			r.signalled()
			Eventually(process.signals).Should(Receive(Equal(garden.SignalTerminate)))
			r.clock.WaitForWatcherAndIncrement(2*time.Second - 1)
			Consistently(process.signals, "50ms").ShouldNot(Receive())
			r.clock.Increment(1)
			Eventually(process.signals).Should(Receive(Equal(garden.SignalKill)))
			r.clock.WaitForWatcherAndIncrement(2*time.Second - 1)
			Consistently(r.result, "50ms").ShouldNot(Receive())
			r.clock.Increment(1)
			_, err := r.ends()
			Expect(err).To(MatchError(console.ErrLeft))
		}, SpecTimeout(time.Minute))

		It("begin with the first write that fails", func(ctx SpecContext) {
			full := errors.New("broken pipe")
			r.console.Stdout = writer(func([]byte) (int, error) { return 0, full })
			process := r.run(ctx)
			process.prints(process.streams.Stdout, "text")
			Eventually(process.signals).Should(Receive(Equal(garden.SignalTerminate)))
			process.exits(143)
			_, err := r.ends()
			Expect(err).To(MatchError(full))
			Expect(err).NotTo(MatchError(ContainSubstring("attach")))
		}, SpecTimeout(time.Minute))

		It("say what could not be written where the process is left", func(ctx SpecContext) {
			full := errors.New("broken pipe")
			r.console.Stdout = writer(func([]byte) (int, error) { return 0, full })
			process := r.run(ctx)
			process.prints(process.streams.Stdout, "text")
			Eventually(process.signals).Should(Receive(Equal(garden.SignalTerminate)))
			r.clock.WaitForWatcherAndIncrement(2 * time.Second)
			Eventually(process.signals).Should(Receive(Equal(garden.SignalKill)))
			r.clock.WaitForWatcherAndIncrement(2 * time.Second)
			_, err := r.ends()
			Expect(err).To(MatchError(full))
			Expect(err).To(MatchError(console.ErrLeft))
		}, SpecTimeout(time.Minute))
	})
})
