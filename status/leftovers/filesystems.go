package leftovers

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FileSystem is how much room a file system has.
type FileSystem struct {
	// Path of a directory in it.
	Path string
	// FreeBytes that users other than root can fill, of Bytes. Nil: not known.
	FreeBytes, Bytes *uint64
	// FreeInodes of Inodes. Nil: not known, or it has no such bound.
	FreeInodes, Inodes *uint64
	// Err is why nothing is known.
	Err error
}

// fileSystems are those that leftovers are on.
func (s *scan) fileSystems() []FileSystem {
	return FileSystems(s.Volumes, s.Depot, filepath.Join(s.Root, "run"))
}

// FileSystems tells how much room those of the given directories have. Empty
// paths are left out. It takes as long as the file systems take to answer, and
// nothing can end it before.
func FileSystems(paths ...string) []FileSystem {
	var found []FileSystem
	for _, path := range paths {
		if path != "" {
			found = append(found, readFileSystem(path))
		}
	}
	return found
}

func readFileSystem(path string) FileSystem {
	system := FileSystem{Path: path}
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		system.Err = fmt.Errorf("stat file system of %s: %w", path, err)
		return system
	}

	size := uint64(stat.Frsize)
	freeBytes, bytes := stat.Bavail*size, stat.Blocks*size
	system.FreeBytes, system.Bytes = &freeBytes, &bytes
	// Btrfs has no such bound, nor has a tmpfs with nr_inodes=0.
	if stat.Files > 0 {
		system.FreeInodes, system.Inodes = &stat.Ffree, &stat.Files
	}
	return system
}
