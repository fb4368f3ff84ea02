package gardenclient

import (
	"context"
	"slices"

	"code.cloudfoundry.org/garden/client/connection"

	"weeder/reaper"
)

// Usage implements reaper.Garden by bulk_metrics. Where that is not
// implemented nothing is known of any container, which is no error.
func (c *Client) Usage(ctx context.Context, handles []string) (map[string]reaper.Usage, error) {
	if err := checkHandles(handles...); err != nil {
		return nil, err
	}

	usages := make(map[string]reaper.Usage, len(handles))
	for batch := range slices.Chunk(handles, c.batchSize) {
		err := c.ask(ctx, "bulk_metrics", func(conn connection.Connection) error {
			answer, err := conn.BulkMetrics(batch)
			for handle, entry := range answer {
				if entry.Err == nil {
					usages[handle] = reaper.Usage{Processes: entry.Metrics.PidStat.Current, Age: entry.Metrics.Age}
				}
			}
			return err
		})
		if IsNotImplemented(err) {
			return map[string]reaper.Usage{}, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return usages, nil
}
