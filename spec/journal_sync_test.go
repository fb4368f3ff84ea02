package spec

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

// What is not synced, and what in a directory that is not, a power loss takes:
// strace shows what weeder has asked the kernel for, and in which order.
var _ = Describe("the journal, should the power fail", func() {
	var (
		w     *worker
		trace string
	)

	BeforeEach(func() {
		needProgram("strace")
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan("leak")
		trace = filepath.Join(GinkgoT().TempDir(), "trace")
	})

	// traced is weeder under strace.
	traced := func(options []string, args ...string) *exec.Cmd {
		weeder := command(w, args...)
		// With -D it is weeder that exits, and that is told to end.
		under := exec.Command("strace", append(append([]string{"-D", "-f", "-y", "-o", trace}, options...), weeder.Args...)...)
		under.Env = weeder.Env
		return under
	}
	// asked is what was asked for, each thing in a few words: what is of the journal
	// and the directory above it.
	asked := func() []string {
		GinkgoHelper()
		dir, above := regexp.QuoteMeta(w.Journal), regexp.QuoteMeta(filepath.Dir(w.Journal))
		file := dir + `/journal\.jsonl`
		words := []struct {
			call *regexp.Regexp
			word string
		}{
			{regexp.MustCompile(`mkdirat\([^"]*"` + dir + `"`), "make directory"},
			{regexp.MustCompile(`fsync\(\d+<` + above + `>`), "sync above"},
			{regexp.MustCompile(`openat\([^"]*"` + file + `", [^)]*O_CREAT`), "open"},
			{regexp.MustCompile(`fsync\(\d+<` + dir + `>`), "sync directory"},
			{regexp.MustCompile(`renameat\([^"]*"` + file + `"`), "rotate"},
			{regexp.MustCompile(`write\(\d+<` + file + `>`), "write"},
			{regexp.MustCompile(`fsync\(\d+<` + file + `>`), "sync"},
		}
		text, err := os.ReadFile(trace)
		Expect(err).NotTo(HaveOccurred())
		said := []string{}
		for line := range strings.Lines(string(text)) {
			for _, word := range words {
				if word.call.MatchString(line) {
					said = append(said, word.word)
				}
			}
		}
		return said
	}
	// ended waits for the trace of a weeder that has exited.
	ended := func(session *gexec.Session) {
		GinkgoHelper()
		Eventually(session).Should(gexec.Exit(0))
		Eventually(os.ReadFile).WithArguments(trace).Should(
			WithTransform(func(text []byte) string { return string(text) },
				MatchRegexp(`(?m)^%d +\+\+\+ exited with 0`, session.Command.Process.Pid)))
	}
	calls := []string{"-e", "trace=mkdirat,openat,renameat,write,fsync"}
	// reaped is what reap asked for to destroy one container.
	reaped := func(options ...string) []string {
		GinkgoHelper()
		session := finish(traced(append(calls, options...), "reap", "--yes"))
		ended(session)
		Expect(stderr(session)).To(BeEmpty())
		return asked()
	}
	twoEvents := []string{"write", "sync", "write", "sync"}

	It("is there with its directory before its first line is written", func() {
		Expect(reaped()).To(Equal(append([]string{"make directory", "sync above", "open", "sync directory"}, twoEvents...)))
		Expect(w.told("leak")()).To(Equal([]string{"destroying", "destroyed"}))

		By("asking no more where it is there already")
		w.orphan("leak")
		Expect(reaped()).To(Equal(append([]string{"open"}, twoEvents...)))
	})

	It("is there under its new name before another one is written to", func() {
		writeFile(strings.Repeat("\n", 1<<20), w.Journal, "journal.jsonl")
		Expect(reaped()).To(Equal(append([]string{"open", "rotate", "open", "sync directory"}, twoEvents...)))
	})

	It("is kept as well as it can be on a file system that can't sync a directory", func() {
		Expect(os.Mkdir(w.Journal, 0o755)).To(Succeed())
		Expect(reaped("-P", w.Journal, "-e", "inject=fsync:error=EINVAL")).To(Equal([]string{"sync directory"}))
		text, err := os.ReadFile(trace)
		Expect(err).NotTo(HaveOccurred())
		Expect(string(text)).To(ContainSubstring("(INJECTED)"))
		Expect(w.told("leak")()).To(Equal([]string{"destroying", "destroyed"}))
	})

	It("has its directory there from a daemon's start", func() {
		session, err := gexec.Start(traced(calls, "daemon", "--listen="), GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Eventually(session.Out).Should(gbytes.Say("weeder.started"))
		session.Terminate()
		ended(session)
		Expect(strings.Join(asked(), ", ")).To(HavePrefix("make directory, sync above"))
	})
})
