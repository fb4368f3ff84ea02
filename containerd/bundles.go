package containerd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"code.cloudfoundry.org/clock"

	"weeder/containerd/bundle"
	"weeder/reaper"
)

// bundlesName is the directory of the shims' bundles beside containerd's socket,
// with one in it for each namespace.
const bundlesName = "io.containerd.runtime.v2.task"

// Bundles are what containerd has written for the shims of one namespace: a
// container's bundle is there as long as it has a task. They tell specs where the
// API can't be used, but no properties.
type Bundles struct {
	// Dir has a directory for each container.
	Dir string
	// Clock times the second try at a bundle that was caught half-written. Nil:
	// the system's.
	Clock clock.Clock
}

// Inspect reads the bundles of those of the given containers that have one. A
// handle that is not in the answer has none; Dir not being there is the same for
// all. What can't be read of one container is among its Sighting's Doubts; an error
// means that none can be read. The time of creation is that of the task, which may
// be later than the container's.
func (b Bundles) Inspect(ctx context.Context, handles []string) (map[string]reaper.Sighting, error) {
	sightings := make(map[string]reaper.Sighting, len(handles))
	switch err := bundle.Readable(b.Dir); {
	case errors.Is(err, fs.ErrNotExist):
		return sightings, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("read bundles: run weeder as root or with CAP_DAC_READ_SEARCH: %w", err)
	case err != nil:
		return nil, fmt.Errorf("read bundles: %w", err)
	}

	var known, dirs []string
	for _, handle := range handles {
		// Another one is no name of a directory here, nor of a container.
		if reaper.SafeHandle(handle) {
			known = append(known, handle)
			dirs = append(dirs, filepath.Join(b.Dir, handle))
		}
	}
	timer := b.Clock
	if timer == nil {
		timer = clock.NewClock()
	}
	results, err := bundle.ReadAll(ctx, timer, dirs)
	if err != nil {
		return nil, fmt.Errorf("read bundles: %w", err)
	}

	for n, handle := range known {
		switch result := results[n]; {
		case result.Err == nil:
			sightings[handle] = reaper.Sighting{
				BundlePath: dirs[n],
				Spec:       &result.Bundle.Spec,
				SpecSource: reaper.SourceBundle,
				CreatedAt:  result.Bundle.WrittenAt,
			}
		case !errors.Is(result.Err, bundle.ErrAbsent):
			sightings[handle] = reaper.Sighting{Doubts: []reaper.Reason{unreadable("containerd's bundle", result.Err)}}
		}
	}
	return sightings, nil
}
