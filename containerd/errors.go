package containerd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"weeder/reaper"
)

var (
	// ErrAbsent says that there is no socket: this worker has no containerd.
	ErrAbsent = errors.New("no containerd socket")
	// ErrNoAnswer says that no whole answer came from a socket that is there. The
	// cause is wrapped beside it.
	ErrNoAnswer = errors.New("no answer from containerd")
	// ErrNotContainerd says that what answered did not speak as containerd does.
	ErrNotContainerd = errors.New("is that containerd?")
)

// advice ends each error that another socket could mend.
const advice = "set --containerd ('' to do without)"

// The codes of gRPC that mean something here.
const (
	codeNotFound      = 5
	codeUnimplemented = 12
)

// statusError is a failure that containerd itself answered.
type statusError struct {
	// code of gRPC.
	code    uint32
	message string
}

func (e *statusError) Error() string {
	if e.message == "" {
		return fmt.Sprintf("gRPC code %d", e.code)
	}
	return e.message
}

// isNotFound tells that containerd itself said that it doesn't know it.
func isNotFound(err error) bool {
	var status *statusError
	return errors.As(err, &status) && status.code == codeNotFound
}

// isRefusal tells that containerd answered, and that it is about the one that was
// asked for: the connection is good.
func isRefusal(err error) bool {
	var status *statusError
	return errors.As(err, &status) && status.code != codeUnimplemented
}

// errTimeout is how long a request waited in vain.
type errTimeout struct {
	waited time.Duration
}

func (e errTimeout) Error() string {
	return fmt.Sprintf("nothing within %s: does it hang?", e.waited)
}

func (e errTimeout) Unwrap() error {
	return context.DeadlineExceeded
}

// explain says of a call's error which socket it is about, what is missing, and
// what to do.
func (c *Client) explain(err error) error {
	socket := c.wire.socket
	var (
		status  *statusError
		timeout errTimeout
		failure *net.OpError
	)
	switch {
	case socket == "":
		return ErrAbsent
	case errors.As(err, &status) && status.code == codeUnimplemented:
		return fmt.Errorf("%s: %w %s: %w", socket, ErrNotContainerd, advice, err)
	case errors.As(err, &status):
		return fmt.Errorf("containerd at %s: %w", socket, err)
	case errors.Is(err, ErrNotContainerd):
		return fmt.Errorf("%s: %w: %s", socket, err, advice)
	case errors.As(err, &timeout):
		return fmt.Errorf("%w at %s: %w Look at it, or %s", ErrNoAnswer, socket, err, advice)
	case isContext(err):
		return fmt.Errorf("%w at %s: %w", ErrNoAnswer, socket, err)
	case c.wire.isClosed():
		return fmt.Errorf("%w at %s: %w", ErrNoAnswer, socket, net.ErrClosed)
	case isDial(err, &failure):
		return c.explainDial(failure.Err)
	case c.answered.Load():
		return fmt.Errorf("%w at %s: the connection broke off: start containerd, or %s: %w", ErrNoAnswer, socket, advice, err)
	}
	return fmt.Errorf("%s: %w it ends the connection, or speaks no gRPC: start containerd, or %s: %w",
		socket, ErrNotContainerd, advice, err)
}

// explainDial says why there is no connection to be had.
func (c *Client) explainDial(err error) error {
	socket := c.wire.socket
	var why string
	switch {
	case errors.Is(err, fs.ErrNotExist) && !c.answered.Load():
		return fmt.Errorf("%w at %s: %w", ErrAbsent, socket, err)
	case errors.Is(err, fs.ErrNotExist):
		why = "its socket was there before: start containerd"
	case errors.Is(err, fs.ErrPermission):
		why = "permission denied: run weeder as root or with CAP_DAC_OVERRIDE"
	case errors.Is(err, syscall.ECONNREFUSED) && !isSocket(socket):
		why = "that is no socket: give another"
	case errors.Is(err, syscall.ECONNREFUSED):
		why = "nothing listens there: start containerd"
	case errors.Is(err, syscall.EAGAIN):
		why = "it takes no connection: does it hang? Look at it"
	default:
		why = "no connection: look at that path"
	}
	return fmt.Errorf("%w at %s: %s, or %s: %w", ErrNoAnswer, socket, why, advice, err)
}

// lost tells that a call failed with its connection, once that was there.
func lost(err error) bool {
	var (
		status  *statusError
		failure *net.OpError
	)
	return err != nil && !errors.As(err, &status) && !errors.Is(err, ErrNotContainerd) &&
		!isContext(err) && !isDial(err, &failure)
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func isDial(err error, failure **net.OpError) bool {
	return errors.As(err, failure) && (*failure).Op == "dial"
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Type() == fs.ModeSocket
}

// unreadable is the doubt about one container of which something can't be told.
func unreadable(source string, err error) reaper.Reason {
	return reaper.Reason{Code: reaper.SourceUnreadable, Detail: fmt.Sprintf("%s: %v", source, err)}
}
