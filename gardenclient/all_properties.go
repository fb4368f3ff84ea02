package gardenclient

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"code.cloudfoundry.org/garden"
)

// Told is what Garden tells of one container's properties.
type Told struct {
	// Properties are nil where Err is not.
	Properties map[string]string
	// Err is why they are not known; garden.ContainerNotFoundError: the container
	// is gone, by the lists (and the depot) where the call itself does not say so.
	Err error
}

// AllProperties are those of several containers, by handle, read as Properties
// reads those of one. Handles that can't safely be sent to Garden are not, and
// have ErrUnsafeHandle. An error means that Garden was not asked to the end: it
// comes with what was told until then.
func (c *Client) AllProperties(ctx context.Context, handles []string) (map[string]Told, error) {
	told := make(map[string]Told, len(handles))
	ask := make([]string, 0, len(handles))
	for _, handle := range handles {
		if err := checkHandles(handle); err != nil {
			told[handle] = Told{Err: fmt.Errorf("%s: %w", readProperties, err)}
		} else {
			ask = append(ask, handle)
		}
	}

	err := c.tellAll(ctx, ask, told)
	if IsNotImplemented(err) {
		err = c.tellEach(ctx, ask, told)
	}
	c.tellGone(ctx, told)
	return told, err
}

// tellAll asks bulk_info in batches.
func (c *Client) tellAll(ctx context.Context, handles []string, told map[string]Told) error {
	for batch := range slices.Chunk(handles, c.batchSize) {
		infos, err := c.bulkInfo(ctx, batch)
		if err != nil {
			return err
		}
		for _, handle := range batch {
			info, err := infos.of(handle)
			if err != nil {
				told[handle] = Told{Err: fmt.Errorf("%s of %s: %w", readProperties, handle, err)}
				continue
			}
			told[handle] = Told{Properties: known(info.Properties)}
		}
	}
	return nil
}

// tellEach asks for one container after the other.
func (c *Client) tellEach(ctx context.Context, handles []string, told map[string]Told) error {
	answers := make([]Told, len(handles))
	asked := make([]bool, len(handles))
	err := c.askEach(ctx, handles, func(ctx context.Context, n int) error {
		properties, err := c.propertiesOf(ctx, handles[n])
		asked[n] = true
		answers[n] = Told{Properties: properties}
		if err != nil {
			answers[n].Err = fmt.Errorf("container %s: %w", handles[n], err)
		}
		return err
	})
	for n, handle := range handles {
		if asked[n] {
			told[handle] = answers[n]
		}
	}
	return err
}

// tellGone has the lists decide which of those that nothing is told of are gone.
func (c *Client) tellGone(ctx context.Context, told map[string]Told) {
	var doubtful []string
	for handle, one := range told {
		if one.Err != nil && !isNotFound(one.Err, handle) && !errors.Is(one.Err, ErrUnsafeHandle) {
			doubtful = append(doubtful, handle)
		}
	}
	if len(doubtful) == 0 || ctx.Err() != nil {
		return
	}
	gone, err := c.goneAmong(ctx, doubtful)
	if err != nil {
		return
	}
	for handle := range gone {
		told[handle] = Told{Err: fmt.Errorf("%s: %w", readProperties, garden.ContainerNotFoundError{Handle: handle})}
	}
}
