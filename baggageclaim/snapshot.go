package baggageclaim

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"weeder/reaper"
)

// Snapshot is one reading of the volumes directory: the names in it, and each
// volume as it was when it was first asked for. It is for one goroutine.
type Snapshot struct {
	disk
	places map[string]*place
}

// place is where a name was found, and as what.
type place struct {
	state reaper.VolumeState
	mode  fs.FileMode
	// read keeps what was read of it: one snapshot says one thing of a volume.
	read *reaper.Volume
}

// Read reads which volumes there are. It is what Dir.Snapshot gives, with all
// that this package can tell. The error is an *UnusableError, or the
// context's.
func (d *Dir) Read(ctx context.Context) (*Snapshot, error) {
	path, _, err := d.find(true)
	if err != nil {
		return nil, err
	}

	var liveIs identity
	found := map[reaper.VolumeState][]fs.DirEntry{}
	for _, state := range []reaper.VolumeState{reaper.VolumeInit, reaper.VolumeLive, reaper.VolumeDead} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		entries, is, err := readDirectory(filepath.Join(path, string(state)))
		if errors.Is(err, fs.ErrNotExist) && state != reaper.VolumeLive {
			continue
		}
		if err != nil {
			return nil, &UnusableError{Path: path, Err: err}
		}
		if state == reaper.VolumeLive {
			liveIs = is
		}
		found[state] = entries
	}

	// Dead is only what is nowhere else. What is live, too, while it is made is
	// live to baggageclaim.
	places := make(map[string]*place, len(found[reaper.VolumeLive]))
	for _, state := range []reaper.VolumeState{reaper.VolumeDead, reaper.VolumeInit, reaper.VolumeLive} {
		listed := make([]place, len(found[state]))
		for i, entry := range found[state] {
			listed[i] = place{state: state, mode: entry.Type()}
			places[entry.Name()] = &listed[i]
		}
	}
	s := &Snapshot{disk: newDisk(d, path, liveIs), places: places}
	if s.said = d.earlier(); s.said != nil {
		s.said.forgetOthers(places)
		s.probe = s.said.any()
	}
	return s, nil
}

// Empty tells that live/ holds no volume.
func (s *Snapshot) Empty() bool {
	for _, place := range s.places {
		if place.state == reaper.VolumeLive && canHold(place.mode) {
			return false
		}
	}
	return true
}

// Volume reads one volume: its state and, where it is live, its ttl.json. It
// says the same for as long as the snapshot is used.
func (s *Snapshot) Volume(handle string) reaper.Volume {
	place, found := s.places[handle]
	switch {
	case !found, !place.mode.IsDir(), !reaper.SafeVolumeHandle(handle):
		return s.once(handle, s.look)
	case place.read == nil:
		volume := s.readPlace(handle, place.state)
		place.read = &volume
	}
	return *place.read
}

// readPlace reads a volume that is listed as a directory.
func (s *Snapshot) readPlace(handle string, state reaper.VolumeState) reaper.Volume {
	switch state {
	case reaper.VolumeLive:
		if volume, settled := s.readLive(handle); settled {
			return volume
		}
	case reaper.VolumeInit:
		return reaper.Volume{Handle: handle, State: reaper.VolumeInit}
	}
	return s.look(handle)
}

// canHold tells whether a directory entry of this type can be a volume.
func canHold(mode fs.FileMode) bool {
	return mode.IsDir() || mode&fs.ModeSymlink != 0
}

// readDirectory lists a directory, and gives the identity of what it listed.
func readDirectory(path string) ([]fs.DirEntry, identity, error) {
	// O_NONBLOCK, since opening a named pipe would wait for its other end.
	directory, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, identity{}, err
	}
	defer directory.Close()

	info, err := directory.Stat()
	if err != nil {
		return nil, identity{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, identity{}, &fs.PathError{Op: "stat", Path: path, Err: errors.ErrUnsupported}
	}
	entries, err := directory.ReadDir(-1)
	if err != nil {
		return nil, identity{}, err
	}
	return entries, identity{device: uint64(stat.Dev), inode: stat.Ino}, nil
}
