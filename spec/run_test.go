package spec

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("run", func() {
	var w *worker

	BeforeEach(func() {
		w = hosting()
	})

	It("prints the process id, as gaol, and leaves the process to itself", func() {
		session := weeder(w, "run", "c", "-c", "sh -c 'sleep 0.2; echo done > done'")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(MatchRegexp(`\A[0-9a-f-]{36}\n\z`))
		Expect(stderr(session)).To(BeEmpty())
		id := strings.TrimSpace(stdout(session))
		Expect(weeder(w, "attach", "c", "--pid", id)).To(gexec.Exit(0))
		Expect(stdout(weeder(w, "run", "c", "-a", "-c", "cat done"))).To(Equal("done\n"))
	})

	It("asks for what its options say", func() {
		Expect(weeder(w, "run", "c", "-u", "root", "-d", "/tmp/there", "-e", "A=b c", "-e", "D=", "-i", "docker:///busybox",
			"-c", `env "two words" 'single $HOME' plain\ escaped`)).To(gexec.Exit())
		Expect(weeder(w, "run", "c", "--command", "true")).To(gexec.Exit(0))
		Expect(w.runs()).To(Equal([]garden.ProcessSpec{
			{
				Path: "env", Args: []string{"two words", "single $HOME", "plain escaped"}, User: "root", Dir: "/tmp/there",
				Env: []string{"A=b c", "D="}, Image: garden.ImageRef{URI: "docker:///busybox"},
			},
			{Path: "true", User: "root"},
		}))
	})

	It("runs the process with them", func() {
		session := weeder(w, "run", "c", "-a", "-d", "/tmp/there", "-e", "A=b c", "-c", `sh -c 'echo "$A"; pwd'`)
		Expect(stdout(session)).To(MatchRegexp(`\Ab c\n/.*/tmp/there\n\z`))
	})

	DescribeTable("refuses what it can't run as it is meant", func(line string, texts ...string) {
		session := weeder(w, "run", "c", "-c", line)
		complains(session, 2, append(texts, "--command")...)
		Expect(w.runs()).To(BeEmpty())
	},
		Entry("nothing", "", "give a command"),
		Entry("blanks", "  ", "give a command"),
		Entry("an empty word", "''", "give a command"),
		Entry("an open quote", "echo 'open", "left open"),
		Entry("an open double quote", `echo "open`, "left open"),
		Entry("a backslash at the end", `echo \`, "left open"),
		Entry("a subshell", "(echo)", "left open"),
		Entry("a list", "echo a; echo b", `"; echo b"`, "sh -c '…'"),
		Entry("a pipe", "ls | wc", `"| wc"`, "sh -c '…'"),
		Entry("an and", "true && false", `"&& false"`),
		Entry("an operator at first", "; true", `"; true"`),
		Entry("input", "cat < file", `"< file"`),
		Entry("output", "echo ü > file", `"> file"`),
		Entry("output of a number", "echo 2>file", `"2>file"`),
		Entry("in the background", "sleep 1 &", `"&"`),
	)

	It("takes operators that are quoted", func() {
		session := weeder(w, "run", "c", "-a", "-c", `echo ';' "a|b" \> '&&'`)
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(Equal("; a|b > &&\n"))
	})

	It("needs a command", func() {
		complains(weeder(w, "run", "c"), 2, "--command")
		complains(weeder(w, "run", "c", "-c", "true", "more"), 2)
	})

	It("says what could not be run", func() {
		complains(weeder(w, "run", "c", "-c", "no-such-program"), 1, "executable file not found")
		complains(weeder(w, "run", "c", "-a", "-c", "no-such-program"), 1, "executable file not found")
		w.fault("run-fails")
		complains(weeder(w, "run", "c", "-a", "-c", "true"), 1, "exec failed")
	})

	It("says of a container whose root volume is gone where to look", func() {
		w.orphan("leaked")
		for _, args := range [][]string{
			{"run", "leaked", "-c", "true"}, {"run", "leaked", "-a", "-c", "true"},
		} {
			complains(weeder(w, args...), 1, "unable to find user root", "is its root volume gone? see weeder explain leaked")
		}
	})

	It("says what container there is not", func() {
		for _, args := range [][]string{
			{"run", "nobody", "-c", "true"}, {"run", "nobody", "-a", "-c", "true"}, {"attach", "nobody", "-p", "1"},
		} {
			complains(weeder(w, args...), 1, "unknown handle: nobody")
			args[1] = "no?body"
			complains(weeder(w, args...), 1, `handle "no?body"`, "not a handle that can safely be sent")
		}
	})

	It("says that nothing listens", func() {
		nobody := workerAt("127.0.0.1:1")
		for _, args := range [][]string{
			{"run", "c", "-c", "true"}, {"run", "c", "-a", "-c", "true"}, {"attach", "c", "-p", "1"},
		} {
			complains(weeder(nobody, args...), 1, "no answer from garden at 127.0.0.1:1")
		}
	})
})

var _ = Describe("run --attach", func() {
	var w *worker

	BeforeEach(func() {
		w = hosting()
	})

	It("keeps the streams apart, to the byte", func() {
		session := weeder(w, "run", "c", "-a", "-c", `sh -c 'printf "out\000\377\r\n\033[31m"; printf "err\000\376" >&2'`)
		Expect(session).To(gexec.Exit(0))
		Expect(session.Out.Contents()).To(BeEquivalentTo("out\x00\xff\r\n\x1b[31m"))
		Expect(session.Err.Contents()).To(BeEquivalentTo("err\x00\xfe"))
	})

	It("shows what is printed when it is", func() {
		session, stdin := started(w, "run", "c", "-a", "-c", `sh -c 'printf a; read line; printf "$line" >&2; read line'`)
		Eventually(session.Out).Should(gbytes.Say("^a$"))
		_, err := stdin.Write([]byte("b\n"))
		Expect(err).NotTo(HaveOccurred())
		Eventually(session.Err).Should(gbytes.Say("^b$"))
		Expect(session).NotTo(gexec.Exit())
		Expect(stdin.Close()).To(Succeed())
		Eventually(session).Should(gexec.Exit(1), "read has come to the end")
	})

	DescribeTable("exits as the process does", func(script string, status int) {
		session := weeder(w, "run", "c", "-a", "-c", "sh -c '"+script+"'")
		Expect(session).To(gexec.Exit(status))
		Expect(stderr(session)).To(BeEmpty())
	},
		Entry("well", "exit 0", 0),
		Entry("with 3", "exit 3", 3),
		Entry("with 255", "exit 255", 255),
		Entry("by a signal", "kill -9 $$", 137),
	)

	It("gives all of stdin and its end", func() {
		session := fed(w, "ü and more\x00", "run", "c", "-a", "-c", "cat")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(Equal("ü and more\x00"))
		Expect(stdout(fed(w, "", "run", "c", "-a", "-c", "wc -c"))).To(Equal("0\n"))
	})

	It("gives runs of any length, whole", func() {
		text := "x" + strings.Repeat("ü", 1<<19)
		session := fed(w, text, "run", "c", "-a", "-c", "sh -c 'cat > got; wc -c < got; cksum < got'")
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(BeEmpty())
		local := exec.Command("cksum")
		local.Stdin = strings.NewReader(text)
		want, err := local.Output()
		Expect(err).NotTo(HaveOccurred())
		Expect(stdout(session)).To(Equal("1048577\n" + string(want)))
	})

	It("warns of what Garden can't carry", func() {
		session := fed(w, strings.Repeat("\xff\xfe", 40000), "run", "c", "-a", "-c", "wc -c")
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(Equal("warning: stdin is not UTF-8: garden carries it as text, and puts U+FFFD for what is none; stream-in takes any bytes\n"))
		Expect(stdout(session)).To(Equal("240000\n"))
	})

	It("ends with the process, whatever comes on stdin", func() {
		session, _ := started(w, "run", "c", "-a", "-c", "true")
		Eventually(session).Should(gexec.Exit(0))

		shell := exec.Command("sh", "-c", `for i in 1 2 3 4 5 6 7 8 9 10; do yes | "$0" run c -a -c "sh -c 'head -c 100000 >&2; exit 7'" 2>/dev/null; echo $?; done`, built.Weeder)
		shell.Env = on(w)
		Expect(stdout(finish(shell))).To(Equal(strings.Repeat("7\n", 10)))
	})

	It("ends stdin where it can't be read", func() {
		command := command(w, "run", "c", "-a", "-c", "wc -c")
		directory, err := os.Open(GinkgoT().TempDir())
		Expect(err).NotTo(HaveOccurred())
		defer directory.Close()
		command.Stdin = directory
		session := finish(command)
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(Equal("0\n"))
		Expect(stderr(session)).To(MatchRegexp(`\Awarning: stdin ends here for the process: .*is a directory\n\z`))
	})

	It("dies of a pipe that nobody reads, as usual", func() {
		for _, line := range []string{
			`"$0" run c -a -c yes | head -1`,
			`"$0" run c -a -c "sh -c 'yes >&2'" 2>&1 >/dev/null | head -1`,
		} {
			shell := exec.Command("bash", "-c", line+"; exit ${PIPESTATUS[0]}", built.Weeder)
			shell.Env = on(w)
			session := finish(shell)
			Expect(session).To(gexec.Exit(141), "128 and SIGPIPE")
			Expect(stdout(session)).To(Equal("y\n"))
		}
	})

	It("fails when stdout is full", func() {
		command := command(w, "run", "c", "-a", "-c", "sh -c 'echo text; sleep 60'")
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		Expect(err).NotTo(HaveOccurred())
		defer full.Close()
		command.Stdout = full
		var errs bytes.Buffer
		command.Stderr = &errs
		Expect(command.Run()).NotTo(Succeed())
		Expect(command.ProcessState.ExitCode()).To(Equal(1))
		Expect(errs.String()).To(MatchRegexp(`\Aerror: output: write stdout: .*no space left on device: the process may go on: weeder attach c --pid \S+\n\z`))
	})

	It("is attach for a process that was run without", func() {
		fifo := filepath.Join(GinkgoT().TempDir(), "fifo")
		Expect(syscall.Mkfifo(fifo, 0o600)).To(Succeed())
		id := strings.TrimSpace(stdout(weeder(w, "run", "c", "-c", "sh -c 'read go < "+fifo+"; echo out; echo err >&2; exit 7'")))
		session, _ := started(w, "attach", "c", "-p", id)
		Eventually(w.calls).Should(HaveKeyWithValue("attach", 1))
		Eventually(func() error { return os.WriteFile(fifo, []byte("go\n"), 0) }).Should(Succeed())
		Eventually(session).Should(gexec.Exit(7))
		Expect(stdout(session)).To(Equal("out\n"))
		Expect(stderr(session)).To(Equal("err\n"))
	})
})

var _ = Describe("attach", func() {
	It("says that there is no such process", func() {
		complains(weeder(hosting(), "attach", "c", "-p", "nothing"), 1, "no such process", "nothing")
	})

	It("needs an id that leads to a process and nothing else", func() {
		w := hosting()
		complains(weeder(w, "attach", "c"), 2, "--pid")
		for _, id := range []string{"", ".", "..", "../../d", "a?b", "a#b", "a b", "a%2fb"} {
			complains(weeder(w, "attach", "c", "--pid="+id), 2, "--pid")
		}
		Expect(w.calls()["attach"]).To(BeZero())
	})
})
