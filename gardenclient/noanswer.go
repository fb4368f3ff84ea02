package gardenclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// What to try next, where no answer came.
const (
	isItUp     = "is Garden up? set --target"
	isItGarden = "is that a Garden, and is it up? set --target"
)

// silence is an ErrNoAnswer. Its text is for people: the cause is there for
// errors.Is, and what it says in Go's words is left out.
type silence struct {
	text  string
	cause error
}

func (s *silence) Error() string   { return s.text }
func (s *silence) Unwrap() []error { return []error{ErrNoAnswer, s.cause} }

// noAnswer says why a request that began then got no whole answer.
func (w *wire) noAnswer(ctx context.Context, request string, began time.Time, err error) error {
	at := fmt.Sprintf("%v at %s", ErrNoAnswer, w.client.where())
	switch deadline, _ := ctx.Deadline(); {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		// A caller set its deadline a moment before.
		within := deadline.Sub(began).Round(10 * time.Millisecond)
		hint := isItUp
		if w.ctx.Err() == nil {
			hint += ", or a longer --timeout"
		}
		return &silence{fmt.Sprintf("%s to %s within %s: %s", at, request, within, hint), ctx.Err()}
	case ctx.Err() != nil:
		return &silence{fmt.Sprintf("%s to %s: %v", at, request, ctx.Err()), ctx.Err()}
	}

	var failure *net.OpError
	if errors.As(err, &failure) && failure.Op == "dial" {
		why, hint := w.client.whyNoConnection(failure)
		return &silence{fmt.Sprintf("%s: %s: %s", at, why, hint), err}
	}
	why, hint := whyNoAnswer(err)
	return &silence{fmt.Sprintf("%s to %s: %s: %s", at, request, why, hint), err}
}

// whyNoConnection says why nothing could be asked, and what to try.
func (c *Client) whyNoConnection(failure *net.OpError) (why, hint string) {
	var lookup *net.DNSError
	switch {
	case errors.As(failure, &lookup) && lookup.IsNotFound:
		return "there is no such host", "is its name right? set --target"
	case errors.As(failure, &lookup):
		return fmt.Sprintf("the host can't be looked up: %v", lookup), "set --target to its address"
	case errors.Is(failure, syscall.ECONNREFUSED):
		return "nothing listens there (connection refused)", isItUp + c.perhaps()
	case errors.Is(failure, fs.ErrNotExist):
		return "there is no such socket", isItUp + c.perhaps()
	case errors.Is(failure, fs.ErrPermission) && c.target.Network == "unix":
		return c.notAllowed(failure)
	case failure.Timeout():
		return fmt.Sprintf("no connection within %s", dialTimeout), "is Garden up, and no firewall between? set --target"
	}
	return fmt.Sprintf("no connection (%s)", inShort(failure)), isItUp
}

// whyNoAnswer says why a connection brought no answer, and what to try.
func whyNoAnswer(err error) (why, hint string) {
	text := err.Error()
	if at := strings.Index(text, "malformed HTTP"); at >= 0 {
		text = text[at:]
		// An alert of TLS, which a request in the clear gets.
		if strings.HasPrefix(text, `malformed HTTP response "\x15\x03`) {
			text = "it speaks TLS, which Garden does not"
		}
		return text, ErrNotGarden.Error()
	}
	switch {
	case strings.HasPrefix(text, "broken off"):
		return text, isItGarden
	// The last are net/http's words where the end came before the request was out.
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(text, "server closed idle connection"):
		return "it hung up (EOF)", isItGarden
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Sprintf("it hung up (%s)", inShort(err)), isItGarden
	}
	return text, isItUp
}

// inShort is the system's word on an error, without who called what.
func inShort(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}

// perhaps names a socket that may be what was meant.
func (c *Client) perhaps() string {
	for _, path := range c.elsewhere {
		if info, err := os.Stat(path); err == nil && info.Mode().Type() == os.ModeSocket {
			return fmt.Sprintf(", such as %s%s, which is there", socketScheme, path)
		}
	}
	return ""
}
