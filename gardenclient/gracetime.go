package gardenclient

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"code.cloudfoundry.org/garden/client/connection"
)

// graceTimeProperty is where Garden's backends keep a grace time, in
// nanoseconds.
const graceTimeProperty = "garden.grace-time"

// SetGraceTime sets for how long nobody must have used a container before Garden
// destroys it, and starts that countdown; 0, or less, has Garden destroy it at
// once. Garden's server succeeds even where its backend did not set anything: so
// one above 0 is read back, and another than this is an error. Where it can't be
// read, Garden's word counts. An unknown handle is no error to Guardian: Find
// tells.
func (c *Client) SetGraceTime(ctx context.Context, handle string, graceTime time.Duration) error {
	const doing = "set grace time"
	err := c.ask(ctx, doing, func(conn connection.Connection) error {
		return conn.SetGraceTime(handle, graceTime)
	})
	if err != nil {
		return c.orNotFound(ctx, doing, handle, err)
	}
	if graceTime <= 0 {
		return nil
	}

	properties, err := c.Properties(ctx, handle)
	if err != nil {
		return nil
	}
	kept, err := strconv.ParseInt(properties[graceTimeProperty], 10, 64)
	if err == nil && kept != int64(graceTime) {
		return fmt.Errorf("%s: garden says that it is set, but keeps %s", doing, time.Duration(kept))
	}
	return nil
}
