package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"
)

const (
	// openTries is how often a reader opens all files again because they were
	// rotated meanwhile.
	openTries = 20
	// writtenWithin is how far the time of a file may lie before that of its
	// last entry: file systems round it down, and the clock may be set by a bit.
	writtenWithin = time.Minute
)

// openFile is a file of the journal at the time when it was opened.
type openFile struct {
	*os.File
	info os.FileInfo
	path string
}

// endsBefore tells that nothing was written to the file since then.
func (f openFile) endsBefore(since time.Time) bool {
	return f.info.ModTime().Before(since.Add(-writtenWithin))
}

// openSet are a journal's files, the present one first.
type openSet []openFile

// openFiles opens the present file and so many old ones. It opens all before
// any is read, and the newest first, since they move towards the older ones:
// none is missed. Where one was added meanwhile their order may be wrong, so
// they are opened again.
func openFiles(dir string, old int) (openSet, error) {
	var files openSet
	for range openTries {
		files.close()
		files = nil
		for number := range old + 1 {
			if err := files.open(numbered(dir, number)); err != nil {
				files.close()
				return nil, err
			}
		}
		if files.latest(numbered(dir, 0)) {
			break
		}
	}
	return files, nil
}

// open adds a file, unless it is not there, or is among them already under the
// name that it had before.
func (s *openSet) open(path string) error {
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil
	case err != nil:
		return fmt.Errorf("open journal: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return fmt.Errorf("open journal: %w", err)
	}
	if slices.ContainsFunc(*s, func(other openFile) bool { return os.SameFile(other.info, info) }) {
		return file.Close()
	}
	*s = append(*s, openFile{File: file, info: info, path: path})
	return nil
}

// latest tells that no file has come before the first.
func (s openSet) latest(path string) bool {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		// Where it was there it is among the old ones by now, and perhaps not the
		// newest of them.
		return len(s) == 0 || s[0].path != path
	}
	return err != nil || len(s) > 0 && os.SameFile(s[0].info, info)
}

func (s openSet) close() {
	for _, file := range s {
		file.Close()
	}
}
