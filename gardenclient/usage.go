package gardenclient

import (
	"context"
	"slices"

	"code.cloudfoundry.org/garden"
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
		told, silent, err := bulk(ctx, c, batch, c.bulkMetrics)
		if IsNotImplemented(err) {
			return map[string]reaper.Usage{}, nil
		}
		if err != nil {
			return nil, err
		}
		for handle, entry := range told {
			if entry.Err == nil {
				usages[handle] = reaper.Usage{Processes: entry.Metrics.PidStat.Current, Age: entry.Metrics.Age}
			}
		}
		for handle := range silent {
			usages[handle] = reaper.Usage{Failed: true}
		}
	}
	return usages, nil
}

// bulkMetrics asks about one batch.
func (c *Client) bulkMetrics(ctx context.Context, handles []string) (map[string]garden.ContainerMetricsEntry, error) {
	var told map[string]garden.ContainerMetricsEntry
	err := c.ask(ctx, "bulk_metrics", func(conn connection.Connection) (err error) {
		told, err = conn.BulkMetrics(handles)
		return err
	})
	return told, err
}
