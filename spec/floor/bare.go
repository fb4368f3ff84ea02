package main

import (
	"os"
	"path/filepath"
	"syscall"
)

// onDiskBare is onDisk with system calls alone, where one does; a file that is
// there counts as one that can expire.
func onDiskBare(volumes string, referenced map[string]bool) (there, expiring int, err error) {
	for _, state := range []string{"init", "live", "dead"} {
		directory, err := os.Open(filepath.Join(volumes, state))
		if err != nil {
			return 0, 0, err
		}
		entries, err := directory.ReadDir(-1)
		directory.Close()
		if err != nil {
			return 0, 0, err
		}
		there += len(entries)
	}
	content := make([]byte, 4096)
	for handle := range referenced {
		file, err := syscall.Open(volumes+"/live/"+handle+"/ttl.json", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		_, err = syscall.Read(file, content)
		syscall.Close(file)
		if err == nil {
			expiring++
		}
	}
	return there, expiring, nil
}
