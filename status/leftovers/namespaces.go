package leftovers

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// networkNamespaces looks at the named network namespaces. Guardian's and
// Concourse's containers have theirs at /proc/PID/ns/net alone (kawasaki/configure
// and worker/runtime/cni_network.go there); Guardian named them by handle until
// 2016, before Concourse 2.x. So one that is used is another program's.
func (s *scan) networkNamespaces() Finding {
	c := s.collect(NetworkNamespaces)
	seen := map[string]bool{}
	for _, place := range []string{s.run("netns"), filepath.Join(s.Root, "var/run/netns")} {
		// /var/run mostly is /run.
		resolved, err := filepath.EvalSymlinks(place)
		if err == nil && seen[resolved] {
			continue
		}
		seen[resolved] = true
		c.namedNamespaces(place)
	}
	return c.finding()
}

func (c *collection) namedNamespaces(place string) {
	found, there := c.entries(place)
	if !there {
		return
	}
	var named []entry
	for _, e := range found {
		if !e.isDir() && !c.handles[e.name] {
			named = append(named, e)
		}
	}
	if len(named) == 0 {
		c.judged(place)
		return
	}
	if c.handles == nil {
		c.problem("%s: %v", place, c.errUnknownHandles())
		return
	}
	used, err := c.usedNamespaces()
	if err != nil {
		c.problem("%s: %v", place, err)
		return
	}
	for _, e := range named {
		switch {
		case e.mounted:
			c.take(e, "")
		case !used[e.inode]:
			c.add(Leftover{Path: e.path, Since: e.changed, Inodes: 1})
		}
	}
	c.judged(place)
}

// usedNamespaces are the inodes of the network namespaces that some process is
// in, or has open.
func (s *scan) usedNamespaces() (map[uint64]bool, error) {
	processes, err := s.everyProcess()
	if err != nil {
		return nil, err
	}
	// In another mount namespace the files show without what is mounted on them.
	if err := s.sameMounts(); err != nil {
		return nil, err
	}
	used := map[uint64]bool{}
	use := func(target string) {
		if inode, is := strings.CutPrefix(strings.TrimSuffix(target, "]"), "net:["); is {
			if number, err := strconv.ParseUint(inode, 10, 64); err == nil {
				used[number] = true
			}
		}
	}
	for _, p := range processes {
		in, err := os.Readlink(s.proc(p.pid + "/ns/net"))
		if err == nil {
			use(in)
			err = s.descriptors(p.pid, use)
		}
		if err != nil && !ended(err) {
			return nil, fmt.Errorf("tell which network namespaces are used: %w %s", err, advice)
		}
	}
	return used, nil
}

// sameMounts is an error if weeder does not see the mounts that process 1 sees.
func (s *scan) sameMounts() error {
	own, err := os.Readlink(s.proc("self/ns/mnt"))
	if err != nil {
		return err
	}
	first, err := os.Readlink(s.proc("1/ns/mnt"))
	if err != nil {
		return fmt.Errorf("tell what is mounted: %w %s", err, advice)
	}
	if own != first {
		return &fs.PathError{Op: "tell what is mounted", Path: s.proc("1/ns/mnt"),
			Err: fmt.Errorf("weeder is in another mount namespace, %s, than %s", own, first)}
	}
	return nil
}
