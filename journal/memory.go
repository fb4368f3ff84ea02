package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"weeder/reaper"
)

const (
	// MemoryName is the file of a daemon's memory in its directory.
	MemoryName = "memory.json"
	// OutdatedName is that of a memory that no longer holds, and that no other
	// could take the place of.
	OutdatedName = "memory.outdated"
)

// ErrForgotten says that a daemon has taken its memory away since the machine
// was started, and not kept another one since.
var ErrForgotten = errors.New("the daemon has taken it away, since it no longer held and no other could be kept")

// Memory keeps what a daemon remembers, in a directory that is made when it is
// missing. It is safe for use by several goroutines of one process.
type Memory struct {
	dir   string
	mutex sync.Mutex
}

var _ reaper.Keeper = (*Memory)(nil)

// NewMemory names the memory of a directory; nothing is opened yet.
func NewMemory(dir string) *Memory {
	return &Memory{dir: dir}
}

// Keep implements reaper.Keeper. What is kept counts until the machine starts
// again, so it need not be on disk before that: nothing is synced.
func (m *Memory) Keep(past reaper.Past) error {
	// Without a boot id nobody can tell later whether it still counts.
	boot, _ := Boot()
	data, err := json.Marshal(newRecollection(past, boot))
	if err != nil {
		return fmt.Errorf("encode memory: %w", err)
	}

	m.mutex.Lock()
	defer m.mutex.Unlock()
	if err := makeDir(m.dir); err != nil {
		return err
	}
	path := filepath.Join(m.dir, MemoryName)
	// Always the same name, so that kills leave no more than one behind.
	fresh := path + ".new"
	if err := os.WriteFile(fresh, append(data, '\n'), 0o640); err != nil {
		os.Remove(fresh)
		return fmt.Errorf("write memory: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		os.Remove(fresh)
		return fmt.Errorf("put memory in its place: %w", err)
	}
	os.Remove(filepath.Join(m.dir, OutdatedName))
	return nil
}

// Forget implements reaper.Keeper: a full disk still takes another name.
func (m *Memory) Forget() error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	path := filepath.Join(m.dir, MemoryName)
	if err := os.Rename(path, filepath.Join(m.dir, OutdatedName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take memory away: %w", err)
	}
	return nil
}

// Load gives what a daemon remembered last. It is the zero Past where none did,
// and where that can't be compared with now: it is from before the machine was
// started, or of another release's format. An error says that it is there and
// can't be read, or is ErrForgotten.
func Load(dir string) (reaper.Past, error) {
	path := filepath.Join(dir, MemoryName)
	past, there, err := load(path)
	if there || err != nil {
		return past, err
	}
	path = filepath.Join(dir, OutdatedName)
	if _, there, err := load(path); there || err != nil {
		return reaper.Past{}, fmt.Errorf("read memory (remove %s if there is no daemon any more): %w", path, ErrForgotten)
	}
	return reaper.Past{}, nil
}

// load reads one file. It is not there, either, where it can't be compared with
// now.
func load(path string) (past reaper.Past, there bool, err error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return reaper.Past{}, false, nil
	case err != nil:
		return reaper.Past{}, false, fmt.Errorf("read memory (run weeder as root, or remove %s to start anew): %w", path, err)
	}
	// What was not synced may be empty, or zeros, after the machine went down.
	if len(bytes.Trim(data, "\x00")) == 0 {
		return reaper.Past{}, false, nil
	}

	kept, err := decodeRecollection(data)
	if err != nil {
		return reaper.Past{}, false, fmt.Errorf("understand memory (remove %s to start anew): %w", path, err)
	}
	boot, _ := Boot()
	if kept.Boot == "" || kept.Boot != boot || kept.Elapsed > Elapsed() {
		return reaper.Past{}, false, nil
	}
	return kept.past(), true, nil
}
