package reaper

import (
	"context"
	"fmt"
)

// noVolumeFound tells a wrong or unmounted volumes directory by its emptiness:
// live/ holds nothing though a container refers to a volume, or not one volume
// of three or more containers is there. baggageclaim can lift it by listing a
// live volume that lies in the very directory, unless a container refers to
// another. That a hidden container's volumes are there does not count: the depot
// that shows it may be another worker's than the Garden that does not.
func (w *Worker) noVolumeFound(ctx context.Context, findings []Finding, snapshot Snapshot) *Interlock {
	referring, there, elsewhere := 0, false, false
	for _, finding := range findings {
		other := wrongDirectory(finding.Container.Doubts)
		elsewhere = elsewhere || other
		if other || len(finding.Volumes) > 0 {
			referring++
		}
		for _, volume := range finding.Volumes {
			switch volume.State {
			case VolumeLive, VolumeInit, VolumeDead:
				there = there || !finding.Container.Hidden
			}
		}
	}

	var detail string
	switch {
	case referring > 0 && snapshot.Empty():
		detail = fmt.Sprintf("live is empty, and containers refer to volumes: %d", referring)
	case referring >= 3 && !there:
		detail = fmt.Sprintf("%d containers refer to volumes, and not one of these is there", referring)
	default:
		return nil
	}

	if w.Baggageclaim != nil && !elsewhere {
		// An error means no word from baggageclaim: then the interlock stays.
		paths, err := w.Baggageclaim.LivePaths(ctx)
		if err == nil {
			for _, path := range paths {
				if snapshot.Holds(path) {
					return nil
				}
			}
		}
	}
	return &Interlock{
		Name:   NoVolumeFound,
		Detail: detail + ": is it the right directory, and mounted? Set --volumes",
	}
}
