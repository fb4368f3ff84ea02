package baggageclaim

import (
	"context"
	"path/filepath"

	"weeder/reaper"
)

// fresh is a look that read nothing beforehand.
type fresh struct {
	disk
}

// Fresh reads nothing but the identity of live/ beforehand; each volume is
// looked up when it is first asked for. The error is an *UnusableError, or
// the context's.
func (d *Dir) Fresh(ctx context.Context) (reaper.Glance, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path, _, err := d.find(true)
	if err != nil {
		return nil, err
	}
	liveIs, err := identify(filepath.Join(path, liveName))
	if err != nil {
		return nil, &UnusableError{Path: path, Err: err}
	}
	return &fresh{disk: newDisk(d, path, liveIs)}, nil
}

// Volume looks for one volume. It says the same for as long as the look is
// used.
func (f *fresh) Volume(handle string) reaper.Volume {
	return f.once(handle, f.look)
}
