package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"code.cloudfoundry.org/garden"
	"golang.org/x/sync/semaphore"

	"weeder/gardenclient"
	"weeder/reaper"
)

type destroyCommand struct {
	app         *app
	MaxInFlight int `long:"max-in-flight" default:"3" description:"destroy at most this many at a time"`
	Args        struct {
		Handles []handleArgument `positional-arg-name:"HANDLE" description:"- for those that stdin names"`
	} `positional-args:"yes"`
}

// check finds what the parser can't.
func (c *destroyCommand) check() error {
	if c.MaxInFlight < 1 {
		return usagef("--max-in-flight: give at least 1")
	}
	return nil
}

// Execute runs the command.
func (c *destroyCommand) Execute([]string) error {
	ctx, release := c.app.untilHurried()
	defer release()
	handles, err := c.app.readHandles(handles(c.Args.Handles))
	if err != nil {
		return fmt.Errorf("%w: nothing was destroyed", err)
	}
	if len(handles) == 0 && c.app.terminal.stderr {
		fmt.Fprintln(c.app.stderr, "no handles, so nothing was destroyed: see weeder destroy --help")
	}

	client := c.app.garden()
	defer client.Close()
	attempts := make([]destroyAttempt, len(handles))
	for n, handle := range handles {
		attempts[n].handle = handle
	}
	c.tryAll(ctx, client, attempts)
	return c.tell(client, attempts)
}

// destroyAttempt is what became of one handle. Not tried: an interrupt came
// before.
type destroyAttempt struct {
	handle string
	tried  bool
	err    error
}

// tryAll destroys the containers, some at a time. After an interrupt it begins
// with none, and waits for those under way until ctx ends.
func (c *destroyCommand) tryAll(ctx context.Context, client *gardenclient.Client, attempts []destroyAttempt) {
	var begun, done atomic.Int64
	progress := startProgress(c.app, func(since time.Duration) string {
		if c.app.ctx.Err() != nil {
			return fmt.Sprintf("interrupted: waiting for %s under way; interrupt again to leave them to Garden",
				plural(int(begun.Load()-done.Load()), "destroy"))
		}
		return fmt.Sprintf("destroying: done with %d of %d, %s", done.Load(), len(attempts), short(since))
	})
	defer progress.stop()

	slots := semaphore.NewWeighted(int64(c.MaxInFlight))
	var underWay sync.WaitGroup
	defer underWay.Wait()
	for n := range attempts {
		if slots.Acquire(c.app.ctx, 1) != nil {
			return
		}
		attempt := &attempts[n]
		attempt.tried = true
		begun.Add(1)
		underWay.Go(func() {
			defer slots.Release(1)
			attempt.err = c.destroy(ctx, client, attempt.handle)
			done.Add(1)
		})
	}
}

func (c *destroyCommand) destroy(ctx context.Context, client *gardenclient.Client, handle string) error {
	ctx, cancel := context.WithTimeout(ctx, c.app.global.Timeout)
	defer cancel()
	err := client.Destroy(ctx, handle)
	switch {
	case errors.Is(err, reaper.ErrGone):
		return garden.ContainerNotFoundError{Handle: handle}
	case errors.Is(err, reaper.ErrInProgress):
		return fmt.Errorf("destroy %s: container already being destroyed: garden is at it, and weeder list shows it until it is gone", handle)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("destroy %s: interrupted (garden may go on with it)", handle)
	}
	return err
}

// tell says which containers were not destroyed, in the order given.
func (c *destroyCommand) tell(client *gardenclient.Client, attempts []destroyAttempt) error {
	failed := false
	var left []string
	for _, attempt := range attempts {
		switch {
		case !attempt.tried:
			left = append(left, attempt.handle)
		case attempt.err != nil:
			failed = true
			c.app.complain("error", "%v", c.app.aboutHandle(client, attempt.handle, attempt.err))
		}
	}
	if len(left) > 0 {
		failed = true
		c.app.complain("error", "interrupted: not tried: %s", strings.Join(left, ", "))
	}
	if failed {
		return errSaid
	}
	return nil
}
