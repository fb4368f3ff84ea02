package gardenclient

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// notAllowed says who may use the target's socket, and what to try.
func (c *Client) notAllowed(err error) (why, hint string) {
	why = fmt.Sprintf("not allowed to connect (%s)", inShort(err))
	if barrier, info := barrierTo(c.target.Address); info != nil {
		why += fmt.Sprintf(": %s belongs to %s, mode %04o", barrier, ownersOf(info), info.Mode().Perm())
	}
	if os.Geteuid() == 0 {
		return why, "set --target"
	}
	// With --target, since sudo leaves out the variables.
	return why, fmt.Sprintf("try it as root: sudo weeder --target %s", c.target)
}

// barrierTo is what keeps from a socket: itself, or the directory on its path
// that can't be searched. Nil: it is not to be seen.
func barrierTo(path string) (string, os.FileInfo) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", nil
	}
	for {
		if info, err := os.Stat(path); err == nil {
			return path, info
		}
		above := filepath.Dir(path)
		if above == path {
			return "", nil
		}
		path = above
	}
}

// ownersOf names user and group, by their numbers where they have no names.
func ownersOf(info os.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "another"
	}
	owner, group := strconv.Itoa(int(stat.Uid)), strconv.Itoa(int(stat.Gid))
	if found, err := user.LookupId(owner); err == nil {
		owner = found.Username
	}
	if found, err := user.LookupGroupId(group); err == nil {
		group = found.Name
	}
	return owner + ":" + group
}
