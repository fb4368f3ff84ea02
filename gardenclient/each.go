package gardenclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
)

const (
	// askedAtOnce bounds the calls for single containers under way.
	askedAtOnce = 4
	// maxSilent is how many single containers may get no answer before Garden
	// itself counts as silent: each of them costs a whole Timeout.
	maxSilent = 4
)

// lookAtEach asks for the properties of each container, a few at a time. What
// can't be told of one is that one's doubt.
func (c *Client) lookAtEach(ctx context.Context, handles []string) ([]*look, error) {
	looks := make([]*look, len(handles))
	for n, handle := range handles {
		looks[n] = &look{handle: handle}
	}
	err := c.askEach(ctx, handles, func(ctx context.Context, n int) error {
		properties, err := c.propertiesOf(ctx, handles[n])
		switch seen := looks[n]; {
		case err == nil:
			seen.sighting.Properties = properties
		case isNotFound(err, seen.handle):
			seen.doubt("gone while looking")
		default:
			seen.sighting.Silent = errors.Is(err, context.DeadlineExceeded)
			seen.doubt(err.Error())
		}
		return err
	})
	if err == nil {
		c.readBundles(ctx, looks)
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("inspect containers: %w", err)
	}
	return looks, nil
}

// askEach has each container asked about, a few at a time, by its place among the
// handles. It gives up on a Garden that leaves too many without an answer.
func (c *Client) askEach(ctx context.Context, handles []string, ask func(ctx context.Context, n int) error) error {
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)

	var silent atomic.Int32
	slots := make(chan struct{}, askedAtOnce)
	var asking sync.WaitGroup
	for n := range handles {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		asking.Go(func() {
			defer func() { <-slots }()
			if err := ask(ctx, n); errors.Is(err, ErrNoAnswer) && silent.Add(1) > maxSilent {
				giveUp(err)
			}
		})
	}
	asking.Wait()
	return context.Cause(ctx)
}

// propertiesOf is the per-handle call, which restarts the grace countdown: only
// where bulk_info is not implemented.
func (c *Client) propertiesOf(ctx context.Context, handle string) (map[string]string, error) {
	var properties garden.Properties
	err := c.ask(ctx, readProperties, func(conn connection.Connection) (err error) {
		properties, err = conn.Properties(handle)
		return err
	})
	if err != nil {
		return nil, err
	}
	return known(properties), nil
}

// isNotFound tells that Garden itself said that it doesn't know this handle.
func isNotFound(err error, handle string) bool {
	var notFound garden.ContainerNotFoundError
	return errors.As(err, &notFound) && notFound.Handle == handle
}
