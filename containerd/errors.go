package containerd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

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

// refusal is a failure that containerd itself answered.
type refusal struct {
	status *status.Status
}

func (r refusal) Error() string {
	if r.status.Message() == "" {
		return "gRPC code " + r.status.Code().String()
	}
	return r.status.Message()
}

// isNotFound tells that containerd itself said that it doesn't know it.
func isNotFound(err error) bool {
	var refused refusal
	return errors.As(err, &refused) && refused.status.Code() == codes.NotFound
}

// isRefusal tells that containerd answered, and that it is about the one that was
// asked for: the connection is good.
func isRefusal(err error) bool {
	var refused refusal
	return errors.As(err, &refused) && refused.status.Code() != codes.Unimplemented
}

// errLost says that a connection that was there broke off before the whole answer
// came, or never spoke HTTP/2.
type errLost string

func (e errLost) Error() string {
	return string(e)
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

// complaints are how grpc-go begins what it says itself of an answer that does not
// hold what it should. The codes it gives that are those of servers as well.
var complaints = []string{
	"cardinality violation: ",
	"grpc: failed to unmarshal ",
	"grpc: received message larger than max ",
	"unexpected HTTP status code received from server: ",
}

// judge tells what is behind an error of grpc-go: an ErrNotContainerd, a refusal,
// how dialling failed, or an errLost. It takes whether a status came in answer, and
// how dialling failed, if it did. It leaves other errors as they are.
func judge(err error, answered bool, dialled *net.OpError) error {
	told, is := status.FromError(err)
	if !is {
		return err
	}
	complains := slices.ContainsFunc(complaints, func(complaint string) bool {
		return strings.HasPrefix(told.Message(), complaint)
	})
	switch {
	case complains:
		return fmt.Errorf("%w %s", ErrNotContainerd, told.Message())
	case answered:
		return refusal{told}
	case dialled != nil:
		return dialled
	}
	return errLost(told.Message())
}

// explain says of a call's error which socket it is about, what is missing, and
// what to do.
func (c *Client) explain(err error) error {
	var (
		refused refusal
		timeout errTimeout
		dialled *net.OpError
	)
	switch {
	case errors.Is(err, ErrAbsent):
		return err
	case errors.As(err, &refused) && refused.status.Code() == codes.Unimplemented:
		return fmt.Errorf("%s: %w %s: %w", c.socket, ErrNotContainerd, advice, err)
	case errors.As(err, &refused):
		return fmt.Errorf("containerd at %s: %w", c.socket, err)
	case errors.Is(err, ErrNotContainerd):
		return fmt.Errorf("%s: %w: %s", c.socket, err, advice)
	case errors.As(err, &timeout):
		return fmt.Errorf("%w at %s: %w Look at it, or %s", ErrNoAnswer, c.socket, err, advice)
	case isContext(err), errors.Is(err, net.ErrClosed):
		return fmt.Errorf("%w at %s: %w", ErrNoAnswer, c.socket, err)
	case errors.As(err, &dialled):
		return c.explainDial(dialled.Err)
	case c.answered.Load():
		return fmt.Errorf("%w at %s: the connection broke off: start containerd, or %s: %w", ErrNoAnswer, c.socket, advice, err)
	}
	return fmt.Errorf("%s: %w it ends the connection, or speaks no gRPC: start containerd, or %s: %w",
		c.socket, ErrNotContainerd, advice, err)
}

// explainDial says why there is no connection to be had.
func (c *Client) explainDial(err error) error {
	socket := c.socket
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

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func isSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Type() == fs.ModeSocket
}

// unreadable is the doubt about one container of which something can't be told.
func unreadable(source string, err error) reaper.Reason {
	return reaper.Reason{Code: reaper.SourceUnreadable, Detail: fmt.Sprintf("%s: %v", source, err)}
}
