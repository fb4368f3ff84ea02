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

// MemoryName is the file of a daemon's memory in its directory.
const MemoryName = "memory.json"

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
	if err := os.MkdirAll(m.dir, 0o750); err != nil {
		return fmt.Errorf("make journal directory: %w", err)
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
	return nil
}

// Forget implements reaper.Keeper.
func (m *Memory) Forget() error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if err := os.Remove(filepath.Join(m.dir, MemoryName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove memory: %w", err)
	}
	return nil
}

// Load gives what a daemon remembered last. It is the zero Past where none did,
// and where that can't be compared with now: it is from before the machine was
// started, or of another release's format. An error says that it is there and
// can't be read.
func Load(dir string) (reaper.Past, error) {
	path := filepath.Join(dir, MemoryName)
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return reaper.Past{}, nil
	case err != nil:
		return reaper.Past{}, fmt.Errorf("read memory (run weeder as root, or remove %s to start anew): %w", path, err)
	}
	// What was not synced may be empty, or zeros, after the machine went down.
	if len(bytes.Trim(data, "\x00")) == 0 {
		return reaper.Past{}, nil
	}

	kept, err := decodeRecollection(data)
	if err != nil {
		return reaper.Past{}, fmt.Errorf("understand memory (remove %s to start anew): %w", path, err)
	}
	boot, _ := Boot()
	if kept.Boot == "" || kept.Boot != boot || kept.Elapsed > Elapsed() {
		return reaper.Past{}, nil
	}
	return kept.past(), nil
}
