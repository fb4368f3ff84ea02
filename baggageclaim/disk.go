package baggageclaim

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"weeder/reaper"
)

// The three directories that a volume moves through, in this order.
const (
	initName = string(reaper.VolumeInit)
	liveName = string(reaper.VolumeLive)
	deadName = string(reaper.VolumeDead)
)

// looks bounds how often a volume that moves while it is looked at is looked
// for again. It moves twice in its life.
const looks = 3

// identity tells one directory from another that takes its place.
type identity struct {
	device, inode uint64
}

// identify gives the identity of the directory at path, symlinks followed.
func identify(path string) (identity, error) {
	now, err := stampOf(path, 0)
	if err == nil && !now.isDirectory() {
		err = unix.ENOTDIR
	}
	if err != nil {
		return identity{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return now.identity, nil
}

// disk is what a snapshot reads single volumes with.
type disk struct {
	dir *Dir
	// init, live and dead are the paths of the three directories.
	init, live, dead string
	// liveIs is the identity that live/ had in the beginning.
	liveIs identity
	// read keeps what was looked for: one look says one thing of a volume.
	read map[string]reaper.Volume
	// said has what ttl.json files said earlier. Nil: all are read.
	said *said
	// probe is the one volume that is read although it is remembered: a disk that
	// can't be read any more may still answer stat from memory.
	probe string
	// buffer holds one metadata file at a time.
	buffer []byte
}

func newDisk(dir *Dir, path string, liveIs identity) disk {
	return disk{
		dir:    dir,
		init:   filepath.Join(path, initName),
		live:   filepath.Join(path, liveName),
		dead:   filepath.Join(path, deadName),
		liveIs: liveIs,
		read:   map[string]reaper.Volume{},
	}
}

// Identity tells one live/ directory from another: device and inode.
func (d *disk) Identity() string {
	return fmt.Sprintf("%d:%d", d.liveIs.device, d.liveIs.inode)
}

// Holds tells whether a path that baggageclaim gives for a live volume lies
// in this directory, and the volume's directory is in live/, on its device.
func (d *disk) Holds(path string) bool {
	handle, other := d.dir.Under(path)
	if other || !reaper.SafeVolumeHandle(handle) || d.unchanged() != nil {
		return false
	}
	volume, err := identify(d.live + "/" + handle)
	return err == nil && volume.device == d.liveIs.device
}

// look finds a volume without the help of a list.
func (d *disk) look(handle string) reaper.Volume {
	for range looks {
		if volume, settled := d.lookOnce(handle); settled {
			return volume
		}
	}
	return unknown(handle, errors.New("look for volume: it moves faster than it can be read"))
}

// lookOnce looks in the order in which volumes move. It has not settled when
// the volume left live/ while it was being read.
func (d *disk) lookOnce(handle string) (volume reaper.Volume, settled bool) {
	inInit, err := directory(d.init + "/" + handle)
	if err != nil {
		return unknown(handle, err), true
	}
	inLive, err := directory(d.live + "/" + handle)
	if err != nil {
		return unknown(handle, err), true
	}
	if inLive {
		return d.readLive(handle)
	}
	if inInit {
		return reaper.Volume{Handle: handle, State: reaper.VolumeInit}, true
	}
	inDead, err := directory(d.dead + "/" + handle)
	if err != nil {
		return unknown(handle, err), true
	}

	// Nothing is in a directory whose disk was unmounted a moment ago.
	if err := d.unchanged(); err != nil {
		return unknown(handle, err), true
	}
	if inDead {
		return reaper.Volume{Handle: handle, State: reaper.VolumeDead}, true
	}
	return reaper.Volume{Handle: handle, State: reaper.VolumeMissing}, true
}

// readLive reads the ttl.json of a volume in live/. It has not settled when
// the volume is no longer there.
func (d *disk) readLive(handle string) (volume reaper.Volume, settled bool) {
	volume = reaper.Volume{Handle: handle, State: reaper.VolumeLive}
	path := d.live + "/" + handle + "/" + ttlFile
	directoryPath := strings.TrimSuffix(path, "/"+ttlFile)
	before := d.said.of(handle)
	// Who adds a ttl.json changes its directory.
	var empty glimpse
	if d.said != nil && !before.isFile() {
		now, err := d.said.glimpse(directoryPath, unix.AT_SYMLINK_NOFOLLOW)
		switch {
		case err != nil || !now.isDirectory():
		case now.stamp == before.stamp:
			return volume, true
		default:
			empty = now
		}
	}

	if found := d.readTTL(path, &volume, before); found {
		return volume, true
	}
	inLive, err := directory(directoryPath)
	if err != nil {
		return unknown(handle, err), true
	}
	if inLive && empty.isDirectory() {
		d.said.note(empty, volume)
	}
	return volume, inLive
}

// readTTL reads a volume's ttl.json, if there is one, unless it is as it was
// before.
func (d *disk) readTTL(path string, volume *reaper.Volume, before saidTTL) (found bool) {
	if d.said == nil {
		return d.readTTLFile(path, volume)
	}
	now, err := d.said.glimpse(path, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false
	case err == nil && now.stamp == before.stamp && !d.said.expires(before) && volume.Handle != d.probe:
		volume.HasTTL, volume.TTL, volume.ExpiresAt = true, before.ttl, before.expiresAt
		return true
	}
	found = d.readTTLFile(path, volume)
	if err == nil && volume.HasTTL {
		d.said.note(now, *volume)
	}
	return found
}

// readTTLFile reads a volume's ttl.json, if there is one. One that can't be
// decoded may be in the middle of being written, so it is read once more.
func (d *disk) readTTLFile(path string, volume *reaper.Volume) (found bool) {
	for range 2 {
		data, err := d.readMetadata(path)
		if errors.Is(err, fs.ErrNotExist) {
			volume.TTLErr = nil
			return false
		}
		if err != nil {
			volume.TTLErr = err
			return true
		}
		volume.TTL, volume.ExpiresAt, err = decodeTTL(data)
		if err == nil {
			volume.HasTTL, volume.TTLErr = true, nil
			return true
		}
		volume.TTLErr = fmt.Errorf("decode %s: %w", path, err)
	}
	return true
}

// unchanged is an error when live/ is another directory than it was.
func (d *disk) unchanged() error {
	now, err := identify(d.live)
	if err != nil {
		return err
	}
	if now != d.liveIs {
		return fmt.Errorf("look into %s: it was replaced meanwhile", d.live)
	}
	return nil
}

// directory tells whether there is a directory at path, or a symlink to one.
// Only where there is nothing at all is the answer no; what is no directory
// is an error.
func directory(path string) (bool, error) {
	now, err := stampOf(path, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, &fs.PathError{Op: "lstat", Path: path, Err: err}
	case now.isDirectory():
		return true, nil
	case now.mode&unix.S_IFMT != unix.S_IFLNK:
		return false, &fs.PathError{Op: "lstat", Path: path, Err: unix.ENOTDIR}
	}
	if _, err := identify(path); err != nil {
		return false, fmt.Errorf("follow symlink: %w", err)
	}
	return true, nil
}

// errUnsafeHandle is why a volume's directory is not looked for.
var errUnsafeHandle = errors.New("look for volume: its handle is not safe as the name of a directory")

// once has a volume of a safe handle read when it is first asked for.
func (d *disk) once(handle string, read func(string) reaper.Volume) reaper.Volume {
	if volume, ok := d.read[handle]; ok {
		return volume
	}
	if !reaper.SafeVolumeHandle(handle) {
		return unknown(handle, errUnsafeHandle)
	}
	volume := read(handle)
	d.read[handle] = volume
	return volume
}

func unknown(handle string, err error) reaper.Volume {
	return reaper.Volume{Handle: handle, State: reaper.VolumeUnknown, Err: err}
}
