package journal

import (
	"errors"

	"golang.org/x/sys/unix"
)

// DiskFails tells that an error is a disk's that is full, read-only or broken: it
// costs the journal, never the daemon.
func DiskFails(err error) bool {
	for _, of := range []error{unix.ENOSPC, unix.EDQUOT, unix.EROFS, unix.EIO} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}

// ReadOnly tells that a directory's disk is read-only: what a memory there says
// can't be taken back.
func ReadOnly(dir string) bool {
	return errors.Is(unix.Access(dir, unix.W_OK), unix.EROFS)
}
