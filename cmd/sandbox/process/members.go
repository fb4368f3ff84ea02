package process

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// signal reaches everything that is the group's, and returns how many that were.
func (g *Group) signal(signal syscall.Signal) int {
	members := g.members()
	for _, pid := range members {
		// It may have gone.
		_ = syscall.Kill(pid, signal)
	}

	return len(members)
}

// members are the processes of the sessions that the group has started, and whatever else has its
// mark in its environment. Dead ones that nobody has waited for do not count.
func (g *Group) members() []int {
	var sessions []int
	for _, process := range g.started() {
		if pid := process.pid(); pid != 0 {
			sessions = append(sessions, pid)
		}
	}

	entries, err := os.ReadDir("/proc")
	if err != nil {
		return sessions
	}
	var members []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		session, dead := look(pid)
		if !dead && (slices.Contains(sessions, session) || g.marked(pid)) {
			members = append(members, pid)
		}
	}

	return members
}

// look tells a process's session, and whether it is but a zombie or gone.
func look(pid int) (session int, dead bool) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, true
	}
	// pid (name) state ppid pgrp session …; the name can hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 4 {
		return 0, true
	}
	session, _ = strconv.Atoi(fields[3])

	return session, fields[0] == "Z" || fields[0] == "X"
}

func (g *Group) marked(pid int) bool {
	environ, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	if err != nil {
		return false
	}

	return slices.Contains(strings.Split(string(environ), "\x00"), g.mark)
}
