package journal

import (
	"fmt"
	"os"
	"path/filepath"
)

// makeDir makes a directory with those above that are missing, and has them stay
// after a power loss.
func makeDir(dir string) error {
	var missing []string
	for path := filepath.Clean(dir); !there(path) && path != filepath.Dir(path); path = filepath.Dir(path) {
		missing = append(missing, path)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make journal directory: %w", err)
	}
	for _, path := range missing {
		syncDir(filepath.Dir(path))
	}
	return nil
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// syncDir has a directory on disk as it is: without that a file in it can be lost
// with all its synced lines. Not every file system can, and an event that may be
// lost is better than none: so it fails at nothing.
func syncDir(dir string) {
	opened, err := os.Open(dir)
	if err != nil {
		return
	}
	defer opened.Close()
	_ = opened.Sync()
}
