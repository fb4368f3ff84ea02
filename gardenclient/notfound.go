package gardenclient

import (
	"context"
	"errors"
	"fmt"

	"code.cloudfoundry.org/garden"
)

// OrNotFound is what the error of a call about one container comes to: a
// garden.ContainerNotFoundError where Garden refused the call without a type, as
// Concourse's own backend does, and the lists (and the depot) lack the handle.
// Any other error comes back as it is.
func (c *Client) OrNotFound(ctx context.Context, handle string, err error) error {
	var refused untypedError
	if !errors.As(err, &refused) {
		return err
	}
	return c.orNotFound(ctx, "look for the container", handle, err)
}

// orNotFound is what an error of a call for a handle comes to.
func (c *Client) orNotFound(ctx context.Context, doing, handle string, err error) error {
	// Who was silent would be waited for twice more.
	if isNotFound(err, handle) || errors.Is(err, ErrUnsafeHandle) || errors.Is(err, ErrNoAnswer) || ctx.Err() != nil {
		return err
	}
	if gone, listErr := c.gone(ctx, handle); listErr == nil && gone {
		return fmt.Errorf("%s: %w", doing, garden.ContainerNotFoundError{Handle: handle})
	}
	return err
}

// untypedError is an error that Garden answered with and gave no type: all that
// it says is its text.
type untypedError struct{ message string }

func (e untypedError) Error() string { return e.message }
