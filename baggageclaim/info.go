package baggageclaim

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"weeder/reaper"
)

// Info is all that the disk says of one volume.
type Info struct {
	// Volume is what the snapshot's Volume says. Unlike there, the ttl.json of
	// a volume in init/ or dead/ is read, too.
	reaper.Volume
	// Directory of the volume. Empty: it has none, or its state is unknown.
	Directory string
	// TTLJSON are the bytes of ttl.json, read after Volume. Nil: there is none
	// that can be read.
	TTLJSON []byte
	// Parent is the handle of the volume that this one is a copy-on-write
	// child of. Empty: of none.
	Parent string
	// ParentErr is why Parent could not be told.
	ParentErr error
	// Properties of the volume.
	Properties map[string]string
	// PropertiesJSON are the bytes of properties.json.
	PropertiesJSON []byte
	// PropertiesErr is why Properties could not be told.
	PropertiesErr error
	// Privileged tells whether root in the volume is root on the worker. Nil:
	// not known; the oldest releases don't write it down.
	Privileged *bool
	// PrivilegedErr is why a privileged.json that is there can't be understood.
	PrivilegedErr error
}

// Counts tells how many volumes of each state the snapshot lists.
func (s *Snapshot) Counts() map[reaper.VolumeState]int {
	counts := map[reaper.VolumeState]int{
		reaper.VolumeInit: 0,
		reaper.VolumeLive: 0,
		reaper.VolumeDead: 0,
	}
	for _, place := range s.places {
		if canHold(place.mode) {
			counts[place.state]++
		}
	}
	return counts
}

// Volumes is all there is, sorted by handle. It reads several files for each
// volume.
func (s *Snapshot) Volumes() []Info {
	infos := make([]Info, 0, len(s.places))
	for _, handle := range slices.Sorted(maps.Keys(s.places)) {
		infos = append(infos, s.Info(handle))
	}
	return infos
}

// Info is all there is of one volume.
func (s *Snapshot) Info(handle string) Info {
	info := Info{Volume: s.Volume(handle)}
	switch info.State {
	case reaper.VolumeInit:
		info.Directory = filepath.Join(s.init, handle)
	case reaper.VolumeLive:
		info.Directory = filepath.Join(s.live, handle)
	case reaper.VolumeDead:
		info.Directory = filepath.Join(s.dead, handle)
	default:
		return info
	}
	if info.State != reaper.VolumeLive {
		s.readTTLFile(filepath.Join(info.Directory, ttlFile), &info.Volume)
	}
	if data, err := s.readMetadata(filepath.Join(info.Directory, ttlFile)); err == nil {
		info.TTLJSON = bytes.Clone(data)
	}
	info.Parent, info.ParentErr = readParent(info.Directory)
	s.readProperties(&info)
	s.readPrivileged(&info)
	return info
}

func (s *Snapshot) readProperties(info *Info) {
	path := filepath.Join(info.Directory, propertiesFile)
	data, err := s.readMetadata(path)
	if err != nil {
		info.PropertiesErr = err
		return
	}
	info.PropertiesJSON = bytes.Clone(data)
	info.Properties, err = decodeProperties(data)
	if err != nil {
		info.PropertiesErr = fmt.Errorf("decode %s: %w", path, err)
	}
}

func (s *Snapshot) readPrivileged(info *Info) {
	path := filepath.Join(info.Directory, privilegedFile)
	data, err := s.readMetadata(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		info.PrivilegedErr = err
		return
	}
	var privileged *bool
	if err := decodeFirst(data, &privileged); err != nil {
		info.PrivilegedErr = fmt.Errorf("decode %s: %w", path, err)
		return
	}
	info.Privileged = privileged
}

// readParent gives the handle of a volume's parent: the last element of the
// parent's directory in live/, which need not be there any more.
func readParent(directory string) (string, error) {
	target, err := os.Readlink(filepath.Join(directory, parentLink))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if filepath.Base(filepath.Dir(target)) != liveName {
		return "", fmt.Errorf("read parent of volume: %s is no volume's directory", target)
	}
	return filepath.Base(target), nil
}
