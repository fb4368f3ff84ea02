package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// LockName is the file in a directory that a daemon holds.
const LockName = "daemon.lock"

// LockedError says that another daemon holds the directory.
type LockedError struct {
	// Path of the file that it holds.
	Path string
	// PID of the other daemon. Zero: not known.
	PID int
	// Since when it has run. Zero: not known.
	Since time.Time
}

// Error implements error.
func (e *LockedError) Error() string {
	if e.PID <= 0 || e.Since.IsZero() {
		return fmt.Sprintf("another weeder daemon holds %s", e.Path)
	}
	return fmt.Sprintf("another weeder daemon (pid %d, since %s) holds %s", e.PID, e.Since.UTC().Format(time.RFC3339), e.Path)
}

// Held is a directory that this process holds, until it releases it or ends.
type Held struct {
	file *os.File
}

// holder is what the file tells of who holds it. It is told for people: what
// counts is the kernel's lock on the file.
type holder struct {
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// Lock has the process hold a directory, which is made when it is missing, as
// the one daemon there. It fails with a *LockedError where another one does. One
// on a disk that is read-only can be held where its file is there already.
func Lock(dir string) (*Held, error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, LockName)
	// Package os has it closed on exec.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if errors.Is(err, unix.EROFS) {
		if there, readErr := os.Open(path); readErr == nil {
			file, err = there, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, lockedBy(path, file)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	held := &Held{file: file}
	held.sign()
	return held, nil
}

// sign writes down who holds the file. A full disk leaves it empty, which
// takes nothing from the lock.
func (h *Held) sign() {
	if h.file.Truncate(0) != nil {
		return
	}
	line, err := json.Marshal(holder{PID: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		_, _ = h.file.WriteAt(append(line, '\n'), 0)
	}
}

// Release lets another daemon hold the directory. The file stays, since one
// that is removed could be held by two.
func (h *Held) Release() error {
	return errors.Join(h.file.Truncate(0), h.file.Close())
}

// lockThere tells that a daemon has held the directory at some time.
func lockThere(dir string) bool {
	return there(filepath.Join(dir, LockName))
}

func lockedBy(path string, file *os.File) *LockedError {
	locked := &LockedError{Path: path}
	var by holder
	if json.NewDecoder(file).Decode(&by) == nil {
		locked.PID, locked.Since = by.PID, by.Since
	}
	return locked
}
