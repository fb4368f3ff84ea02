package spec

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// completing has a command complete its last argument.
func completing(command *exec.Cmd) []string {
	GinkgoHelper()
	command.Env = append(command.Env, "GO_FLAGS_COMPLETION=1")
	session := finish(command)
	Expect(session).To(gexec.Exit(0))
	Expect(stderr(session)).To(BeEmpty())
	return strings.Split(strings.TrimSuffix(stdout(session), "\n"), "\n")
}

// completed is what the last word of a line can become, on no worker.
func completed(words ...string) []string {
	GinkgoHelper()
	return completing(command(nil, words...))
}

var _ = Describe("what completes a command line", func() {
	nothing := Equal([]string{""})

	It("is commands and options, with what they mean", func() {
		Expect(completed("ex")).To(Equal([]string{"explain\tshow the evidence for one container"}))
		Expect(completed("help", "ex")).To(Equal(completed("ex")))
		Expect(completed("scan", "--exit")).To(Equal([]string{"--exit-code\texit 3 when there are orphans"}))
		Expect(completed("scan", "--")).To(ContainElements(HavePrefix("--only\t"), HavePrefix("--target\t")))
		Expect(completed("scan", "")).To(nothing)
		Expect(completed()).To(HaveLen(24))
	})

	DescribeTable("is the words that an option takes:", func(line string, words ...string) {
		Expect(completed(append(strings.Fields(line), "")...)).To(Equal(words))
		first := words[0]
		Expect(completed(append(strings.Fields(line), first[:2])...)).To(Equal([]string{first}))
	},
		Entry(nil, "scan --only", "foreign", "live", "orphan", "unknown"),
		Entry(nil, "reap --override", "baggageclaim-unreachable", "no-volume-found"),
		Entry(nil, "explain --zero-ttl", "expires-at", "never"),
		Entry(nil, "--log-level", "debug", "error", "fatal", "info"),
		Entry(nil, "completion --shell", "bash", "fish", "zsh"),
		Entry(nil, "net-out handle -p", "tcp", "udp"),
	)

	It("is a word joined to its option", func() {
		Expect(completed("scan", "--only=f")).To(Equal([]string{"--only=foreign"}))
	})

	DescribeTable("is left to the shell where it is a path:", func(words ...string) {
		Expect(completed(words...)).To(Equal([]string{":files"}))
	},
		Entry(nil, "--volumes", ""), Entry(nil, "--volumes=/va"), Entry(nil, "--depot", "x"), Entry(nil, "--journal=x"),
		Entry(nil, "scan", "--containerd", "/run"), Entry(nil, "-t", "/va"), Entry(nil, "scan", "--target", "/va"),
	)

	DescribeTable("is nothing where anything can be given:", func(words ...string) {
		Expect(completed(words...)).To(nothing)
	},
		Entry(nil, "--timeout", ""), Entry(nil, "--timeout="), Entry(nil, "scan", "--grace", "1"), Entry(nil, "scan", "--nonsense", ""),
		Entry(nil, "list", "-p", ""), Entry(nil, "ping", ""),
	)

	Describe("where a handle is to be given", func() {
		var w *worker
		BeforeEach(func() {
			w = emptyWorker()
			w.healthy("healthy")
			w.orphan("leaked")
			w.orphan("lost")
		})

		DescribeTable("is the handles of the worker:", func(line string, handles ...string) {
			words := strings.Split(line, " ")
			Expect(completing(command(w, words...))).To(Equal(handles))
		},
			Entry(nil, "explain ", "healthy", "leaked", "lost"),
			Entry(nil, "explain le", "leaked"),
			Entry(nil, "explain x", ""),
			Entry("of which one has been given", "explain leaked ", ""),
			Entry("after an option", "explain --grace 1h l", "leaked", "lost"),
			Entry("after others, without those", "destroy leaked ", "healthy", "lost"),
			Entry("after others, without those", "reap --dry-run lost healthy ", "leaked"),
			Entry("of gaol's commands", "run l", "leaked", "lost"),
			Entry("of gaol's commands, after an option", "stream-in -d /tmp he", "healthy"),
		)

		It("is asked for with the plain list alone, once", func() {
			before := w.calls()
			completing(command(w, "explain", ""))
			after := w.calls()
			for kind, count := range before {
				after[kind] -= count
			}
			for kind, count := range after {
				if count == 0 {
					delete(after, kind)
				}
			}
			Expect(after).To(Equal(map[string]int{"list": 1}))
		})

		It("leaves out handles that a shell could take for more than a word", func() {
			for _, handle := range []string{"$(reboot)", "a b", "a;b", "-rf", ":files", "a\tb", "a\nb", "\x1b[2J", "a'b"} {
				w.create(body{"handle": handle, "age": "6h"})
			}
			Expect(completing(command(w, "explain", ""))).To(Equal([]string{"healthy", "leaked", "lost"}))
		})

		DescribeTable("is of the target that the command would have:", func(words string, variables ...string) {
			at := strings.NewReplacer("NOWHERE", "unix:///nowhere/garden.sock", "HERE", w.Target)
			ask := command(nil, strings.Split(at.Replace(words), " ")...)
			for _, variable := range variables {
				ask.Env = append(ask.Env, at.Replace(variable))
			}
			Expect(completing(ask)).To(Equal([]string{"healthy"}))
		},
			Entry(nil, "-t HERE explain h"), Entry(nil, "-tHERE explain h"), Entry(nil, "--target HERE explain h"),
			Entry(nil, "--target=HERE explain h"), Entry(nil, "explain -t HERE h"), Entry(nil, "-t NOWHERE explain -t HERE h"),
			Entry(nil, "run -a -c ls -t HERE h"),
			Entry(nil, "explain h", "WEEDER_TARGET=HERE"), Entry(nil, "explain h", "GAOL_TARGET=HERE"),
			Entry(nil, "explain h", "GAOL_TARGET=NOWHERE", "WEEDER_TARGET=HERE"),
			Entry(nil, "-t HERE explain h", "GAOL_TARGET=NOWHERE", "WEEDER_TARGET=NOWHERE"),
			Entry(nil, "-t HERE explain h", "GAOL_TARGET=NOWHERE"),
		)

		It("does not log, whatever the variable says", func() {
			ask := command(w, "explain", "h")
			ask.Env = append(ask.Env, "WEEDER_LOG_LEVEL=debug")
			Expect(completing(ask)).To(Equal([]string{"healthy"}))
		})
	})

	DescribeTable("is nothing, and nothing is said, with a target where there is no Garden:", func(target string) {
		Expect(completed("-t", target, "explain", "")).To(nothing)
	},
		Entry(nil, "unix:///nowhere/garden.sock"), Entry(nil, "/nowhere"), Entry(nil, "127.0.0.1:1"), Entry(nil, "nonsense"),
	)

	It("is nothing after a short while where Garden does not answer", func() {
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(silent.Close)
		ask := command(nil, "-t", silent.Addr().String(), "explain", "")
		ask.Env = append(os.Environ(), "WEEDER_TIMEOUT=1h")
		began := time.Now()
		Expect(completing(ask)).To(nothing)
		Expect(time.Since(began)).To(And(BeNumerically(">=", time.Second), BeNumerically("<", 5*time.Second)))
	})
})
