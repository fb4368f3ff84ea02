package spec

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"code.cloudfoundry.org/garden"
	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
	"golang.org/x/sys/unix"
)

// hosting is a worker with one container, c, in which processes run.
func hosting(args ...string) *worker {
	GinkgoHelper()
	w := emptyWorker(append([]string{"--processes"}, args...)...)
	w.healthy("c")
	return w
}

// mortal is such a worker that a spec may kill, which leaves no clean way to
// end it.
func mortal() *worker {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	ready := filepath.Join(dir, "ready.json")
	session, err := gexec.Start(exec.Command(built.Sandbox, "--processes", "--containers", "0", "--leaked", "0",
		"--dir", filepath.Join(dir, "sandbox"), "--ready-file", ready), GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	w := &worker{session: session, Journal: filepath.Join(dir, "journal")}
	DeferCleanup(w.kill)
	Eventually(func() error {
		data, err := os.ReadFile(ready)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, w)
	}).Should(Succeed())
	w.healthy("c")
	return w
}

// kill kills the sandbox, and with it the processes in its containers.
func (w *worker) kill() {
	GinkgoHelper()
	w.session.Kill()
	Eventually(w.session).Should(gexec.Exit())
}

// freeze stops the sandbox until the spec's end: what was asked hangs.
func (w *worker) freeze() {
	GinkgoHelper()
	process := w.session.Command.Process
	Expect(process.Signal(syscall.SIGSTOP)).To(Succeed())
	DeferCleanup(func() { Expect(process.Signal(syscall.SIGCONT)).To(Succeed()) })
}

// runs are the processes that Garden was asked for in container c.
func (w *worker) runs() []garden.ProcessSpec {
	GinkgoHelper()
	var containers []struct {
		Handle string
		Runs   []garden.ProcessSpec
	}
	Expect(json.Unmarshal(w.control(http.MethodGet, "/containers", nil), &containers)).To(Succeed())
	for _, container := range containers {
		if container.Handle == "c" {
			return container.Runs
		}
	}
	Fail("no container c")
	return nil
}

// started runs weeder with stdin open, and gives what types into it.
func started(w *worker, args ...string) (*gexec.Session, io.WriteCloser) {
	GinkgoHelper()
	command := command(w, args...)
	stdin, err := command.StdinPipe()
	Expect(err).NotTo(HaveOccurred())
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		session.Kill()
		Eventually(session).Should(gexec.Exit())
	})
	return session, stdin
}

// fed runs weeder to its end with a text on stdin.
func fed(w *worker, text string, args ...string) *gexec.Session {
	GinkgoHelper()
	command := command(w, args...)
	command.Stdin = strings.NewReader(text)
	return finish(command)
}

// seat is weeder with a terminal for all its standard files, unless a spec
// leads them elsewhere.
type seat struct {
	keys, tty *os.File
	Screen    *gbytes.Buffer
	Process   *os.Process
	before    unix.Termios
	exited    chan int
}

// sit starts weeder on a terminal of 100 columns and 30 rows.
func sit(command *exec.Cmd) *seat {
	GinkgoHelper()
	keys, tty, err := pty.Open()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(keys.Close)
	DeferCleanup(tty.Close)
	Expect(pty.Setsize(keys, &pty.Winsize{Rows: 30, Cols: 100})).To(Succeed())
	s := &seat{keys: keys, tty: tty, Screen: gbytes.BufferReader(io.TeeReader(keys, GinkgoWriter)), exited: make(chan int, 1)}
	s.before = s.modes()
	command.Stdin = tty
	if command.Stdout == nil {
		command.Stdout = tty
	}
	if command.Stderr == nil {
		command.Stderr = tty
	}
	// Its own session, so that what is typed to interrupt reaches it alone.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	Expect(command.Start()).To(Succeed())
	s.Process = command.Process
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
		s.exited <- command.ProcessState.ExitCode()
	}()
	DeferCleanup(func() {
		_ = command.Process.Kill()
		Eventually(ended).Should(BeClosed())
	})
	return s
}

// types types a line, and Enter.
func (s *seat) types(line string) {
	GinkgoHelper()
	s.press(line + "\r")
}

func (s *seat) press(keys string) {
	GinkgoHelper()
	_, err := s.keys.WriteString(keys)
	Expect(err).NotTo(HaveOccurred())
}

// shows waits for a text on the screen, behind what was waited for before.
func (s *seat) shows(pattern string) {
	GinkgoHelper()
	Eventually(s.Screen).Should(gbytes.Say(pattern))
}

func (s *seat) modes() unix.Termios {
	GinkgoHelper()
	modes, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
	Expect(err).NotTo(HaveOccurred())
	return *modes
}

func (s *seat) isRaw() bool {
	return s.modes().Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) == 0
}

// ends waits for weeder's end, the terminal restored.
func (s *seat) ends(status int) {
	GinkgoHelper()
	Eventually(s.exited).Should(Receive(Equal(status)))
	Expect(s.modes()).To(Equal(s.before), "the terminal is as it was")
}

func (s *seat) signalled(signal syscall.Signal) {
	GinkgoHelper()
	Expect(s.Process.Signal(signal)).To(Succeed())
}

// restore gives the terminal the modes that it had before weeder, as a shell
// does when weeder is stopped.
func (s *seat) restore() {
	GinkgoHelper()
	Expect(unix.IoctlSetTermios(int(s.tty.Fd()), unix.TCSETS, &s.before)).To(Succeed())
}
