package spec

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// tmux is a server of its own, with bash in its one window, of 100 columns and
// 30 rows.
type tmux struct{ socket string }

func newTmux(w *worker) tmux {
	GinkgoHelper()
	if _, err := exec.LookPath("tmux"); err != nil {
		Skip("needs tmux")
	}
	t := tmux{filepath.Join(GinkgoT().TempDir(), "tmux")}
	start := exec.Command("tmux", "-S", t.socket, "-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30",
		"bash", "--noprofile", "--norc")
	start.Env = append(on(w), "PS1=host> ", "TMUX_BEFORE="+t.socket+".modes", "PATH="+filepath.Dir(built.Weeder)+":"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	output, err := start.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	DeferCleanup(func() { t.does("kill-server") })
	Eventually(t.lines).Should(ContainElement("host>"))
	return t
}

func (t tmux) does(args ...string) string {
	GinkgoHelper()
	output, err := exec.Command("tmux", append([]string{"-S", t.socket}, args...)...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	return string(output)
}

// types types a line, and Enter.
func (t tmux) types(line string) {
	GinkgoHelper()
	t.does("send-keys", "-l", line)
	t.does("send-keys", "Enter")
}

// lines are what the window shows.
func (t tmux) lines() []string {
	GinkgoHelper()
	return strings.Split(t.does("capture-pane", "-p"), "\n")
}

func (t tmux) shows(line string) {
	GinkgoHelper()
	Eventually(t.lines).Should(ContainElement(line))
}

// running is the process that bash runs in the foreground.
func (t tmux) running() int {
	GinkgoHelper()
	shell := strings.TrimSpace(t.does("list-panes", "-F", "#{pane_pid}"))
	var child int
	Eventually(func() error {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%s/task/%s/children", shell, shell))
		if err != nil {
			return err
		}
		child, err = strconv.Atoi(strings.TrimSpace(string(children)))
		return err
	}).Should(Succeed())
	return child
}

var _ = Describe("shell in tmux", func() {
	It("follows the window, is stopped, goes on, and leaves the terminal as it was", func() {
		t := newTmux(hosting())
		t.types("stty -g > $TMUX_BEFORE; weeder shell c")
		t.shows("#")
		t.types("stty size")
		t.shows("30 100")
		t.does("resize-window", "-x", "90", "-y", "20")
		Eventually(func() []string {
			t.types("clear; stty size")
			return t.lines()
		}).Should(ContainElement("20 90"))
		t.types("clear; printf '<%s>\\n' 'grüße €'; cat")
		t.shows("<grüße €>")
		t.does("send-keys", "C-c")
		t.shows("^C")

		t.types("clear")
		Expect(syscall.Kill(t.running(), syscall.SIGSTOP)).To(Succeed())
		Eventually(t.lines).Should(ContainElement(HavePrefix("host>")))
		t.types("clear; echo on the host")
		t.shows("on the host")
		t.types("clear; fg")
		Eventually(func() []string {
			t.types("stty size | tr ' ' x")
			return t.lines()
		}).Should(ContainElement("20x90"))

		t.types("exit 7")
		Eventually(t.lines).Should(ContainElement(HaveSuffix("host>")))
		t.types("echo it was $?; stty -g | cmp - $TMUX_BEFORE && echo as before")
		t.shows("it was 7")
		t.shows("as before")
	})
})
