package gardenclient

import (
	"errors"
	"fmt"
	"strings"

	"weeder/reaper"
)

var (
	// ErrNoAnswer says that no whole answer came: nothing listens, the deadline
	// passed, the connection broke off. The cause is wrapped beside it; the text
	// says what was tried, why it failed and what to try next.
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
