package baggageclaim

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
)

// Under turns a path on the worker into the handle of the volume it lies in.
// A path that is relative, or lies in no volume, has none.
//
// With other set, the path has a volume's shape, */live/<handle>/volume*,
// but does not lie in this directory, symlinks resolved. Only paths of this
// shape cost any I/O.
func (d *Dir) Under(path string) (handle string, other bool) {
	if !filepath.IsAbs(path) || !strings.Contains(path, "/"+liveName+"/") {
		return "", false
	}
	path = filepath.Clean(path)
	shaped := shapedHandle(path)

	dir, live, err := d.find(false)
	if err != nil {
		return shaped, shaped != ""
	}
	if handle := handleIn(filepath.Join(dir, liveName), path); handle != "" {
		return handle, false
	}
	if handle := handleIn(live, path); handle != "" {
		return handle, false
	}
	if shaped == "" {
		return "", false
	}

	if resolved, err := resolve(path); err == nil {
		if _, live, err = d.find(true); err == nil {
			if handle := handleIn(live, resolved); handle != "" {
				return handle, false
			}
		}
	}
	return shaped, true
}

// handleIn is the first element of a clean path under live. Empty: the path
// is not under it.
func handleIn(live, path string) string {
	rest, under := strings.CutPrefix(path, live+"/")
	if !under {
		return ""
	}
	handle, _, _ := strings.Cut(rest, "/")
	return handle
}

// shapedHandle is the handle in a clean path of the shape
// */live/<handle>/volume*. The last one counts, since a directory above can
// be named live, too. Empty: the path has another shape.
func shapedHandle(path string) string {
	elements := strings.Split(path, "/")
	for i := len(elements) - 3; i >= 0; i-- {
		if elements[i] == liveName && strings.HasPrefix(elements[i+2], "volume") {
			return elements[i+1]
		}
	}
	return ""
}

// resolve resolves the symlinks of the deepest part of an absolute path that
// exists, and keeps the rest as it is: the volume itself can be gone.
func resolve(path string) (string, error) {
	rest := ""
	for {
		resolved, err := filepath.EvalSymlinks(path)
		if err == nil {
			return filepath.Join(resolved, rest), nil
		}
		parent := filepath.Dir(path)
		if parent == path || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return "", err
		}
		rest = filepath.Join(filepath.Base(path), rest)
		path = parent
	}
}
