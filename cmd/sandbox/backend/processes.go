package backend

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/sandbox/process"
)

// defaultPath is what Guardian gives root.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Run runs a process of the host in the container's directory, of which Dir is taken, made where it
// is missing as on Guardian; a home is the directory itself. The user is root, the sandbox's or none,
// and counts for nothing.
func (c *container) Run(spec garden.ProcessSpec, io garden.ProcessIO) (garden.Process, error) {
	c.backend.Calls.add("run", c.handle)
	room, container, err := c.room(errNoBundle)
	if err != nil {
		return nil, err
	}
	room.ran(spec)

	if c.backend.Faults.Strike("run-fails", c.handle).Struck() {
		return nil, errRuncExec
	}
	if err := c.backend.lookUpUser(spec.User, container.Root); err != nil {
		return nil, err
	}
	directory, err := room.files.Make(spec.Dir)
	if err != nil {
		return nil, fmt.Errorf("creating working directory: %w", err)
	}

	started, err := room.processes.Start(process.Command{
		ID:   spec.ID,
		Path: spec.Path,
		Args: spec.Args,
		Env:  environment(container.Env, spec, string(room.files)),
		Dir:  directory,
		TTY:  spec.TTY,
	}, io)
	if err != nil {
		return nil, err
	}

	return c.backend.told(started), nil
}

// Attach attaches to a process that Run has started.
func (c *container) Attach(id string, io garden.ProcessIO) (garden.Process, error) {
	c.backend.Calls.add("attach", c.handle)
	room, _, err := c.room(garden.ProcessNotFoundError{ProcessID: id})
	if err != nil {
		return nil, err
	}

	attached, err := room.processes.Attach(id, io)
	if err != nil {
		return nil, err
	}

	return c.backend.told(attached), nil
}

// told is the process as a client may use it: Concourse's own backend implements no signals.
func (b *Backend) told(process *process.Process) garden.Process {
	if b.containerd() {
		return unsignalled{process}
	}

	return process
}

type unsignalled struct{ garden.Process }

func (unsignalled) Signal(garden.Signal) error { return errNotImplemented }

// lookUpUser has runc's error for a user that the container's passwd file does not know: all of them
// where its root volume is missing.
func (b *Backend) lookUpUser(name, root string) error {
	known := name == "" || name == "root"
	if current, err := user.Current(); err == nil {
		known = known || slices.Contains([]string{current.Username, current.Uid, current.Uid + ":" + current.Gid}, name)
	}
	if known && !b.missing(root) {
		return nil
	}

	if name == "" {
		name = "root"
	}

	return fmt.Errorf("unable to find user %s: no matching entries in passwd file", name)
}

func (b *Backend) missing(root string) bool {
	if b.options.Volumes == "" {
		return false
	}
	below, err := filepath.Rel(b.options.Volumes, root)
	if err != nil || !filepath.IsLocal(below) {
		return false
	}
	_, err = os.Stat(root)

	return err != nil
}

// environment is the container's and the process's, with what Guardian and runc add where it is
// missing.
func environment(container []string, spec garden.ProcessSpec, home string) []string {
	name := spec.User
	if name == "" {
		name = "root"
	}

	env := slices.Concat(container, spec.Env)
	for _, missing := range []string{"PATH=" + defaultPath, "USER=" + name, "HOME=" + home} {
		key, _, _ := strings.Cut(missing, "=")
		if !slices.ContainsFunc(env, func(pair string) bool { return strings.HasPrefix(pair, key+"=") }) {
			env = append(env, missing)
		}
	}

	return env
}

// Runs are the processes that clients have asked for in a container, failed ones too, in order. There
// are none without real processes.
func (b *Backend) Runs(handle string) []garden.ProcessSpec {
	b.mutex.Lock()
	found, ok := b.entries[handle]
	b.mutex.Unlock()
	if !ok || found.room == nil {
		return nil
	}

	return found.room.asked()
}

var (
	errNoBundle = errors.New("does not exist")
	errRuncExec = errors.New("runc exec: exit status 255: exec failed: unable to start container process: error executing setns process: exit status 1")
)
