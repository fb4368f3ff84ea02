package leftovers

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// batch is how many names are read from a directory at once.
const batch = 1024

// entry is what a directory has under one name.
type entry struct {
	name string
	// path of it, in a place; empty in a walk.
	path string
	// mounted tells that something is mounted there that may hang: nothing below
	// is known.
	mounted bool
	mode    uint32
	inode   uint64
	links   uint64
	// changed is the later of its ctime and mtime. A rename sets the ctime, writing
	// into a FIFO its mtime.
	changed time.Time
}

func (e entry) isDir() bool { return e.mode&unix.S_IFMT == unix.S_IFDIR }

func newEntry(name string, stat *unix.Stat_t) entry {
	changed := time.Unix(stat.Mtim.Unix())
	if ctime := time.Unix(stat.Ctim.Unix()); ctime.After(changed) {
		changed = ctime
	}
	return entry{name: name, mode: stat.Mode, inode: stat.Ino, links: uint64(stat.Nlink), changed: changed}
}

func lstat(path string) (entry, error) {
	var stat unix.Stat_t
	if err := unix.Fstatat(unix.AT_FDCWD, path, &stat, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT); err != nil {
		return entry{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return newEntry(filepath.Base(path), &stat), nil
}

// openDirectory opens a directory and nothing else: O_DIRECTORY refuses a FIFO
// before it is opened.
func openDirectory(path string) (*os.File, *unix.Stat_t, error) {
	directory, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, err
	}
	var stat unix.Stat_t
	if err := unix.Fstat(int(directory.Fd()), &stat); err != nil {
		directory.Close()
		return nil, nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return directory, &stat, nil
}

// list hands over what is in a directory, in no order, and gives the directory
// itself. The path has no symlink in it. What goes while it is listed is left
// out.
func (s *scan) list(dir string, each func(entry)) (entry, error) {
	directory, stat, err := openDirectory(dir)
	if err != nil {
		return entry{}, err
	}
	defer directory.Close()
	return newEntry(filepath.Base(dir), stat), s.listOpen(directory, func(e entry) bool {
		each(e)
		return true
	})
}

// listOpen lists an open directory for as long as each asks for more.
func (s *scan) listOpen(directory *os.File, each func(entry) (more bool)) error {
	mounted := s.mounts[directory.Name()]
	descriptor := int(directory.Fd())
	for {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		names, err := directory.Readdirnames(batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			if kind, is := mounted[name]; is && !isNamespaceFile(kind) {
				if !each(entry{name: name, mounted: true}) {
					return nil
				}
				continue
			}
			var stat unix.Stat_t
			err := unix.Fstatat(descriptor, name, &stat, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return &fs.PathError{Op: "lstat", Path: filepath.Join(directory.Name(), name), Err: err}
			}
			if !each(newEntry(name, &stat)) {
				return nil
			}
		}
	}
}

// isNamespaceFile tells the types of mounts that keep a namespace: nsfs, and proc
// in kernels before 3.19. These don't hang.
func isNamespaceFile(kind string) bool {
	return kind == "nsfs" || kind == "proc"
}

// walk counts the inodes that a directory holds: its own and those below, each
// once, but nothing that is mounted in it. It takes what it walks off left, and
// stops when that is used up: then it is not complete. Nor is it with an error,
// which is about the first part that can't be read.
func (s *scan) walk(root string, left *int) (inodes uint64, complete bool, err error) {
	// What is mounted is known by its real path.
	dir, err := filepath.EvalSymlinks(filepath.Dir(root))
	if err != nil {
		return 0, false, err
	}
	linked := map[uint64]bool{}
	device := uint64(0)
	inodes = 1
	for dirs := []string{filepath.Join(dir, filepath.Base(root))}; len(dirs) > 0; {
		if *left <= 0 || s.ctx.Err() != nil {
			return inodes, false, err
		}
		dir := dirs[len(dirs)-1]
		dirs = dirs[:len(dirs)-1]
		directory, stat, openErr := openDirectory(dir)
		if openErr != nil {
			if err == nil && !errors.Is(openErr, fs.ErrNotExist) {
				err = openErr
			}
			continue
		}
		if device == 0 {
			device = uint64(stat.Dev)
		}
		if uint64(stat.Dev) != device {
			directory.Close()
			continue
		}
		listErr := s.listOpen(directory, func(e entry) bool {
			*left--
			switch {
			case e.isDir():
				dirs = append(dirs, filepath.Join(dir, e.name))
			case e.links > 1 && linked[e.inode]:
				return *left > 0
			case e.links > 1:
				linked[e.inode] = true
			}
			inodes++
			return *left > 0
		})
		directory.Close()
		if err == nil {
			err = listErr
		}
	}
	return inodes, true, err
}
