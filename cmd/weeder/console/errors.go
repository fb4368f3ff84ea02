package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

var (
	// ErrLost says that the connection broke. What became of the process is not
	// known.
	ErrLost = errors.New("lost the connection to garden")
	// ErrLeft says that a process did not end when it was told to, and was left.
	ErrLeft = errors.New("left")
	// ErrOutput says that stdout or stderr took no more. The cause is wrapped
	// beside it.
	ErrOutput = errors.New("output")
	// ErrProcess says that Garden could not tell how a process ended.
	ErrProcess = errors.New("process")
)

// The texts of Garden's client before what Garden says.
const (
	processError = "connection: process error: "
	clientError  = "connection: "
)

// unopened makes of an error of Garden's client one that says how far it came.
func unopened(err error) error {
	var network *net.OpError
	broken := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &network) && network.Op != "dial" || errors.Is(err, context.Canceled)
	if broken {
		return fmt.Errorf("%w before it had answered: %w: the process may have started", ErrLost, err)
	}
	return err
}

// mayGoOn names what to do about a process that may still be there.
func (s *session) mayGoOn() string {
	id := s.link.processID()
	if id == "" {
		return "the process may have started"
	}
	return fmt.Sprintf("the process may go on: weeder attach %s --pid %s", s.console.Handle, id)
}

func (s *session) left() error {
	if s.process == nil {
		return fmt.Errorf("%w before garden had answered: %s", ErrLeft, s.mayGoOn())
	}
	why := ""
	if s.untold != nil {
		why = fmt.Sprintf(" (telling it to end failed: %v)", s.untold)
	}
	return fmt.Errorf("%w the process running%s: weeder attach %s --pid %s", ErrLeft, why, s.console.Handle, s.process.ID())
}

// outcome makes of what Garden's client says at the end the exit status, or
// what went wrong.
func (s *session) outcome(status int, err error) (int, error) {
	if s.unwritten == nil {
		s.unwritten = unread(s.full)
	}
	switch {
	case s.unwritten != nil:
		return 0, s.unwritten
	case err != nil && strings.HasPrefix(err.Error(), processError):
		return 0, fmt.Errorf("%w %s: %s", ErrProcess, s.link.processID(), strings.TrimPrefix(err.Error(), processError))
	case err != nil:
		cause := s.link.cause()
		if cause == nil {
			cause = errors.New(strings.TrimPrefix(err.Error(), clientError))
		}
		return 0, fmt.Errorf("%w: %w: %s", ErrLost, cause, s.mayGoOn())
	case s.link.torn() != nil:
		return 0, fmt.Errorf("%w: %w: a part of what the process printed is missing; it exited %d", ErrLost, s.link.torn(), status)
	case status < 0 || status > 255:
		return 0, fmt.Errorf("%w %s: garden tells an exit status that is none: %d", ErrProcess, s.link.processID(), status)
	}
	return status, nil
}

// unread is an error that nobody has seen yet. Nil: there is none.
func unread(errs <-chan error) error {
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}
