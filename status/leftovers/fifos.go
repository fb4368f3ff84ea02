package leftovers

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// fifos looks at containerd's FIFO directories. containerd's client makes one for
// each process that it starts, with FIFOs called <id>-stdin, -stdout and -stderr
// (pkg/cio/io_unix.go there), and removes it when it deletes the process through
// the same IO. The id is a container's only for the first process in it, and
// Concourse gives that one none: so it is open FIFOs that tell what is in use.
func (s *scan) fifos() Finding {
	c := s.collect(FIFOs)
	place := s.run("containerd/fifo")
	dirs, there := c.entries(place)
	if !there {
		return c.finding()
	}

	idle, err := c.idleFIFOs(place, dirs)
	if err != nil {
		c.problem("%s: %v", place, err)
		return c.finding()
	}
	for _, l := range idle {
		c.add(l)
	}
	c.judged(place)
	return c.finding()
}

// idleFIFOs are those of the directories that belong to no container, and that no
// process has a FIFO of open.
func (c *collection) idleFIFOs(place string, dirs []entry) ([]Leftover, error) {
	if len(dirs) == 0 {
		return nil, nil
	}
	resolved, err := filepath.EvalSymlinks(place)
	if err != nil {
		return nil, err
	}
	elsewhere, err := c.taskIDs()
	if err != nil {
		return nil, err
	}

	var idle []Leftover
	names := map[string]bool{}
	for _, e := range dirs {
		if e.mounted {
			c.take(e, "")
		}
		if !e.isDir() {
			continue
		}
		dir, ids, err := c.fifoDirectory(filepath.Join(resolved, e.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			if err := c.ctx.Err(); err != nil {
				return nil, err
			}
			c.problem("%v", err)
			continue
		}
		owned := slices.ContainsFunc(ids, func(id string) bool { return c.handles[id] || elsewhere[id] })
		if !owned && c.old(dir.Since) {
			dir.Path = filepath.Join(place, e.name)
			idle = append(idle, dir)
			names[e.name] = true
		}
	}
	if len(idle) == 0 {
		return nil, nil
	}
	if c.handles == nil {
		return nil, c.errUnknownHandles()
	}

	// They were there before the processes are asked: one that is not open now has
	// not been opened for the first time since.
	open, err := c.openIn(names)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(idle, func(l Leftover) bool { return open[filepath.Base(l.Path)] }), nil
}

// fifoDirectory is one directory, as a leftover, and whose FIFOs are in it.
func (c *collection) fifoDirectory(path string) (Leftover, []string, error) {
	found := Leftover{Inodes: 1}
	var ids []string
	var youngest time.Time
	self, err := c.list(path, func(e entry) {
		found.Inodes++
		if e.changed.After(youngest) {
			youngest = e.changed
		}
		for _, stream := range []string{"-stdin", "-stdout", "-stderr"} {
			if id, is := strings.CutSuffix(e.name, stream); is && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	})
	found.Since = self.changed
	if youngest.After(found.Since) {
		found.Since = youngest
	}
	return found, ids, err
}

// taskIDs are the containers that have a task in a namespace of containerd that
// is not Concourse's: Garden does not know them.
func (s *scan) taskIDs() (map[string]bool, error) {
	if s.mountsErr != nil {
		return nil, s.mountsErr
	}
	ids := map[string]bool{}
	add := func(namespace string) error {
		_, err := s.list(namespace, func(e entry) { ids[e.name] = true })
		return err
	}

	dir, err := filepath.EvalSymlinks(s.run(bundlesDir))
	if err != nil {
		return ids, ignoreAbsent(err)
	}
	var namespaces []string
	_, err = s.list(dir, func(e entry) {
		if e.isDir() && e.name != s.Namespace {
			namespaces = append(namespaces, filepath.Join(dir, e.name))
		}
	})
	if err != nil {
		return nil, ignoreAbsent(err)
	}
	for _, namespace := range namespaces {
		if err := ignoreAbsent(add(namespace)); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
