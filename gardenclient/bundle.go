package gardenclient

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"weeder/reaper"
)

// configLimit is far above any config.json: Guardian's have about 5 kB.
const configLimit = 16 << 20

// errTorn says that a config.json may have been caught while it was written.
var errTorn = errors.New("not decodable")

// bundle is what a container's config.json says.
type bundle struct {
	spec reaper.Spec
	// writtenAt is when Garden wrote it, which it does once, on creating the
	// container.
	writtenAt time.Time
}

// readBundle reads the config.json in a bundle's directory. Nil without an
// error: there is none, in a depot that can be read.
func readBundle(dir string) (*bundle, error) {
	path := filepath.Join(dir, "config.json")
	// Without blocking, should it be a pipe.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, absent(filepath.Dir(dir), err)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()

	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	content, err := readAll(file, info.Size())
	if err != nil {
		return nil, err
	}
	if len(content) > configLimit {
		return nil, fmt.Errorf("%s has more than %d bytes", path, configLimit)
	}

	spec, err := reaper.DecodeSpec(content)
	if err != nil {
		return nil, fmt.Errorf("%s is %w: %w", path, errTorn, err)
	}
	return &bundle{spec: spec, writtenAt: info.ModTime()}, nil
}

// readAll reads a file of about the given size, in one read where that holds,
// and no more than is needed to see that it is over the limit.
func readAll(file *os.File, size int64) ([]byte, error) {
	var content bytes.Buffer
	content.Grow(int(min(size, configLimit)) + bytes.MinRead)
	_, err := content.ReadFrom(io.LimitReader(file, configLimit+1))
	return content.Bytes(), err
}

// absent tells whether a config.json that is not there is truly absent: in a
// depot that can be read, nil. In one that is not there either, nothing
// follows; Garden's paths then are those of another mount namespace.
func absent(depot string, missing error) error {
	err := readable(depot)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w, nor is there its depot %s: --depot tells where weeder sees it", missing, depot)
	}
	return err
}

// readable tells why a directory can't be read. Nil: it can.
func readable(dir string) error {
	opened, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer opened.Close()

	if _, err := opened.Readdirnames(1); err != nil && err != io.EOF {
		return err
	}
	return nil
}
