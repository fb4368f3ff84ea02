package spec

import (
	"os"
	"syscall"

	"code.cloudfoundry.org/garden"
	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

const prompt = `[#$] $`

// begun is a command that says so when it has the foreground: until then an
// interrupt would be the shell's.
func begun(command string) string {
	return `sh -c "echo be''gun; exec ` + command + `"`
}

var _ = Describe("shell", func() {
	var w *worker

	// opens opens a shell on a terminal, and waits for its prompt.
	opens := func(args ...string) *seat {
		GinkgoHelper()
		command := command(w, append([]string{"shell", "c"}, args...)...)
		command.Env = append(command.Env, "TERM=xterm-weeder")
		s := sit(command)
		s.shows(prompt)
		Expect(s.isRaw()).To(BeTrue())
		return s
	}

	Context("on a Garden", func() {
		BeforeEach(func() {
			w = hosting()
		})

		It("is a login shell of the user, with TERM and the window's size, as gaol's", func() {
			s := opens("-u", "root")
			Expect(w.runs()).To(Equal([]garden.ProcessSpec{{
				Path: "/bin/sh", Args: []string{"-l"}, User: "root", Env: []string{"TERM=xterm-weeder"},
				TTY: &garden.TTYSpec{WindowSize: &garden.WindowSize{Columns: 100, Rows: 30}},
			}}))
			s.types("echo $TERM; stty size")
			s.shows("\nxterm-weeder\r\n30 100\r\n")
			s.types("exit")
			s.ends(0)
		})

		It("exits as the shell does, the terminal restored", func() {
			s := opens()
			s.types("exit 7")
			s.ends(7)
		})

		It("ends with Ctrl-D", func() {
			s := opens()
			s.press("\x04")
			s.ends(0)
		})

		It("follows the window's size", func() {
			s := opens()
			for _, size := range []pty.Winsize{{Rows: 40, Cols: 120}, {Rows: 10, Cols: 20}} {
				before := w.runs()
				Expect(pty.Setsize(s.keys, &size)).To(Succeed())
				Eventually(func() string {
					s.types("stty size")
					Eventually(s.Screen).Should(gbytes.Say(`(?:\n|# )(\d+ \d+)\r\n`))
					return string(s.Screen.Contents())
				}).Should(MatchRegexp(`(\n|# )%d %d\r\n`, size.Rows, size.Cols), "the prompt may come after what was typed")
				Expect(w.runs()).To(Equal(before))
			}
		})

		It("has Ctrl-C interrupt what runs in it, and lives", func() {
			s := opens()
			for _, line := range []string{"cat", "sleep 60"} {
				s.types(begun(line))
				s.shows("\nbegun\r\n")
				s.press("\x03")
				s.shows(prompt)
			}
			s.types("echo still $((40+2))")
			s.shows("\nstill 42\r\n")
			s.types("exit 0")
			s.ends(0)
		})

		It("has Ctrl-Z and Ctrl-\\ go to what runs in it", func() {
			s := opens()
			s.types("stty -a | tr ';' '\\n' | grep -c 'susp = ^Z'")
			s.shows("\n1\r\n")
			s.types(begun("cat"))
			s.shows("\nbegun\r\n")
			s.press("\x1c")
			s.shows(prompt)
			s.types("set -m; " + begun("cat"))
			s.shows("\nbegun\r\n")
			s.press("\x1a")
			s.shows("(Stopped|suspended)")
			Expect(s.Process.Signal(syscall.Signal(0))).To(Succeed())
			s.types("kill %1; exit 3")
			s.shows(".")
			s.types("exit 3")
			s.ends(3)
		})

		It("takes what is typed in any script", func() {
			s := opens()
			s.types("printf '<%s>\\n' 'grüße €𝄞'")
			s.shows("\n<grüße €𝄞>\r\n")
		})

		It("works with stdout led elsewhere", func() {
			out := gbytes.NewBuffer()
			command := command(w, "shell", "c")
			command.Stdout = out
			s := sit(command)
			Eventually(out).Should(gbytes.Say(prompt))
			s.types("stty size; exit 5")
			s.ends(5)
			Expect(out).To(gbytes.Say("\n30 100\r\n"))
			Expect(s.Screen.Contents()).To(BeEmpty())
		})

		It("ends the shell when nobody reads what it prints", func() {
			read, write, err := os.Pipe()
			Expect(err).NotTo(HaveOccurred())
			command := command(w, "shell", "c")
			command.Stdout = write
			s := sit(command)
			Expect(write.Close()).To(Succeed())
			Expect(read.Read(make([]byte, 100))).To(BeNumerically(">", 0))
			Expect(read.Close()).To(Succeed())
			s.types("echo more")
			s.ends(1)
			s.shows("error:.* output: write stdout: .*broken pipe\r\n")
		})

		It("needs a terminal", func() {
			complains(weeder(w, "shell", "c"), 2, "stdin is not a terminal", "weeder run c --attach")
			Expect(w.runs()).To(BeEmpty())
		})

		It("restores the terminal where no shell comes about", func() {
			w.orphan("leaked")
			s := sit(command(w, "shell", "leaked"))
			s.ends(1)
			s.shows("unable to find user root.*see weeder explain leaked\r\n")
			s = sit(command(w, "shell", "nobody"))
			s.ends(1)
			s.shows("error:.*unknown handle: nobody")
		})

		DescribeTable("is ended by a signal from outside", func(signal syscall.Signal) {
			s := opens()
			// An interactive shell ignores SIGTERM: this one does not.
			s.types("exec sh -c 'trap \"exit 9\" TERM; echo re''ady; while :; do sleep 0.05; done'")
			s.shows("\nready\r\n")
			s.signalled(signal)
			s.ends(9)
		},
			Entry("SIGTERM", syscall.SIGTERM), Entry("SIGHUP", syscall.SIGHUP),
			Entry("SIGINT", syscall.SIGINT), Entry("SIGQUIT", syscall.SIGQUIT),
		)

		It("is killed where it does not end", func() {
			s := opens()
			s.signalled(syscall.SIGTERM)
			s.ends(137)
		})

		It("is left in the end where Garden carries no signals", func() {
			w = hosting("--runtime", "containerd")
			s := opens()
			s.signalled(syscall.SIGTERM)
			s.ends(1)
			s.shows("\r\n.*error:.* left the process running: weeder attach c --pid ")
		})

		It("is raw again after a stop", func() {
			s := opens()
			s.signalled(syscall.SIGSTOP)
			s.restore()
			Expect(pty.Setsize(s.keys, &pty.Winsize{Rows: 44, Cols: 99})).To(Succeed())
			s.signalled(syscall.SIGCONT)
			Eventually(s.isRaw).Should(BeTrue())
			Eventually(func() string {
				s.types("stty size")
				Eventually(s.Screen).Should(gbytes.Say(`(?:\n|# )(\d+ \d+)\r\n`))
				return string(s.Screen.Contents())
			}).Should(MatchRegexp(`(\n|# )44 99\r\n`))
			s.types("exit 7")
			s.ends(7)
		})
	})

	Context("on a Garden that goes away", func() {
		BeforeEach(func() {
			w = mortal()
		})

		It("ends, the terminal restored, when it is killed", func() {
			s := opens()
			w.kill()
			s.ends(1)
			s.shows("\r\n.*error:.* lost the connection to garden: .*: the process may go on: weeder attach c --pid ")
		})

		It("ends, the terminal restored, when it hangs and is told to end", func() {
			s := opens()
			w.freeze()
			s.signalled(syscall.SIGHUP)
			s.ends(1)
			s.shows("\r\n.*error:.* left the process running: weeder attach c --pid ")
		})

		It("ends at once with the third signal", func() {
			s := opens()
			w.freeze()
			for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
				s.signalled(signal)
			}
			Eventually(s.exited, "1500ms").Should(HaveLen(1))
			s.ends(1)
		})
	})
})
