package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	usualSize = 1 << 20
	usualOld  = 9
	// highestOld is the highest number of a file that readers look for.
	highestOld = 99

	rotateLock = "rotate.lock"
)

// Bounds are how much a journal keeps.
type Bounds struct {
	// Size in bytes that no file passes, but for one that a single event
	// fills. Zero: 1 MiB.
	Size int64
	// Old files to keep beside the present one, at most 99. Zero: 9.
	Old int
}

func (b Bounds) orUsual() Bounds {
	if b.Size <= 0 {
		b.Size = usualSize
	}
	if b.Old <= 0 {
		b.Old = usualOld
	}
	b.Old = min(b.Old, highestOld)
	return b
}

// passedBy tells that so many more bytes belong into another file.
func (b Bounds) passedBy(size int64, more int) bool {
	return size > 0 && size+int64(more) > b.Size
}

// rotate puts the open file among the old ones. Where that can't be done, or
// another process is at it, it is appended to further: an event in a file too
// large is better than none.
func (j *Journal) rotate() {
	lock, err := os.OpenFile(filepath.Join(j.dir, rotateLock), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return
	}
	if j.current() {
		j.shift()
	}
}

// shift renames the oldest file first, so that whatever cuts it off leaves
// every file under some number. A gap that was left is filled before the
// oldest file is given up.
func (j *Journal) shift() {
	to := 1
	for to < j.bounds.Old && present(numbered(j.dir, to)) {
		to++
	}
	for ; to > 0; to-- {
		if err := os.Rename(numbered(j.dir, to-1), numbered(j.dir, to)); err != nil {
			return
		}
	}
}

func present(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// numbered is the path of an old file; that of 0 is the present one's.
func numbered(dir string, number int) string {
	path := filepath.Join(dir, FileName)
	if number == 0 {
		return path
	}
	return fmt.Sprintf("%s.%d", path, number)
}
