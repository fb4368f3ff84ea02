package gardenclient

import (
	"context"
	"fmt"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
)

// Create makes a container and gives its handle, which Garden chooses where the
// spec has none. Nothing but the context bounds it; once that has ended, or the
// connection broken off, Garden may go on with it. A handle that is not
// reaper.SafeHandle is refused with ErrUnsafeHandle: nothing could be asked about
// the container later.
func (c *Client) Create(ctx context.Context, spec garden.ContainerSpec) (string, error) {
	const doing = "create container"
	if spec.Handle != "" {
		if err := checkHandles(spec.Handle); err != nil {
			return "", fmt.Errorf("%s: %w", doing, err)
		}
	}

	var handle string
	err := c.ask(ctx, doing, func(conn connection.Connection) (err error) {
		handle, err = conn.Create(spec)
		return err
	})
	if err != nil {
		return "", err
	}
	if handle == "" {
		return "", fmt.Errorf("%s: %s answered without a handle: %w", doing, c.target, ErrNotGarden)
	}
	return handle, nil
}
