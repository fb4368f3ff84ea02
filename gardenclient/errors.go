package gardenclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"weeder/reaper"
)

var (
	// ErrNoAnswer says that no whole answer came: nothing listens, the deadline
	// passed, the connection broke off. The cause is wrapped beside it.
	ErrNoAnswer = errors.New("no answer from garden")
	// ErrNotGarden says that what answered did not speak as a Garden does.
	ErrNotGarden = errors.New("is that a Garden? set --target")
	// ErrUnsafeHandle says that Garden's client would not carry the handle
	// unchanged, so that another container could be meant. Nothing was sent.
	ErrUnsafeHandle = errors.New("not a handle that can safely be sent to garden")
)

// What Garden says without a type. The first is the text of every backend that
// lacks a call, the second garden/server's ErrConcurrentDestroy.
const (
	notImplemented        = "not implemented"
	alreadyBeingDestroyed = "container already being destroyed"
)

// IsNotImplemented tells that Garden's backend lacks the call, as Concourse's
// own backend lacks the bulk calls and the capacity.
func IsNotImplemented(err error) bool {
	return says(err, notImplemented)
}

// says tells that an error is a text, or wraps it. A part of the text before
// does not do: ENOSYS is "function not implemented".
func says(err error, text string) bool {
	return err != nil && (err.Error() == text || strings.HasSuffix(err.Error(), ": "+text))
}

func checkHandles(handles ...string) error {
	for _, handle := range handles {
		if !reaper.SafeHandle(handle) {
			return fmt.Errorf("handle %q: %w", handle, ErrUnsafeHandle)
		}
	}
	return nil
}

// noAnswer says why a request that began then got no whole answer.
func (c *Client) noAnswer(ctx context.Context, request string, began time.Time, err error) error {
	switch deadline, _ := ctx.Deadline(); {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		// A caller set its deadline a moment before.
		within := deadline.Sub(began).Round(10 * time.Millisecond)
		return fmt.Errorf("%w at %s to %s within %s: %w", ErrNoAnswer, c.target, request, within, ctx.Err())
	case ctx.Err() != nil:
		return fmt.Errorf("%w at %s to %s: %w", ErrNoAnswer, c.target, request, ctx.Err())
	}

	var failure *net.OpError
	if errors.As(err, &failure) && failure.Op == "dial" {
		return fmt.Errorf("%w at %s: %s: %w", ErrNoAnswer, c.target, whyNoConnection(failure), failure)
	}
	return fmt.Errorf("%w at %s to %s: %w", ErrNoAnswer, c.target, request, err)
}

func whyNoConnection(err *net.OpError) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there"
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such socket"
	case errors.Is(err, fs.ErrPermission):
		return "not allowed to connect"
	case err.Timeout():
		return fmt.Sprintf("no connection within %s", dialTimeout)
	}
	return "no connection"
}
