package leftovers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// scan is one look at the worker.
type scan struct {
	Config
	ctx context.Context
	now time.Time
	// handles are Config's. Nil: they are not known.
	handles map[string]bool

	mounts    mounts
	mountsErr error

	processes    []process
	processesErr error
}

func newScan(ctx context.Context, config Config) *scan {
	s := &scan{Config: config, ctx: ctx, now: config.Clock.Now().Round(0)}
	s.Root = cmp.Or(s.Root, "/")
	s.MaxEntries = cmp.Or(s.MaxEntries, DefaultMaxEntries)
	if s.HandlesErr == nil {
		s.handles = make(map[string]bool, len(s.Handles))
		for _, handle := range s.Handles {
			s.handles[handle] = true
		}
	}
	s.mounts, s.mountsErr = readMounts(s.proc("self/mountinfo"))
	return s
}

func (s *scan) run(elements ...string) string {
	return filepath.Join(append([]string{s.Root, "run"}, elements...)...)
}

func (s *scan) proc(path string) string {
	return filepath.Join(s.Root, "proc", path)
}

// old tells that nothing has changed since for long enough. What has changed in
// the future has not.
func (s *scan) old(since time.Time) bool {
	return s.now.Sub(since) >= s.MinAge
}

// errUnknownHandles is why nothing can be said to be without a container.
func (s *scan) errUnknownHandles() error {
	return fmt.Errorf("which containers there are is not known: %w", s.HandlesErr)
}

// entries lists what a place holds that is old. A place that is not there is not
// judged, and no problem.
func (c *collection) entries(place string) (found []entry, there bool) {
	found, err := c.oldEntries(place)
	if errors.Is(err, fs.ErrNotExist) && c.mountsErr == nil {
		return nil, false
	}
	if err != nil {
		c.problem("%v", err)
		return nil, false
	}
	return found, true
}

// oldEntries are what a directory holds that is old, or mounted there.
func (c *collection) oldEntries(place string) ([]entry, error) {
	if c.mountsErr != nil {
		return nil, c.mountsErr
	}
	// What is mounted is known by its real path.
	dir, err := filepath.EvalSymlinks(place)
	if err != nil {
		return nil, err
	}
	var found []entry
	_, err = c.list(dir, func(e entry) {
		e.path = filepath.Join(place, e.name)
		if e.mounted || c.old(e.changed) {
			found = append(found, e)
		}
	})
	return found, err
}

// withoutContainer takes the directories of a place that are called by no
// container's handle.
func (c *collection) withoutContainer(place string) {
	found, there := c.entries(place)
	if !there {
		return
	}
	found, err := c.strangers(found)
	if err != nil {
		c.problem("%s: %v", place, err)
		return
	}
	for _, e := range found {
		c.take(e, "")
	}
	c.judged(place)
}

// strangers are those directories that are called by no container's handle.
func (s *scan) strangers(entries []entry) ([]entry, error) {
	var found []entry
	for _, e := range entries {
		// A directory on a disk of its own has the file system's lost+found.
		if (e.isDir() || e.mounted) && !s.handles[e.name] && e.name != "lost+found" {
			found = append(found, e)
		}
	}
	if s.handles == nil && len(found) > 0 {
		return nil, s.errUnknownHandles()
	}
	return found, nil
}

// take adds a directory as a leftover, unless it is gone or has changed by now.
func (c *collection) take(e entry, note string) {
	if e.mounted {
		c.problem("%s: something is mounted there, so it was not looked into", e.path)
		return
	}
	if inodes, there := c.measure(e.path); there {
		c.add(Leftover{Path: e.path, Since: e.changed, Inodes: inodes, Note: note})
	}
}

// measure counts the inodes of a directory, if it still is a leftover.
func (c *collection) measure(path string) (inodes uint64, there bool) {
	now, err := lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !c.old(now.changed) {
		return 0, false
	}
	inodes, complete, err := c.walk(path, &c.toWalk)
	if err != nil {
		c.problem("count inodes: %v", err)
	}
	c.InodesAtLeast = c.InodesAtLeast || !complete || err != nil
	return inodes, true
}
