// Package bundle reads the OCI bundles that a container runtime keeps: each a
// directory with a config.json, written once, when the container (or its task) is
// made.
package bundle

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

// configLimit is far above any config.json: they have about 5 kB.
const configLimit = 16 << 20

var (
	// ErrAbsent says that there is no such bundle, in a directory of bundles that
	// can be read. Another error that is an fs.ErrNotExist says that the directory
	// around it isn't there either: nothing follows then.
	ErrAbsent = errors.New("there is no such bundle")
	// ErrTorn says that a config.json may have been caught while it was written.
	ErrTorn = errors.New("not decodable")
)

// Bundle is what a bundle's config.json says.
type Bundle struct {
	Spec reaper.Spec
	// WrittenAt is when the runtime wrote it.
	WrittenAt time.Time
}

// Read reads the bundle in a directory. Errors: ErrAbsent, ErrTorn, and those of
// reading the file, or the directory around the bundle.
func Read(dir string) (Bundle, error) {
	path := filepath.Join(dir, "config.json")
	// Without blocking, should it be a pipe.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Bundle{}, absent(filepath.Dir(dir), err)
	}
	if err != nil {
		return Bundle{}, err
	}
	defer file.Close()

	info, err := file.Stat()
	if err != nil {
		return Bundle{}, err
	}
	if !info.Mode().IsRegular() {
		return Bundle{}, fmt.Errorf("%s is no regular file", path)
	}
	content, err := readAll(file, info.Size())
	if err != nil {
		return Bundle{}, err
	}
	if len(content) > configLimit {
		return Bundle{}, fmt.Errorf("%s has more than %d bytes", path, configLimit)
	}

	spec, err := reaper.DecodeSpec(content)
	if err != nil {
		return Bundle{}, fmt.Errorf("%s is %w: %w", path, ErrTorn, err)
	}
	return Bundle{Spec: spec, WrittenAt: info.ModTime()}, nil
}

// Readable tells why a directory can't be read. Nil: it can.
func Readable(dir string) error {
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

// readAll reads a file of about the given size, in one read where that holds,
// and no more than is needed to see that it is over the limit.
func readAll(file *os.File, size int64) ([]byte, error) {
	var content bytes.Buffer
	content.Grow(int(min(size, configLimit)) + bytes.MinRead)
	_, err := content.ReadFrom(io.LimitReader(file, configLimit+1))
	return content.Bytes(), err
}

// absent tells whether a config.json that is not there is truly absent: only in a
// directory of bundles that can be read.
func absent(bundles string, missing error) error {
	err := Readable(bundles)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w, nor is there %s around it", missing, bundles)
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: %w", ErrAbsent, missing)
}
