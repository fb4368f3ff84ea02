package leftovers

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// deadVolumes looks at the volumes that are being torn down: each was renamed to
// dead/ when that began.
func (s *scan) deadVolumes() Finding {
	c := s.collect(DeadVolumes)
	if !c.volumesUsable() {
		return c.finding()
	}
	place := filepath.Join(s.Volumes, "dead")
	found, there := c.entries(place)
	if !there {
		return c.finding()
	}
	for _, e := range found {
		if e.isDir() || e.mounted {
			c.take(e, "")
		}
	}
	c.judged(place)
	return c.finding()
}

// volumesUsable tells whether there is a volumes directory with a live/ in it.
func (c *collection) volumesUsable() bool {
	err := c.VolumesErr
	if err == nil && c.Volumes != "" {
		_, err = os.Stat(filepath.Join(c.Volumes, "live"))
	}
	if err != nil {
		c.problem("%v", err)
	}
	return err == nil && c.Volumes != ""
}

// overlays looks at the layers of baggageclaim's overlay driver: for each volume
// overlays/<handle>, and for a copy-on-write child overlays/work/<handle>
// (volume/driver/overlay_linux.go there).
func (s *scan) overlays() Finding {
	c := s.collect(Overlays)
	if !c.volumesUsable() {
		return c.finding()
	}
	place := s.overlaysDir()
	layers, there := c.entries(place)
	if !there {
		return c.finding()
	}
	work, err := c.oldEntries(filepath.Join(place, "work"))
	if ignoreAbsent(err) != nil {
		c.problem("%v", err)
		return c.finding()
	}
	// The volumes come after their layers, which are made after them and removed
	// before them.
	found := layersOf(layers, work)
	if err := c.dropVolumes(place, found); err != nil {
		c.problem("%s: %v", place, err)
		return c.finding()
	}
	for _, handle := range slices.Sorted(maps.Keys(found)) {
		c.takeLayers(found[handle])
	}
	c.judged(place)
	return c.finding()
}

// overlaysDir is beside the volumes directory, or beside what that is a symlink
// to.
func (s *scan) overlaysDir() string {
	beside := filepath.Join(filepath.Dir(s.Volumes), "overlays")
	if _, err := lstat(beside); !errors.Is(err, fs.ErrNotExist) {
		return beside
	}
	if resolved, err := filepath.EvalSymlinks(s.Volumes); err == nil {
		return filepath.Join(filepath.Dir(resolved), "overlays")
	}
	return beside
}

// layersOf gathers the directories of each volume.
func layersOf(layers, work []entry) map[string][]entry {
	found := map[string][]entry{}
	for _, e := range layers {
		if (e.isDir() || e.mounted) && e.name != "work" && e.name != "lost+found" {
			found[e.name] = append(found[e.name], e)
		}
	}
	for _, e := range work {
		if e.isDir() || e.mounted {
			found[e.name] = append(found[e.name], e)
		}
	}
	return found
}

// dropVolumes takes out those layers that have a volume, whatever its state. With
// no volume at all, that must be the same disk: otherwise the volumes' may not be
// mounted.
func (c *collection) dropVolumes(place string, layers map[string][]entry) error {
	if len(layers) == 0 {
		return nil
	}
	live := 0
	for _, state := range []string{"init", "live", "dead"} {
		dir, err := filepath.EvalSymlinks(filepath.Join(c.Volumes, state))
		if err == nil {
			_, err = c.list(dir, func(e entry) {
				delete(layers, e.name)
				if state == "live" {
					live++
				}
			})
		}
		if err != nil && (state == "live" || !errors.Is(err, fs.ErrNotExist)) {
			return fmt.Errorf("which volumes there are is not known: %w", err)
		}
	}
	if live > 0 || len(layers) == 0 {
		return nil
	}
	return sameDisk(place, filepath.Join(c.Volumes, "live"))
}

func sameDisk(overlays, live string) error {
	var one, other unix.Stat_t
	if err := unix.Stat(overlays, &one); err != nil {
		return &fs.PathError{Op: "stat", Path: overlays, Err: err}
	}
	if err := unix.Stat(live, &other); err != nil {
		return &fs.PathError{Op: "stat", Path: live, Err: err}
	}
	if one.Dev != other.Dev {
		return fmt.Errorf("%s has no volume, and is on another disk: is its own mounted?", live)
	}
	return nil
}

// takeLayers adds the layers of one volume as one leftover, the layer itself
// before its work directory.
func (c *collection) takeLayers(parts []entry) {
	var l Leftover
	for _, e := range parts {
		if e.mounted {
			c.take(e, "")
			return
		}
		inodes, there := c.measure(e.path)
		if !there {
			continue
		}
		if l.Path == "" {
			l.Path = e.path
		}
		if e.changed.After(l.Since) {
			l.Since = e.changed
		}
		l.Inodes += inodes
	}
	if l.Path != "" {
		c.add(l)
	}
}
