package console_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"syscall"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/tedsuo/rata"
	"golang.org/x/sys/unix"

	"weeder/cmd/weeder/console"
)

const (
	// roleVariable has this test's program play a role on a terminal.
	roleVariable = "CONSOLE_TEST_ROLE"
	panicking    = "panicking"
	resting      = "resting"
)

// play is what the program does instead of testing.
func play(role string) {
	terminal, err := console.MakeRaw(os.Stdin)
	if err != nil {
		panic(err)
	}
	defer terminal.Restore()
	resized, _ := terminal.Watch()
	os.Stdout.WriteString("raw\r\n")
	if role == panicking {
		os.Stdin.Read(make([]byte, 1))
		// It is Garden's client that calls the reader.
		console := &console.Console{
			Handle: "c-1",
			Garden: func(context.Context) connection.HijackStreamer { return accepting{} },
			Stdin:  reader(func([]byte) (int, error) { panic("on purpose") }),
			Stdout: io.Discard,
			Stderr: io.Discard,
			Guard:  terminal.Guard,
		}
		console.Run(context.Background(), garden.ProcessSpec{Path: "true"})
	}
	for range resized {
		os.Stdout.WriteString("told\r\n")
	}
}

// accepting is a Garden that has started a process, of which nothing comes.
type accepting struct{ connection.HijackStreamer }

// Hijack implements connection.HijackStreamer.
func (accepting) Hijack(string, io.Reader, rata.Params, url.Values, string) (net.Conn, *bufio.Reader, error) {
	near, far := net.Pipe()
	go io.WriteString(far, `{"process_id":"p-1"}`)
	return near, bufio.NewReader(near), nil
}

var _ = Describe("Terminal", func() {
	var keys, tty *os.File

	BeforeEach(func() {
		var err error
		keys, tty, err = pty.Open()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(keys.Close)
		DeferCleanup(tty.Close)
	})

	modes := func() unix.Termios {
		GinkgoHelper()
		got, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		Expect(err).NotTo(HaveOccurred())
		return *got
	}
	isRaw := func() bool { return modes().Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) == 0 }

	It("is raw until it is restored", func() {
		before := modes()
		Expect(isRaw()).To(BeFalse())
		terminal, err := console.MakeRaw(tty)
		Expect(err).NotTo(HaveOccurred())
		Expect(isRaw()).To(BeTrue())
		terminal.Restore()
		Expect(modes()).To(Equal(before))

		Expect(unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, &unix.Termios{})).To(Succeed())
		after := modes()
		terminal.Restore()
		Expect(modes()).To(Equal(after), "it is restored once")
	})

	It("stays as it was, once restored, when the program goes on", func() {
		before := modes()
		terminal, err := console.MakeRaw(tty)
		Expect(err).NotTo(HaveOccurred())
		resized, unwatch := terminal.Watch()
		defer unwatch()
		terminal.Restore()
		Expect(syscall.Kill(os.Getpid(), syscall.SIGCONT)).To(Succeed())
		Eventually(resized).Should(Receive())
		Expect(modes()).To(Equal(before))
	})

	It("can't be what is no terminal", func() {
		file, err := os.CreateTemp(GinkgoT().TempDir(), "")
		Expect(err).NotTo(HaveOccurred())
		defer file.Close()
		_, err = console.MakeRaw(file)
		Expect(err).To(MatchError(unix.ENOTTY))
		Expect(err).To(MatchError(HavePrefix("make the terminal raw: ")))
	})

	It("tells its size", func() {
		terminal, err := console.MakeRaw(tty)
		Expect(err).NotTo(HaveOccurred())
		defer terminal.Restore()
		Expect(terminal.Size()).To(BeNil())
		Expect(pty.Setsize(keys, &pty.Winsize{Rows: 30, Cols: 100})).To(Succeed())
		Expect(terminal.Size()).To(Equal(&garden.WindowSize{Columns: 100, Rows: 30}))
	})

	// plays starts this program in a role on the terminal.
	plays := func(role string) (*exec.Cmd, *gbytes.Buffer) {
		GinkgoHelper()
		command := exec.Command(os.Args[0])
		command.Env = append(os.Environ(), roleVariable+"="+role)
		errs := gbytes.NewBuffer()
		command.Stdin, command.Stdout, command.Stderr = tty, tty, errs
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		Expect(command.Start()).To(Succeed())
		return command, errs
	}

	It("is restored by a panic in another goroutine", func() {
		before := modes()
		command, errs := plays(panicking)
		Eventually(isRaw).Should(BeTrue())
		_, err := keys.WriteString("x")
		Expect(err).NotTo(HaveOccurred())
		Expect(command.Wait()).NotTo(Succeed())
		Expect(errs).To(gbytes.Say("panic: on purpose"))
		Expect(modes()).To(Equal(before))
	})

	Context("with the program stopped", func() {
		var (
			command *exec.Cmd
			screen  *gbytes.Buffer
			before  unix.Termios
		)

		BeforeEach(func() {
			before = modes()
			command, _ = plays(resting)
			screen = gbytes.BufferReader(keys)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = command.Wait()
			}()
			DeferCleanup(func() {
				_ = command.Process.Kill()
				Eventually(ended).Should(BeClosed())
			})
			Eventually(screen).Should(gbytes.Say("raw"))
			Expect(isRaw()).To(BeTrue())
		})

		signalled := func(signal syscall.Signal) {
			GinkgoHelper()
			Expect(command.Process.Signal(signal)).To(Succeed())
		}

		It("is raw again, and its size told, when it goes on", func() {
			signalled(syscall.SIGSTOP)
			Expect(unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, &before)).To(Succeed())
			signalled(syscall.SIGCONT)
			Eventually(isRaw).Should(BeTrue())
			Eventually(screen).Should(gbytes.Say("told"))
		})

		It("has its modes while a SIGTSTP has stopped it", func() {
			signalled(syscall.SIGTSTP)
			Eventually(modes).Should(Equal(before))
			stat := fmt.Sprintf("/proc/%d/stat", command.Process.Pid)
			Eventually(func() ([]byte, error) { return os.ReadFile(stat) }).Should(ContainSubstring(") T "))
			signalled(syscall.SIGCONT)
			Eventually(isRaw).Should(BeTrue())
		})

		It("tells of another size", func() {
			Expect(pty.Setsize(keys, &pty.Winsize{Rows: 30, Cols: 100})).To(Succeed())
			Eventually(screen).Should(gbytes.Say("told"))
		})
	})
})
