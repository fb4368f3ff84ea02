// Package console connects a process in a container with this program: with
// its pipes, or with the terminal it runs on.
//
// Garden's client carries the streams; what it lacks is here: a lost connection
// ends the wait, signals arrive even where Garden has stopped listening to the
// stream that they belong on, and stdin is cut at runes only, since Garden
// carries it as text.
//
// Reads of stdin can't be called off. One may be left behind when a process has
// ended: this is for programs that end then, too.
package console

import (
	"context"
	"io"
	"os"
	"time"

	"code.cloudfoundry.org/clock"
	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
	"code.cloudfoundry.org/lager/v3"
)

// Console is what processes of one container are connected with. It is for one
// process at a time.
type Console struct {
	// Handle is the container's.
	Handle string
	// Garden makes what carries the requests of one context, which must close
	// their connections when it ends.
	Garden func(context.Context) connection.HijackStreamer

	// Stdin is handed on in whole runes, up to its end or first error.
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	// Signals has the process ended: the first by Terminate, the second by Kill,
	// and with the third the process is left as it is.
	Signals <-chan os.Signal
	// Patience is how long each of these has before the next follows by itself.
	// Zero: for ever.
	Patience time.Duration

	// Resized tells that the size may be another. Nil: there is no window.
	Resized <-chan struct{}
	// Size is that of the window, nil where it has none.
	Size func() *garden.WindowSize

	// Warn tells a person what does not end the process. It is called by several
	// goroutines.
	Warn func(format string, args ...any)
	// Guard is deferred in every goroutine of this package, and wherever
	// Garden's client calls it. Nil: nothing is.
	Guard func()

	// Clock times Patience. Nil: the system's.
	Clock clock.Clock
	// Logger is that of Garden's client. Nil: nothing is logged.
	Logger lager.Logger
}

// Run starts a process, and gives its exit status once it has ended. The errors
// are Garden's own where it did not start, else those of Attach.
func (c *Console) Run(ctx context.Context, spec garden.ProcessSpec) (int, error) {
	return c.follow(ctx, func(conn connection.Connection, streams garden.ProcessIO) (garden.Process, error) {
		return conn.Run(c.Handle, spec, streams)
	})
}

// Attach gives the exit status of a process that runs already, once it has
// ended. Other errors than Garden's are ErrLost, ErrLeft, ErrOutput and
// ErrProcess.
func (c *Console) Attach(ctx context.Context, processID string) (int, error) {
	return c.follow(ctx, func(conn connection.Connection, streams garden.ProcessIO) (garden.Process, error) {
		return conn.Attach(c.Handle, processID, streams)
	})
}

type opener func(connection.Connection, garden.ProcessIO) (garden.Process, error)

func (c *Console) follow(ctx context.Context, open opener) (int, error) {
	if c.Clock == nil {
		c.Clock = clock.NewClock()
	}
	if c.Guard == nil {
		c.Guard = func() {}
	}
	if c.Logger == nil {
		c.Logger = lager.NewLogger("console")
	}
	ctx, cancel := context.WithCancel(ctx)
	carrier := newLink(c.Garden(ctx))
	s := &session{
		console: c,
		ctx:     ctx,
		cancel:  cancel,
		link:    carrier,
		input:   &input{from: c.Stdin, warn: c.Warn, guard: c.Guard},
		opening: make(chan opened, 1),
		ended:   make(chan ended, 1),
		full:    make(chan error, 2),
		lost:    carrier.lost,
		failed:  make(chan error, 4),
	}
	// All that these wait for is a connection, which cancel closes.
	defer s.senders.Wait()
	defer cancel()
	return s.follow(open)
}
