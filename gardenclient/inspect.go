package gardenclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"

	"weeder/reaper"
)

// tornWait is how long a half-written config.json gets to be completed. Garden
// writes it in one go.
const tornWait = 50 * time.Millisecond

// bundleReaders decode bundles at once: that is most of the work of a first
// pass.
const bundleReaders = 2

// look is one container on its way through Inspect.
type look struct {
	handle   string
	sighting reaper.Sighting
	// refused is why bulk_info told nothing of it. Nil: it did, or could not be
	// asked at all.
	refused error
	// bundle is its config.json. Nil: none was read; bundleErr says why, if
	// it is not just absent.
	bundle    *bundle
	bundleErr error
}

// Inspect implements reaper.Garden: bulk_info, and each container's config.json
// in the depot. It restarts a container's grace countdown only where the bulk
// calls are not implemented, by asking for the properties of each once.
func (c *Client) Inspect(ctx context.Context, handles []string) (map[string]reaper.Sighting, error) {
	if err := checkHandles(handles...); err != nil {
		return nil, err
	}

	looks, err := c.lookAtAll(ctx, handles)
	if IsNotImplemented(err) {
		c.logger.Debug("bulk-info-is-not-implemented")
		looks, err = c.lookAtEach(ctx, handles)
	}
	if err != nil {
		return nil, err
	}

	// Only now the depot is known, if any of the answers tells it.
	if err := c.readBundles(ctx, looks); err != nil {
		return nil, err
	}
	sightings := make(map[string]reaper.Sighting, len(looks))
	for _, seen := range looks {
		sightings[seen.handle] = seen.conclude()
	}
	return sightings, nil
}

// lookAtAll asks bulk_info.
func (c *Client) lookAtAll(ctx context.Context, handles []string) ([]*look, error) {
	infos, err := c.bulkInfo(ctx, handles)
	if err != nil {
		return nil, err
	}

	looks := make([]*look, 0, len(handles))
	for _, handle := range handles {
		seen := &look{handle: handle}
		looks = append(looks, seen)

		info, err := entryOf(infos, handle)
		if err != nil {
			seen.refused = err
			continue
		}
		seen.sighting.State = info.State
		seen.sighting.Properties = known(info.Properties)
		seen.sighting.BundlePath = info.ContainerPath
		c.learnDepot(handle, info.ContainerPath)
	}
	return looks, nil
}

func (c *Client) bulkInfo(ctx context.Context, handles []string) (map[string]garden.ContainerInfoEntry, error) {
	infos := make(map[string]garden.ContainerInfoEntry, len(handles))
	for batch := range slices.Chunk(handles, c.batchSize) {
		err := c.ask(ctx, "bulk_info", func(conn connection.Connection) error {
			answer, err := conn.BulkInfo(batch)
			maps.Copy(infos, answer)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return infos, nil
}

// entryOf is bulk_info's word on one container.
func entryOf(infos map[string]garden.ContainerInfoEntry, handle string) (garden.ContainerInfo, error) {
	entry, ok := infos[handle]
	switch {
	case !ok:
		return garden.ContainerInfo{}, errors.New("bulk_info: left out of the answer")
	case entry.Err != nil:
		return garden.ContainerInfo{}, fmt.Errorf("bulk_info: %w", entry.Err.Err)
	}
	return entry.Info, nil
}

// known makes properties that Garden told, but left null, an empty map.
func known(properties garden.Properties) map[string]string {
	if properties == nil {
		return map[string]string{}
	}
	return properties
}

// readBundles reads each bundle whose directory is known, and once more those
// that were caught half-written.
func (c *Client) readBundles(ctx context.Context, looks []*look) error {
	reading := make(chan *look)
	var readers sync.WaitGroup
	for range min(bundleReaders, len(looks)) {
		readers.Go(func() {
			for seen := range reading {
				if ctx.Err() == nil {
					c.readBundle(seen)
				}
			}
		})
	}
	for _, seen := range looks {
		reading <- seen
	}
	close(reading)
	readers.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("inspect containers: %w", err)
	}

	var torn []*look
	for _, seen := range looks {
		if errors.Is(seen.bundleErr, errTorn) {
			torn = append(torn, seen)
		}
	}
	if len(torn) == 0 {
		return nil
	}

	wait := c.clock.NewTimer(tornWait)
	defer wait.Stop()
	select {
	case <-wait.C():
	case <-ctx.Done():
		return fmt.Errorf("inspect containers: %w", ctx.Err())
	}
	for _, seen := range torn {
		c.readBundle(seen)
	}
	return nil
}

func (c *Client) readBundle(seen *look) {
	dir := c.bundleDir(seen)
	if dir == "" {
		return
	}
	seen.bundle, seen.bundleErr = readBundle(dir)
	if seen.bundle != nil && seen.sighting.BundlePath == "" {
		seen.sighting.BundlePath = dir
	}
}

// bundleDir is where a container's bundle is seen from here. Empty: not known.
func (c *Client) bundleDir(seen *look) string {
	switch {
	case c.configuredDepot != "":
		return filepath.Join(c.configuredDepot, seen.handle)
	case seen.refused != nil && c.depot() != "":
		return filepath.Join(c.depot(), seen.handle)
	}
	return seen.sighting.BundlePath
}

// conclude is the sighting with what the bundle adds to it. A container that
// bulk_info refused is judged by its bundle alone.
func (l *look) conclude() reaper.Sighting {
	switch {
	case l.bundle != nil:
		l.sighting.Spec = &l.bundle.spec
		l.sighting.SpecSource = reaper.SourceBundle
		l.sighting.CreatedAt = l.bundle.writtenAt
	case l.refused != nil && l.bundleErr != nil:
		l.doubt(fmt.Sprintf("%s; bundle: %s", l.refused, l.bundleErr))
	case l.refused != nil:
		l.doubt(l.refused.Error())
	case l.bundleErr != nil:
		l.doubt("bundle: " + l.bundleErr.Error())
	}
	return l.sighting
}

func (l *look) doubt(detail string) {
	l.sighting.Doubts = append(l.sighting.Doubts, reaper.Reason{Code: reaper.SourceUnreadable, Detail: detail})
}
