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
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)

	var silent atomic.Int32
	ask := func(seen *look) {
		properties, err := c.propertiesOf(ctx, seen.handle)
		switch {
		case err == nil:
			seen.sighting.Properties = properties
		case isNotFound(err, seen.handle):
			seen.doubt("gone while looking")
		default:
			seen.doubt(err.Error())
		}
		if errors.Is(err, ErrNoAnswer) && silent.Add(1) > maxSilent {
			giveUp(err)
		}
	}

	looks := make([]*look, 0, len(handles))
	slots := make(chan struct{}, askedAtOnce)
	var asking sync.WaitGroup
	for _, handle := range handles {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		seen := &look{handle: handle}
		looks = append(looks, seen)
		asking.Go(func() {
			defer func() { <-slots }()
			ask(seen)
		})
	}
	asking.Wait()

	c.readBundles(ctx, looks)
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("inspect containers: %w", err)
	}
	return looks, nil
}

// propertiesOf is the per-handle call, which restarts the grace countdown: only
// where bulk_info is not implemented.
func (c *Client) propertiesOf(ctx context.Context, handle string) (map[string]string, error) {
	var properties garden.Properties
	err := c.ask(ctx, "read properties", func(conn connection.Connection) (err error) {
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
