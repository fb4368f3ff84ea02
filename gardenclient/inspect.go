package gardenclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"

	"weeder/containerd/bundle"
	"weeder/reaper"
)

// look is one container on its way through Inspect.
type look struct {
	handle   string
	sighting reaper.Sighting
	// refused is why bulk_info told nothing of it. Nil: it did, or could not be
	// asked at all.
	refused error
	// bundle is its config.json, where bundleErr is nil. A look that knows no
	// directory of a bundle has bundle.ErrAbsent.
	bundle    bundle.Bundle
	bundleErr error
	// dir is where the bundle was looked for. Empty: nowhere.
	dir string
}

// Inspect implements reaper.Garden: bulk_info, and each container's config.json
// in the depot. It restarts a container's grace countdown only where the bulk
// calls are not implemented, by asking for the properties of each once; then it
// leaves out those that are told already (a nil told: none is).
func (c *Client) Inspect(ctx context.Context, handles []string, told func(handle string) bool) (map[string]reaper.Sighting, error) {
	if err := checkHandles(handles...); err != nil {
		return nil, err
	}

	looks, err := c.lookAtAll(ctx, handles)
	if IsNotImplemented(err) {
		c.logger.Debug("bulk-info-is-not-implemented")
		if told != nil {
			handles = slices.DeleteFunc(slices.Clone(handles), told)
		}
		looks, err = c.lookAtEach(ctx, handles)
	}
	if err != nil {
		return nil, err
	}

	sightings := make(map[string]reaper.Sighting, len(looks))
	for _, seen := range looks {
		sightings[seen.handle] = seen.conclude()
	}
	return sightings, nil
}

// lookAtAll asks bulk_info in batches, and reads the bundles of one batch while
// Garden is asked about the next.
func (c *Client) lookAtAll(ctx context.Context, handles []string) ([]*look, error) {
	var reading sync.WaitGroup
	defer reading.Wait()

	looks := make([]*look, 0, len(handles))
	var refused []*look
	for batch := range slices.Chunk(handles, c.batchSize) {
		infos, err := c.bulkInfo(ctx, batch)
		if err != nil {
			return nil, err
		}
		var told []*look
		for _, handle := range batch {
			seen := c.lookAt(handle, infos)
			looks = append(looks, seen)
			if seen.refused == nil {
				told = append(told, seen)
			} else {
				refused = append(refused, seen)
			}
		}
		reading.Wait()
		reading.Go(func() { c.readBundles(ctx, told) })
	}
	reading.Wait()

	// Only now the depot is known, if any of the answers tells it.
	c.readBundles(ctx, refused)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("inspect containers: %w", err)
	}
	return looks, nil
}

// lookAt takes up what bulk_info says of one container.
func (c *Client) lookAt(handle string, infos infos) *look {
	seen := &look{handle: handle}
	info, err := infos.of(handle)
	if err != nil {
		seen.refused = err
		_, seen.sighting.Silent = infos.silent[handle]
		return seen
	}
	seen.sighting.State = info.State
	seen.sighting.Properties = known(info.Properties)
	seen.sighting.BundlePath = info.ContainerPath
	c.learnDepot(handle, info.ContainerPath)
	return seen
}

// infos are bulk_info's answers.
type infos struct {
	told   map[string]garden.ContainerInfoEntry
	silent map[string]error
}

// bulkInfo asks about one batch.
func (c *Client) bulkInfo(ctx context.Context, handles []string) (infos, error) {
	told, silent, err := bulk(ctx, c, handles, func(ctx context.Context, handles []string) (map[string]garden.ContainerInfoEntry, error) {
		var told map[string]garden.ContainerInfoEntry
		err := c.ask(ctx, "bulk_info", func(conn connection.Connection) (err error) {
			told, err = conn.BulkInfo(handles)
			return err
		})
		return told, err
	})
	return infos{told: told, silent: silent}, err
}

// of is bulk_info's word on one container.
func (i infos) of(handle string) (garden.ContainerInfo, error) {
	if why, silent := i.silent[handle]; silent {
		return garden.ContainerInfo{}, why
	}
	entry, ok := i.told[handle]
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

// readBundles reads each bundle whose directory is known. Where the context
// ends, the rest is left unread.
func (c *Client) readBundles(ctx context.Context, looks []*look) {
	var dirs []string
	var in []*look
	for _, seen := range looks {
		seen.bundleErr = bundle.ErrAbsent
		if seen.dir = c.bundleDir(seen); seen.dir != "" {
			dirs = append(dirs, seen.dir)
			in = append(in, seen)
		}
	}
	results, err := bundle.ReadAll(ctx, c.clock, dirs)
	if err != nil {
		return
	}
	for n, result := range results {
		in[n].bundle, in[n].bundleErr = result.Bundle, result.Err
		if result.Err == nil && in[n].sighting.BundlePath == "" {
			in[n].sighting.BundlePath = dirs[n]
		}
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
	absent := errors.Is(l.bundleErr, bundle.ErrAbsent)
	switch {
	case l.refused != nil && l.sighting.Silent:
		// What its bundle says may be the half of it.
		l.sighting.Blind = true
		l.doubt(l.refused.Error())
	case l.bundleErr == nil:
		l.sighting.Spec = &l.bundle.Spec
		l.sighting.SpecSource = reaper.SourceBundle
		l.sighting.CreatedAt = l.bundle.WrittenAt
	case l.refused != nil && !absent:
		l.doubt(fmt.Sprintf("%s; bundle: %s", l.refused, depotHint(l.bundleErr)))
	case l.refused != nil:
		l.doubt(l.refused.Error())
	case !absent:
		l.doubt("bundle: " + depotHint(l.bundleErr))
	case l.sighting.BundlePath != "":
		// Guardian tells of no container without a bundle: perhaps it is that of
		// another machine, whose volumes are not here either.
		l.sighting.Blind = true
		l.doubt(fmt.Sprintf("its bundle %s is not there: is it gone meanwhile, or --target another worker's?", l.dir))
	}
	return l.sighting
}

// depotHint says what to try where neither a bundle nor the directory around
// it is to be seen from here.
func depotHint(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return err.Error() + ": --depot tells where weeder sees it"
	}
	return err.Error()
}

func (l *look) doubt(detail string) {
	l.sighting.Doubts = append(l.sighting.Doubts, reaper.Reason{Code: reaper.SourceUnreadable, Detail: detail})
}
