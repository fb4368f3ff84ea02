package leftovers

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// bundlesDir is where containerd, below /run, keeps the bundles of its shims: a
// directory for each namespace, and in it one for each task.
const bundlesDir = "containerd/io.containerd.runtime.v2.task"

// bundles looks at containerd's bundles and at Guardian's depot. A bundle is there
// as long as its task, or its container, is.
func (s *scan) bundles() Finding {
	c := s.collect(Bundles)
	c.withoutContainer(s.run(bundlesDir, s.Namespace))
	switch {
	case s.DepotErr != nil:
		c.problem("%v", s.DepotErr)
	case s.Depot != "":
		// It was told where the depot is: one that is not there is in another mount
		// namespace.
		if _, err := os.Stat(s.Depot); errors.Is(err, fs.ErrNotExist) {
			c.problem("%v (--depot tells where weeder sees it)", err)
		} else {
			c.withoutContainer(s.Depot)
		}
	}
	return c.finding()
}

// inDepot tells that a path is a container's bundle in the depot.
func (s *scan) inDepot(path string) bool {
	if s.Depot == "" {
		return false
	}
	depot, err := filepath.EvalSymlinks(s.Depot)
	if err != nil {
		return false
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(path))
	return err == nil && parent == depot
}
