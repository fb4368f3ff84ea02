package gardenclient

import (
	"context"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
)

// NetIn maps a port of the worker, which Garden chooses and NetIn gives, to a
// port of the container. A handle that Garden doesn't know is a
// garden.ContainerNotFoundError, as for Properties.
func (c *Client) NetIn(ctx context.Context, handle string, containerPort uint16) (hostPort uint32, err error) {
	const doing = "map port"
	err = c.ask(ctx, doing, func(conn connection.Connection) (err error) {
		hostPort, _, err = conn.NetIn(handle, 0, uint32(containerPort))
		return err
	})
	if err != nil {
		return 0, c.orNotFound(ctx, doing, handle, err)
	}
	return hostPort, nil
}

// NetOut lets a container reach what a rule names. A handle that Garden doesn't
// know is a garden.ContainerNotFoundError, as for Properties.
func (c *Client) NetOut(ctx context.Context, handle string, rule garden.NetOutRule) error {
	const doing = "allow traffic"
	err := c.ask(ctx, doing, func(conn connection.Connection) error {
		return conn.NetOut(handle, rule)
	})
	if err != nil {
		return c.orNotFound(ctx, doing, handle, err)
	}
	return nil
}
