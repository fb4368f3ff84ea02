package gardenclient

import "context"

const readProperties = "read properties"

// Properties are those of one container, read without restarting its grace
// countdown where bulk_info is implemented. A handle that Garden doesn't know is
// a garden.ContainerNotFoundError; the lists (and the depot) decide that where
// the error of the call does not say it.
func (c *Client) Properties(ctx context.Context, handle string) (map[string]string, error) {
	if err := checkHandles(handle); err != nil {
		return nil, err
	}

	infos, err := c.bulkInfo(ctx, []string{handle})
	if IsNotImplemented(err) {
		properties, err := c.propertiesOf(ctx, handle)
		if err != nil {
			return nil, c.orNotFound(ctx, readProperties, handle, err)
		}
		return properties, nil
	}
	if err != nil {
		return nil, err
	}

	info, err := infos.of(handle)
	if err != nil {
		return nil, c.orNotFound(ctx, readProperties, handle, err)
	}
	return known(info.Properties), nil
}
