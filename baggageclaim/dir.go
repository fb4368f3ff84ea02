package baggageclaim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"weeder/reaper"
)

// usualPlaces are where Concourse's BOSH releases, images and guides have the
// volumes directory, the likeliest first.
var usualPlaces = []string{
	"/var/vcap/data/worker/work/volumes",
	"/var/vcap/data/baggageclaim/volumes",
	"/worker-state/volumes",
	"/concourse-work-dir/volumes",
	"/opt/concourse/worker/volumes",
}

// UnusableError says that the volumes directory can't be used, so that
// nothing follows about any volume.
type UnusableError struct {
	// Path of the volumes directory. Empty: none was found.
	Path string
	// Err is what went wrong.
	Err error
}

// Error names the directory and what to try.
func (e *UnusableError) Error() string {
	if e.Path == "" {
		return e.Err.Error()
	}
	hint := "name baggageclaim's volumes directory with --volumes"
	switch {
	case errors.Is(e.Err, fs.ErrPermission):
		hint = "run as root"
	case errors.Is(e.Err, fs.ErrNotExist):
		hint = "is its disk mounted? otherwise " + hint
	}
	return fmt.Sprintf("use volumes directory %s: %s (%s)", e.Path, e.Err, hint)
}

// Unwrap gives what went wrong.
func (e *UnusableError) Unwrap() error {
	return e.Err
}

// Locate finds the volumes directory: the given one and nothing else where
// one is given, otherwise the first of Concourse's usual places that exists.
// The error lists what was tried.
func Locate(given string) (string, error) {
	return locateIn("/", given)
}

// locateIn is Locate with the usual places taken to be under root.
func locateIn(root, given string) (string, error) {
	if given != "" {
		path, err := filepath.Abs(given)
		if err != nil {
			return "", fmt.Errorf("find volumes directory %s: %w", given, err)
		}
		return path, nil
	}

	tried := make([]string, 0, len(usualPlaces))
	for _, place := range usualPlaces {
		path := filepath.Join(root, place)
		// One that is there but can't be looked at must not be passed over for
		// the next: reading it says what is wrong with it.
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return path, nil
		}
		tried = append(tried, path)
	}
	return "", fmt.Errorf("find volumes directory: none of %s exists (name it with --volumes)", strings.Join(tried, ", "))
}

// Dir is baggageclaim's volumes directory. It is safe for concurrent use; the
// snapshots it gives are each for one goroutine.
type Dir struct {
	locate func() (string, error)
	// now is the clock that stamps files, too.
	now func() time.Time

	mutex sync.Mutex
	// path is empty until the directory was found, and stays as found.
	path string
	// live is where path's live/ really is, symlinks resolved.
	live string
	// said is what snapshots have read. Nil: there was none.
	said *said
}

// NewDir is the given directory, or the one that Locate finds. It is looked
// for when it is first needed and until it is found: a worker that starts up
// can still lack it.
func NewDir(given string) *Dir {
	return &Dir{locate: func() (string, error) { return Locate(given) }, now: time.Now}
}

// Path is the absolute path of the directory. The error is an
// *UnusableError.
func (d *Dir) Path() (string, error) {
	path, _, err := d.find(false)
	return path, err
}

// Snapshot reads which volumes there are. The error is an *UnusableError, or
// the context's.
func (d *Dir) Snapshot(ctx context.Context) (reaper.Snapshot, error) {
	snapshot, err := d.Read(ctx)
	if err != nil {
		return nil, err
	}
	return snapshot, nil
}

// earlier is what earlier snapshots have read. It is nil for the first, which
// would pay for it: it may be the only one.
func (d *Dir) earlier() *said {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	before := d.said
	if before == nil {
		d.said = &said{now: d.now, ttls: map[string]saidTTL{}}
	}
	return before
}

// find gives the directory and where its live/ really is. With again set, the
// latter is resolved anew: a symlink on the way can have been set elsewhere.
func (d *Dir) find(again bool) (path, live string, err error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()

	if d.path == "" {
		path, err := d.locate()
		if err != nil {
			return "", "", &UnusableError{Err: err}
		}
		d.path = path
	}
	if d.live == "" || again {
		live, err := resolve(filepath.Join(d.path, liveName))
		if err != nil {
			return "", "", &UnusableError{Path: d.path, Err: err}
		}
		d.live = live
	}
	return d.path, d.live, nil
}
