// Package journal keeps account of what weeder flagged and destroyed, as
// append-only JSON lines, so that a kill of the process at any moment leaves
// behind how far it was. Beside that it keeps a daemon's memory over restarts,
// and sees to it that there is one daemon for a worker.
package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"weeder/reaper"
)

// FileName is the journal's file in its directory. Older ones have a number
// behind it, the higher the older.
const FileName = "journal.jsonl"

// appendTries is how often an event is written again because the file was
// taken away meanwhile.
const appendTries = 10

// Journal appends to the journal of a directory. The directory and the file
// are made at the first event, so that looking leaves no trace. It is safe
// for use by several goroutines, and by several processes on one directory.
type Journal struct {
	dir    string
	bounds Bounds

	mutex sync.Mutex
	file  *os.File
}

// New names the journal of a directory; nothing is opened yet.
func New(dir string) *Journal {
	return NewBounded(dir, Bounds{})
}

// NewBounded is New with bounds other than the usual ones.
func NewBounded(dir string, bounds Bounds) *Journal {
	return &Journal{dir: dir, bounds: bounds.orUsual()}
}

// Record appends an event with one write and syncs it, and the directory where
// the file is new. Where the file was renamed or removed meanwhile the event is
// written again to the one in its place: readers take exact repetitions for one.
func (j *Journal) Record(event reaper.Event) error {
	line, err := encode(event)
	if err != nil {
		return err
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()

	for range appendTries {
		if err := j.ready(len(line)); err != nil {
			return err
		}
		if err := j.append(line); err != nil {
			return err
		}
		if j.current() {
			return nil
		}
	}
	return errors.New("append to journal: its file is taken away as soon as it is written to")
}

// Reopen has the next event open the file anew.
func (j *Journal) Reopen() error {
	return j.Close()
}

// Close closes the journal's file, if an event opened it. The next event opens
// it again.
func (j *Journal) Close() error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.close()
}

func (j *Journal) close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}

// ready has the journal's present file open, with room for so many bytes.
func (j *Journal) ready(bytes int) error {
	if err := j.openPresent(); err != nil {
		return err
	}
	if info, err := j.file.Stat(); err == nil && j.bounds.passedBy(info.Size(), bytes) {
		j.rotate()
	}
	return j.openPresent()
}

// openPresent opens the journal's file unless it is open already.
func (j *Journal) openPresent() error {
	if j.file != nil {
		if j.current() {
			return nil
		}
		j.close()
	}
	if err := makeDir(j.dir); err != nil {
		return err
	}
	file, err := os.OpenFile(j.path(), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	j.file = file
	// One that is new, and the places that rotating gave to the old ones. Another
	// process syncs one that it has made before it writes to it.
	if info, err := file.Stat(); err == nil && info.Size() == 0 {
		syncDir(j.dir)
	}
	return nil
}

// current tells that the open file is the one that its path names. Where
// nobody can tell it is.
func (j *Journal) current() bool {
	open, err := j.file.Stat()
	if err != nil {
		return true
	}
	named, err := os.Stat(j.path())
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return os.SameFile(open, named)
}

func (j *Journal) append(line []byte) error {
	if j.torn() {
		line = append([]byte{'\n'}, line...)
	}
	if _, err := j.file.Write(line); err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("sync journal: %w", err)
	}
	return nil
}

// torn tells that the last line was cut short, as a kill or a full disk
// leaves it, in this process or another: what follows must not be glued to it.
// Another's write that is under way may look so, which costs an empty line.
func (j *Journal) torn() bool {
	info, err := j.file.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := make([]byte, 1)
	_, err = j.file.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

func (j *Journal) path() string {
	return filepath.Join(j.dir, FileName)
}
