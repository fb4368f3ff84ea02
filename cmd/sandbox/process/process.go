// Package process runs processes of the host as a container's: with pipes or a terminal, attached to
// by any number of readers and writers, as Guardian's dadoo and its exec runner have them
// (cmd/dadoo, rundmc/execrunner/dadoo).
//
// They are ordinary processes of the host in nothing but a session, with no namespace, root file
// system, user, limits or cgroup of their own.
package process

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"code.cloudfoundry.org/garden"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Command is what to run.
type Command struct {
	// ID of the process; empty means one that is made up.
	ID string
	// Path is looked for in the PATH of Env, unless it has a slash; then a relative one is below Dir.
	Path string
	Args []string
	// Env is the whole environment, as name=value.
	Env []string
	// Dir is an absolute path on the host, and must be there.
	Dir string
	// TTY gives it a terminal, of 80 columns and 24 rows where that names no size; nil means pipes.
	TTY *garden.TTYSpec
}

// Process is one that has been started; it may have ended. It is safe for concurrent use.
type Process struct {
	id             string
	stdin          *input
	stdout, stderr *output
	done           chan struct{}

	mutex    sync.Mutex
	command  *exec.Cmd
	terminal *os.File
	// reads are the ends that its output is read from.
	reads  []*os.File
	ended  bool
	status int
}

var _ garden.Process = (*Process)(nil)

// start runs a command, with what it is attached to from the first byte on.
//
// Errors: garden.ExecutableNotFoundError; in runc's words that it can't be started.
func start(command Command, attached garden.ProcessIO) (*Process, error) {
	path, err := lookPath(command)
	if err != nil {
		return nil, err
	}

	p := &Process{
		id:     command.ID,
		stdin:  &input{terminal: command.TTY != nil},
		stdout: &output{},
		stderr: &output{},
		done:   make(chan struct{}),
		command: &exec.Cmd{
			Path: path,
			Args: append([]string{command.Path}, command.Args...),
			Env:  command.Env,
			Dir:  command.Dir,
		},
	}
	p.stdout.attach(attached.Stdout)
	p.stderr.attach(attached.Stderr)

	started := make(chan error, 1)
	go p.run(command.TTY, started)
	if err := <-started; err != nil {
		return nil, notStarted(err)
	}
	p.stdin.attach(attached.Stdin)

	return p, nil
}

// run is the life of the process. It keeps its thread: the kernel takes the thread that started a
// process for the parent whose death is to kill it.
func (p *Process) run(tty *garden.TTYSpec, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	launch := p.launch
	if tty != nil {
		launch = func() error { return p.launchOnTerminal(*tty) }
	}
	if err := launch(); err != nil {
		started <- err
		return
	}

	var pumps sync.WaitGroup
	for i, read := range p.reads {
		to := []*output{p.stdout, p.stderr}[i]
		pumps.Go(func() {
			// A terminal's other end being closed is an error, and the end of it.
			_, _ = io.Copy(to, read)
		})
	}
	started <- nil

	p.reap()
	pumps.Wait()
	p.stdin.end()
	p.closeReads()
	close(p.done)
}

func (p *Process) launch() error {
	var ends []*os.File
	closeEnds := func() {
		for _, end := range ends {
			end.Close()
		}
	}

	for range 3 {
		read, write, err := os.Pipe()
		if err != nil {
			closeEnds()
			return err
		}
		ends = append(ends, read, write)
	}
	theirs := []*os.File{ends[0], ends[3], ends[5]}
	p.command.Stdin, p.command.Stdout, p.command.Stderr = theirs[0], theirs[1], theirs[2]
	p.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}

	if err := p.command.Start(); err != nil {
		closeEnds()
		return err
	}
	for _, end := range theirs {
		end.Close()
	}
	p.stdin.to = ends[1]
	p.reads = []*os.File{ends[2], ends[4]}

	return nil
}

func (p *Process) launchOnTerminal(tty garden.TTYSpec) error {
	size := garden.WindowSize{Columns: 80, Rows: 24}
	if tty.WindowSize != nil {
		size = *tty.WindowSize
	}

	terminal, err := pty.StartWithAttrs(p.command, winsize(size),
		&syscall.SysProcAttr{Setsid: true, Setctty: true, Pdeathsig: syscall.SIGKILL})
	if err != nil {
		return err
	}
	p.terminal = terminal
	p.stdin.to = terminal
	p.reads = []*os.File{terminal}

	return nil
}

// reap waits for the process itself. While it has not been reaped no other can have its id.
func (p *Process) reap() {
	for unix.Waitid(unix.P_PID, p.command.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
		continue
	}

	p.mutex.Lock()
	defer p.mutex.Unlock()
	// Its status is in the state.
	_ = p.command.Wait()
	p.ended = true
	status := p.command.ProcessState.Sys().(syscall.WaitStatus)
	p.status = status.ExitStatus()
	if status.Signaled() {
		p.status = 128 + int(status.Signal())
	}
}

func (p *Process) closeReads() {
	p.mutex.Lock()
	defer p.mutex.Unlock()

	for _, read := range p.reads {
		read.Close()
	}
	p.terminal = nil
}

// ID of the process.
func (p *Process) ID() string { return p.id }

// Wait waits until it has ended and all of its output has been written: a child that holds its output
// open keeps it. The status is 128 and the signal's number where a signal ended it. There is no error.
func (p *Process) Wait() (int, error) {
	<-p.done

	return p.status, nil
}

// Signal reaches its process group. One that has ended takes it in silence.
func (p *Process) Signal(signal garden.Signal) error {
	number := syscall.SIGTERM
	if signal == garden.SignalKill {
		number = syscall.SIGKILL
	}

	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.ended {
		return nil
	}

	return syscall.Kill(-p.command.Process.Pid, number)
}

// SetTTY gives its terminal a size. Without a terminal or a size it does nothing.
func (p *Process) SetTTY(tty garden.TTYSpec) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.terminal == nil || tty.WindowSize == nil {
		return nil
	}

	return pty.Setsize(p.terminal, winsize(*tty.WindowSize))
}

// attach adds to what the process reads from and writes to, from now on.
func (p *Process) attach(attached garden.ProcessIO) {
	p.stdout.attach(attached.Stdout)
	p.stderr.attach(attached.Stderr)
	p.stdin.attach(attached.Stdin)
}

// pid is 0 when the process has ended.
func (p *Process) pid() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.ended {
		return 0
	}

	return p.command.Process.Pid
}

func winsize(size garden.WindowSize) *pty.Winsize {
	return &pty.Winsize{Cols: size.Columns, Rows: size.Rows}
}
