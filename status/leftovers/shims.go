package leftovers

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// shimComm begins the names of containerd's shims, and is all of them that
// /proc/PID/comm has room for.
const shimComm = "containerd-shim"

// shims looks at the processes of containerd's shims in Concourse's namespace.
func (s *scan) shims() Finding {
	c := s.collect(Shims)
	if _, err := os.Stat(s.run("containerd")); errors.Is(err, fs.ErrNotExist) {
		return c.finding()
	}
	processes, err := s.everyProcess()
	if err != nil {
		c.problem("%v", err)
		return c.finding()
	}

	var strays []Leftover
	for _, p := range processes {
		if p.comm != shimComm {
			continue
		}
		shim, stray, err := s.shim(p.pid)
		if ended(err) {
			continue
		}
		if err != nil {
			c.problem("shim %s: %v", p.pid, err)
		} else if stray && c.old(shim.Since) {
			strays = append(strays, shim)
		}
	}
	if s.handles == nil && len(strays) > 0 {
		c.problem("%v", s.errUnknownHandles())
		return c.finding()
	}
	for _, shim := range strays {
		c.add(shim)
	}
	c.judged(s.proc(""))
	return c.finding()
}

// shim is one as a leftover, if it is one: a shim of Concourse's namespace with
// no container.
func (s *scan) shim(pid string) (shim Leftover, stray bool, err error) {
	line, err := os.ReadFile(s.proc(pid + "/cmdline"))
	if err != nil {
		return Leftover{}, false, err
	}
	arguments := strings.Split(string(bytes.TrimRight(line, "\x00")), "\x00")
	id, namespace := flagValue(arguments, "id"), flagValue(arguments, "namespace")
	if id == "" || namespace != s.Namespace || s.handles[id] {
		return Leftover{}, false, nil
	}
	life, err := s.life(pid)
	if err != nil || life.over {
		return Leftover{}, false, err
	}
	since, err := s.startedAt(life.ticks)
	if err != nil {
		return Leftover{}, false, err
	}
	return Leftover{Path: s.proc(pid), Since: since, Note: fmt.Sprintf("of %s", id)}, true, nil
}

// flagValue is a flag's value as Go's flag package takes it; empty where it is
// not given.
func flagValue(arguments []string, name string) string {
	for i, argument := range arguments {
		argument = strings.TrimPrefix(argument, "-")
		argument = strings.TrimPrefix(argument, "-")
		if argument == name && i+1 < len(arguments) {
			return arguments[i+1]
		}
		if value, is := strings.CutPrefix(argument, name+"="); is {
			return value
		}
	}
	return ""
}
