package leftovers

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// initialPIDNamespace is how the worker's own PID namespace shows: the kernel's
// PROC_PID_INIT_INO.
const initialPIDNamespace = "pid:[4026531836]"

// workerPrograms are what runs on a worker, as /proc/PID/comm has it.
var workerPrograms = []string{"containerd", shimComm, "gdn", "guardian", "garden", "concourse", "baggageclaim"}

// advice ends the errors of what processes don't let others read.
const advice = "(it takes root with CAP_SYS_PTRACE)"

// process is one process.
type process struct {
	pid  string
	comm string
}

// everyProcess lists all processes of the worker. The error says that some may be
// hidden.
func (s *scan) everyProcess() ([]process, error) {
	if s.processes == nil && s.processesErr == nil {
		s.processes, s.processesErr = s.readProcesses()
	}
	return s.processes, s.processesErr
}

func (s *scan) readProcesses() ([]process, error) {
	names, err := readNames(s.proc(""))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var found []process
	for _, name := range names {
		if strings.Trim(name, "0123456789") != "" {
			continue
		}
		comm, err := os.ReadFile(s.proc(name + "/comm"))
		if ended(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list processes: %w", err)
		}
		found = append(found, process{pid: name, comm: strings.TrimSpace(string(comm))})
	}

	if !slices.ContainsFunc(found, func(p process) bool { return p.pid == "1" }) {
		return nil, fmt.Errorf("list processes: %s does not show all %s", s.proc(""), advice)
	}
	namespace, err := os.Readlink(s.proc("self/ns/pid"))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	isWorkers := func(p process) bool { return slices.Contains(workerPrograms, p.comm) }
	if namespace != initialPIDNamespace && !slices.ContainsFunc(found, isWorkers) {
		return nil, fmt.Errorf("list processes: weeder is in a PID namespace of its own, %s, where none of the worker's shows "+
			"(run it in the worker's)", namespace)
	}
	return found, nil
}

// openIn tells which of the directories, given by their names, some process has
// something in open. Paths are those of other mount namespaces, too: so a
// directory's name is enough.
func (s *scan) openIn(directories map[string]bool) (map[string]bool, error) {
	processes, err := s.everyProcess()
	if err != nil {
		return nil, err
	}
	open := map[string]bool{}
	for _, p := range processes {
		err := s.descriptors(p.pid, func(target string) {
			if name := filepath.Base(filepath.Dir(target)); directories[name] {
				open[name] = true
			}
		})
		if err != nil {
			return nil, fmt.Errorf("tell what processes have open: %w %s", err, advice)
		}
	}
	return open, nil
}

// descriptors hands over what a process has open.
func (s *scan) descriptors(pid string, each func(target string)) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	path := s.proc(pid + "/fd")
	directory, err := os.Open(path)
	if ended(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer directory.Close()
	names, err := directory.Readdirnames(-1)
	if err != nil && !ended(err) {
		return err
	}
	// The kernel gives no longer path than a page.
	target := make([]byte, 4096)
	for _, name := range names {
		n, err := unix.Readlinkat(int(directory.Fd()), name, target)
		if ended(err) {
			continue
		}
		if err != nil {
			return &fs.PathError{Op: "readlink", Path: filepath.Join(path, name), Err: err}
		}
		each(string(target[:n]))
	}
	return nil
}

// life is what /proc/PID/stat says of a process.
type life struct {
	// ticks after the machine's start that it was started.
	ticks uint64
	// over tells that it has ended, and waits for its parent.
	over bool
}

func (s *scan) life(pid string) (life, error) {
	path := s.proc(pid + "/stat")
	text, err := os.ReadFile(path)
	if err != nil {
		return life{}, err
	}
	// The name in parentheses can have anything in it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return life{}, fmt.Errorf("%s: malformed", path)
	}
	ticks, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return life{}, fmt.Errorf("%s: %w", path, err)
	}
	return life{ticks: ticks, over: fields[0] == "Z" || fields[0] == "X"}, nil
}

// startedAt turns a process's ticks into a time.
func (s *scan) startedAt(ticks uint64) (time.Time, error) {
	path := s.proc("uptime")
	text, err := os.ReadFile(path)
	if err != nil {
		return time.Time{}, err
	}
	first, _, _ := strings.Cut(string(text), " ")
	uptime, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", path, err)
	}
	// USER_HZ is 100 on every platform that Go supports.
	return s.now.Add(time.Duration(ticks)*10*time.Millisecond - time.Duration(uptime*float64(time.Second))), nil
}

// ended tells an error that is due to a process having ended.
func ended(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

func ignoreEnded(err error) error {
	if ended(err) {
		return nil
	}
	return err
}

func readNames(path string) ([]string, error) {
	directory, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	return directory.Readdirnames(-1)
}
