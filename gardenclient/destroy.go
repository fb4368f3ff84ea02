package gardenclient

import (
	"context"
	"errors"
	"fmt"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
	"code.cloudfoundry.org/lager/v3"

	"weeder/reaper"
)

// Destroy implements reaper.Garden. Its deadline is its context's alone; past
// it, Garden may go on destroying. An error that is reaper.ErrGone is a
// garden.ContainerNotFoundError too; one that is such an error alone says that
// the depot shows what Garden does not know. Where Garden's error does not say
// what became of the container, the lists (and the depot) decide.
func (c *Client) Destroy(ctx context.Context, handle string) error {
	doing := "destroy " + handle
	err := c.ask(ctx, doing, func(conn connection.Connection) error {
		return conn.Destroy(handle)
	})

	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUnsafeHandle):
		return err
	case isNotFound(err, handle):
		if dir := c.inDepot(handle); dir != "" {
			// It would be found again in each pass, and told of as destroyed each time.
			return fmt.Errorf("%w, and %s is there: see weeder leftovers", err, dir)
		}
		return fmt.Errorf("%w: %w", reaper.ErrGone, err)
	case says(err, alreadyBeingDestroyed):
		return fmt.Errorf("%w: %w", reaper.ErrInProgress, err)
	case errors.Is(err, ErrNoAnswer) && ctx.Err() != nil:
		return fmt.Errorf("%w (garden may go on with it)", err)
	}

	aside, cancel := withoutDeadline(ctx)
	defer cancel()
	gone, listErr := c.gone(aside, handle)
	c.logger.Debug("had-the-lists-decide", lager.Data{"handle": handle, "error": err.Error(), "gone": gone})
	if listErr == nil && gone {
		return fmt.Errorf("%s: %w: %w", doing, reaper.ErrGone, garden.ContainerNotFoundError{Handle: handle})
	}
	return err
}

// withoutDeadline is a context that ends when ctx is cancelled, not when its
// deadline passes.
func withoutDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	aside, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	})
	return aside, func() {
		stop()
		cancel()
	}
}
