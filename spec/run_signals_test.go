package spec

import (
	"io"
	"net"
	"os/exec"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

// heeding ends when it is told to, in its own way; deaf does not.
const (
	heeding = `sh -c 'trap "echo told; exit 9" TERM; echo ready; while :; do sleep 0.05; done'`
	deaf    = `sh -c 'trap "echo told" TERM; echo ready; while :; do sleep 0.05; done'`
)

var _ = Describe("signals to run --attach", func() {
	var w *worker

	BeforeEach(func() {
		w = hosting()
	})

	// ready runs a command and waits until it is.
	ready := func(line string) *gexec.Session {
		GinkgoHelper()
		session, _ := started(w, "run", "c", "-a", "-c", line)
		Eventually(session.Out).Should(gbytes.Say("ready\n"))
		return session
	}

	DescribeTable("terminate the process", func(signal syscall.Signal) {
		session := ready(heeding)
		session.Signal(signal)
		Eventually(session).Should(gexec.Exit(9))
		Expect(stdout(session)).To(Equal("ready\ntold\n"))
		// A shell says itself what becomes of its children.
		Expect(stderr(session)).NotTo(ContainSubstring("error"))
		Expect(w.calls()["attach"]).To(BeZero(), "it goes along with stdin")
	},
		Entry("SIGINT", syscall.SIGINT), Entry("SIGTERM", syscall.SIGTERM),
		Entry("SIGHUP", syscall.SIGHUP), Entry("SIGQUIT", syscall.SIGQUIT),
	)

	It("terminate it after the end of stdin", func() {
		session, stdin := started(w, "run", "c", "-a", "-c", `sh -c 'cat; `+strings.TrimPrefix(heeding, "sh -c '"))
		Expect(stdin.Close()).To(Succeed())
		Eventually(session.Out).Should(gbytes.Say("ready\n"))
		session.Interrupt()
		Eventually(session).Should(gexec.Exit(9))
		Expect(stdout(session)).To(Equal("ready\ntold\n"))
		Expect(w.calls()["attach"]).To(Equal(1))
	})

	It("terminate it where it does not read stdin", func() {
		session, stdin := started(w, "run", "c", "-a", "-c", heeding)
		go func() { _, _ = io.Copy(stdin, endless("x")) }()
		Eventually(session.Out).Should(gbytes.Say("ready\n"))
		session.Interrupt()
		Eventually(session).Should(gexec.Exit(9))
	})

	It("kill it, the second", func() {
		session := ready(deaf)
		session.Interrupt()
		Eventually(session.Out).Should(gbytes.Say("told\n"))
		session.Interrupt()
		Eventually(session).Should(gexec.Exit(137))
		Expect(stderr(session)).NotTo(ContainSubstring("error"))
	})

	It("kill it, the second, after the end of stdin", func() {
		session, stdin := started(w, "run", "c", "-a", "-c", `sh -c 'cat; `+strings.TrimPrefix(deaf, "sh -c '"))
		Expect(stdin.Close()).To(Succeed())
		Eventually(session.Out).Should(gbytes.Say("ready\n"))
		session.Terminate()
		Eventually(session.Out).Should(gbytes.Say("told\n"))
		session.Terminate()
		Eventually(session).Should(gexec.Exit(137))
	})

	It("are not those that nohup keeps away", func() {
		command := exec.Command("sh", "-c", `trap "" HUP; exec "$0" "$@"`, built.Weeder, "run", "c", "-a", "-c",
			`sh -c 'trap "echo told" TERM; echo ready; while ! read line; do :; done; exit 4'`)
		command.Env = on(w)
		stdin, err := command.StdinPipe()
		Expect(err).NotTo(HaveOccurred())
		session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Eventually(session.Out).Should(gbytes.Say("ready\n"))
		session.Signal(syscall.SIGHUP)
		session.Interrupt()
		Eventually(session.Out).Should(gbytes.Say("told\n"))
		_, err = stdin.Write([]byte("line\n"))
		Expect(err).NotTo(HaveOccurred())
		Eventually(session).Should(gexec.Exit(4), "and not killed by a second signal")
	})

	It("are attach's, too", func() {
		id := strings.TrimSpace(stdout(weeder(w, "run", "c", "-c", heeding)))
		session, _ := started(w, "attach", "c", "--pid", id)
		Eventually(w.calls).Should(HaveKeyWithValue("attach", 1))
		session.Interrupt()
		Eventually(session).Should(gexec.Exit(9))
	})

	It("leave the process, the third, where Garden carries none", func() {
		w = hosting("--runtime", "containerd")
		session := ready(`sh -c 'echo ready; sleep 60'`)
		thrice(session)
		Eventually(session).Should(gexec.Exit(1))
		Expect(stderr(session)).To(MatchRegexp(`\Aerror: left the process running: weeder attach c --pid \S+\n\z`))
	})
})

var _ = Describe("a Garden that goes away during run --attach", func() {
	var (
		w       *worker
		session *gexec.Session
	)

	BeforeEach(func() {
		w = mortal()
		session, _ = started(w, "run", "c", "-a", "-c", `sh -c 'echo ready; sleep 60'`)
		Eventually(session.Out).Should(gbytes.Say("ready\n"))
	})

	It("is told of when it is killed", func() {
		w.kill()
		Eventually(session).Should(gexec.Exit(1))
		Expect(stderr(session)).To(MatchRegexp(`\Aerror: lost the connection to garden: .*: the process may go on: weeder attach c --pid \S+\n\z`))
	})

	It("is left by the third signal when it hangs", func() {
		w.freeze()
		thrice(session)
		Eventually(session).Should(gexec.Exit(1))
		Expect(stderr(session)).To(MatchRegexp(`\Aerror: left the process running: weeder attach c --pid \S+\n\z`))
	})
})

var _ = Describe("a Garden that never answers", func() {
	DescribeTable("is left by the third signal", func(args ...string) {
		asked := make(chan struct{}, 10)
		session, _ := started(listening(func(net.Conn) { asked <- struct{}{} }), args...)
		Eventually(asked).Should(Receive())
		thrice(session)
		Eventually(session).Should(gexec.Exit(1))
		Expect(stderr(session)).To(MatchRegexp(`\Aerror: left before garden had answered`))
	},
		Entry("run", "run", "c", "-a", "-c", "true"),
		Entry("attach", "attach", "c", "-p", "1"),
	)
})

// thrice has weeder told to end by three signals, each another one: of the same
// kind, those that wait to be seen count once.
func thrice(session *gexec.Session) {
	GinkgoHelper()
	Expect(session).NotTo(gexec.Exit())
	session.Interrupt()
	session.Terminate()
	session.Signal(syscall.SIGHUP)
}

// endless is a text again and again.
type endless string

// Read implements io.Reader.
func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}
