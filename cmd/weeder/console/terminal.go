package console

import (
	"fmt"
	"os"
	"os/signal"
	"sync"

	"code.cloudfoundry.org/garden"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// Terminal is a terminal whose keys all go to a process, none to this program's
// signals. It may be used by many goroutines at once.
type Terminal struct {
	file *os.File

	mu          sync.Mutex
	cooked, raw *term.State
	restored    bool
}

// MakeRaw makes a terminal raw. Restore must follow, whatever happens.
func MakeRaw(file *os.File) (*Terminal, error) {
	t := &Terminal{file: file}
	cooked, err := term.MakeRaw(t.fd())
	if err != nil {
		return nil, fmt.Errorf("make the terminal raw: %w", err)
	}
	t.cooked = cooked
	if t.raw, err = term.GetState(t.fd()); err != nil {
		t.Restore()
		return nil, fmt.Errorf("read the modes of the terminal: %w", err)
	}
	return t, nil
}

// Restore gives the terminal the modes that it had, for good. An error has
// nobody who could do anything about it.
func (t *Terminal) Restore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.restored {
		t.restored = true
		t.set(t.cooked)
	}
}

// Guard restores the terminal if the goroutine that defers it panics.
func (t *Terminal) Guard() {
	if reason := recover(); reason != nil {
		t.Restore()
		panic(reason)
	}
}

// Size is the window's size, nil where the terminal has none.
func (t *Terminal) Size() *garden.WindowSize {
	columns, rows, err := term.GetSize(t.fd())
	if err != nil || columns <= 0 || rows <= 0 {
		return nil
	}
	return &garden.WindowSize{Columns: uint16(columns), Rows: uint16(rows)}
}

// lend gives the terminal the modes that it had, until resume.
func (t *Terminal) lend() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.restored {
		t.set(t.cooked)
	}
}

// resume makes the terminal raw again.
func (t *Terminal) resume() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.restored {
		t.set(t.raw)
	}
}

// set sets the modes while this program is in the foreground. A shell that has
// put it into the background has set its own, and to touch them would stop this
// program, even where it has to end.
func (t *Terminal) set(modes *term.State) {
	foreground, err := unix.IoctlGetInt(t.fd(), unix.TIOCGPGRP)
	if err == nil && foreground != unix.Getpgrp() {
		return
	}
	signal.Ignore(unix.SIGTTOU)
	defer signal.Reset(unix.SIGTTOU)
	_ = term.Restore(t.fd(), modes)
}

func (t *Terminal) fd() int { return int(t.file.Fd()) }
