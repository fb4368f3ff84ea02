package spec

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("destroy", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		for _, handle := range []string{"a", "b", "c", "d", "e"} {
			w.create(body{"handle": handle})
		}
	})

	// hanging waits until so many destroys hang.
	hanging := func(n int) {
		GinkgoHelper()
		Eventually(func() int { return w.holding("destroy-hangs") }).Should(Equal(n))
	}

	// fed is weeder with a text on its stdin.
	fed := func(text string, args ...string) *gexec.Session {
		GinkgoHelper()
		command := command(w, args...)
		command.Stdin = strings.NewReader(text)
		return finish(command)
	}

	It("prints nothing, and asks nothing", func() {
		printsExactly(w, "", "destroy", "a", "c")
		Expect(w.destroyed()).To(ConsistOf("a", "c"))
	})

	It("tries all, and lists the failures in the order given", func() {
		w.fault("destroy-fails", "b")
		w.fault("destroy-says-in-progress", "d")
		session := weeder(w, "destroy", "nobody", "a", "b", "c?x", "d", "c")
		Expect(session).To(gexec.Exit(1))
		Expect(stdout(session)).To(BeEmpty())
		Expect(lines(stderr(session))).To(HaveExactElements(
			HavePrefix("error: unknown handle: nobody"),
			SatisfyAll(HavePrefix("error: destroy b: "), ContainSubstring("container init still running")),
			HavePrefix("error: destroy c?x: "),
			Equal("error: destroy d: container already being destroyed: garden is at it, and weeder list shows it until it is gone"),
		))
		Expect(w.destroyed()).To(ConsistOf("a", "c"))
	})

	It("exits 1 after a failure of the last alone", func() {
		Expect(weeder(w, "destroy", "a", "nobody")).To(gexec.Exit(1))
		Expect(w.destroyed()).To(ConsistOf("a"))
	})

	It("destroys a handle once that is given twice", func() {
		printsExactly(w, "", "destroy", "a", "b", "a")
		Expect(w.calls()).To(HaveKeyWithValue("destroy", 2))
	})

	It("does nothing without a handle, as gaol, for xargs runs it so", func() {
		printsExactly(w, "", "destroy")
		xargs := exec.Command("sh", "-c", `"$0" list -p user=nobody | xargs "$0" destroy`, built.Weeder)
		xargs.Env = on(w)
		session := finish(xargs)
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(BeEmpty())
		Expect(w.destroyed()).To(BeEmpty())
	})

	It("tells a person that it does nothing without a handle", func() {
		Expect(screen(command(w, "destroy"))).To(Equal("no handles, so nothing was destroyed: see weeder destroy --help\n"))
	})

	DescribeTable("destroys no more at a time than --max-in-flight", func(limit int, args ...string) {
		w.fault("destroy-hangs")
		session := start(w, append([]string{"destroy", "a", "b", "c", "d", "e"}, args...)...)
		hanging(limit)
		Consistently(func() int { return w.calls()["destroy"] }).WithTimeout(300 * time.Millisecond).Should(Equal(limit))
		w.mend("destroy-hangs")
		Eventually(session).Should(gexec.Exit(0))
		Expect(w.destroyed()).To(HaveLen(5))
	},
		Entry("of 1", 1, "--max-in-flight=1"),
		Entry("of 5", 5, "--max-in-flight=9"),
		Entry("of 3 where nobody says", 3),
	)

	DescribeTable("refuses", func(limit string) {
		complains(weeder(w, "destroy", "a", "--max-in-flight="+limit), 2, "--max-in-flight", "at least 1")
		Expect(w.destroyed()).To(BeEmpty())
	}, Entry("none at a time", "0"), Entry("fewer", "-1"))

	It("goes on with the others while one hangs, which --timeout bounds", func() {
		w.fault("destroy-hangs", "a")
		session := weeder(w, "destroy", "--timeout=1s", "a", "b", "c", "d", "e")
		Expect(session).To(gexec.Exit(1))
		Expect(lines(stderr(session))).To(HaveExactElements(
			SatisfyAll(HavePrefix("error: destroy a: "), ContainSubstring("within 1s"), ContainSubstring("garden may go on with it"))))
		Expect(w.destroyed()).To(ConsistOf("b", "c", "d", "e"))
	})

	It("tells how far it is on a terminal", func() {
		w.fault("destroy-hangs", "c")
		t := onTerminal(w, "destroy", "a", "b", "c")
		Eventually(t.Screen).Should(gbytes.Say("destroying: done with 2 of 3, "))
		w.mend("destroy-hangs")
		Eventually(t.exited).Should(Receive(BeZero()))
		Expect(t.Out.Contents()).To(BeEmpty())
	})

	Context("with -", func() {
		DescribeTable("takes the handles that stdin names:", func(text string, arguments string, handles ...string) {
			session := fed(text, append([]string{"destroy"}, strings.Fields(arguments)...)...)
			Expect(session).To(gexec.Exit(0), stderr(session))
			Expect(stdout(session) + stderr(session)).To(BeEmpty())
			Expect(w.destroyed()).To(ConsistOf(handles))
			Expect(w.calls()["destroy"]).To(Equal(len(handles)))
		},
			Entry("one a line", "a\nb\n", "-", "a", "b"),
			Entry("the last line not ended", "a\nb", "-", "a", "b"),
			Entry("with blanks between", " a\tb  c\r\n\n", "-", "a", "b", "c"),
			Entry("beside those that are given", "b\n", "a - c", "a", "b", "c"),
			Entry("each once", "a b a\n", "b - a -", "a", "b"),
			Entry("none", "", "-"),
			Entry("nothing but blanks", "\n \n", "-"),
			Entry("none, beside one that is given", "", "- a", "a"),
		)

		It("does not read it without", func() {
			Expect(fed("b\n", "destroy", "a")).To(gexec.Exit(0))
			Expect(w.destroyed()).To(ConsistOf("a"))
		})

		It("takes a - from stdin for a handle", func() {
			session := fed("- a\n", "destroy", "-")
			complains(session, 1, "destroy -: ", "not a handle that can safely be sent to garden")
			Expect(w.destroyed()).To(ConsistOf("a"))
		})

		It("lists failures in the order of stdin", func() {
			session := fed("two a\nthree", "destroy", "one", "-", "four")
			Expect(session).To(gexec.Exit(1))
			Expect(lines(stderr(session))).To(HaveExactElements(
				HavePrefix("error: unknown handle: one"), HavePrefix("error: unknown handle: two"),
				HavePrefix("error: unknown handle: three"), HavePrefix("error: unknown handle: four")))
		})

		It("never sends what is no handle", func() {
			session := fed("\x00\xff a?x ../b {\"handle\":\"c\"} a,b\n", "destroy", "-")
			Expect(session).To(gexec.Exit(1))
			Expect(lines(stderr(session))).To(HaveLen(5))
			Expect(w.calls()).NotTo(HaveKey("destroy"))
		})

		It("reads a terminal too", func() {
			t := onTerminal(w, "destroy", "-")
			t.press("a\nb\n\x04")
			Eventually(t.exited).Should(Receive(BeZero()))
			Expect(w.destroyed()).To(ConsistOf("a", "b"))
		})

		It("destroys nothing once it is interrupted while it reads", func() {
			reading := command(w, "destroy", "a", "-")
			input, err := reading.StdinPipe()
			Expect(err).NotTo(HaveOccurred())
			defer input.Close()
			session, err := gexec.Start(reading, GinkgoWriter, GinkgoWriter)
			Expect(err).NotTo(HaveOccurred())
			// More than a pipe holds: it reads.
			_, err = io.WriteString(input, strings.Repeat("b\n", 1<<17))
			Expect(err).NotTo(HaveOccurred())
			session.Interrupt()
			Eventually(session).Should(gexec.Exit(1))
			complains(session, 1, "interrupted: nothing was destroyed")
			Expect(w.calls()).To(BeEmpty())
		})

		It("destroys nothing where stdin can't be read", func() {
			directory, err := os.Open(w.Dir)
			Expect(err).NotTo(HaveOccurred())
			defer directory.Close()
			reading := command(w, "destroy", "a", "-")
			reading.Stdin = directory
			complains(finish(reading), 1, "read handles from stdin: ", "nothing was destroyed")
			Expect(w.calls()).To(BeEmpty())
		})
	})

	Context("once it is interrupted", func() {
		var session *gexec.Session

		BeforeEach(func() {
			w.fault("destroy-hangs", "a", "b")
		})

		// begin starts weeder, and waits until two of four destroys hang.
		begin := func(args ...string) {
			GinkgoHelper()
			session = start(w, append([]string{"destroy", "--max-in-flight=2", "a", "b", "c", "d"}, args...)...)
			hanging(2)
		}

		for _, sign := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			It("waits for those under way, and begins with no other: "+sign.String(), func() {
				begin()
				session.Signal(sign)
				Consistently(session).WithTimeout(300 * time.Millisecond).ShouldNot(gexec.Exit())
				w.mend("destroy-hangs")
				Eventually(session).Should(gexec.Exit(1))
				Expect(stderr(session)).To(Equal("error: interrupted: not tried: c, d\n"))
				Expect(w.destroyed()).To(ConsistOf("a", "b"))
			})
		}

		It("leaves them to Garden after --timeout", func() {
			begin("--timeout=1s")
			session.Interrupt()
			Eventually(session).Should(gexec.Exit(1))
			Expect(lines(stderr(session))).To(HaveExactElements(
				SatisfyAll(HavePrefix("error: destroy a: "), HaveSuffix("(garden may go on with it)")),
				SatisfyAll(HavePrefix("error: destroy b: "), HaveSuffix("(garden may go on with it)")),
				Equal("error: interrupted: not tried: c, d"),
			))
		})

		It("leaves them to Garden at the second interrupt", func() {
			begin("--timeout=1h")
			session.Interrupt()
			Consistently(session).WithTimeout(300 * time.Millisecond).ShouldNot(gexec.Exit())
			session.Terminate()
			Eventually(session).WithTimeout(5 * time.Second).Should(gexec.Exit(1))
			Expect(lines(stderr(session))).To(HaveExactElements(
				Equal("error: destroy a: interrupted (garden may go on with it)"),
				Equal("error: destroy b: interrupted (garden may go on with it)"),
				Equal("error: interrupted: not tried: c, d"),
			))
			Expect(w.destroyed()).To(BeEmpty())
			w.mend("destroy-hangs")
			Eventually(w.destroyed).Should(ConsistOf("a", "b"))
		})

		It("is done where all were under way and went through", func() {
			session = start(w, "destroy", "--max-in-flight=2", "a", "b")
			hanging(2)
			session.Interrupt()
			Consistently(session).WithTimeout(300 * time.Millisecond).ShouldNot(gexec.Exit())
			w.mend("destroy-hangs")
			Eventually(session).Should(gexec.Exit(0))
		})

		It("says on a terminal what it waits for", func() {
			t := onTerminal(w, "destroy", "--max-in-flight=2", "c", "a", "b", "d")
			hanging(2)
			t.press("\x03")
			Eventually(t.Screen).Should(gbytes.Say("interrupted: waiting for 2 destroys under way; interrupt again to leave them to Garden"))
			w.mend("destroy-hangs")
			Eventually(t.exited).Should(Receive(Equal(1)))
		})
	})
})
