package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/sandbox/files"
	"weeder/cmd/sandbox/process"
)

// termTimeout is how long Guardian gives processes to end by themselves.
const termTimeout = 10 * time.Second

// room is what a container has of the host where processes are real.
type room struct {
	files     files.Dir
	processes *process.Group

	mutex   sync.Mutex
	runs    []garden.ProcessSpec
	closed  context.Context
	cancel  context.CancelFunc
	streams sync.WaitGroup
}

// newRoom makes a container's directory. The room is nil without real processes, and for a handle
// that can't name a directory.
func (b *Backend) newRoom(handle string) (*room, error) {
	if b.options.Files == "" || !isDirectoryName(handle) {
		return nil, nil
	}
	if b.stopped {
		return nil, errStopped
	}

	directory := filepath.Join(b.options.Files, handle)
	if err := os.Mkdir(directory, 0o755); err != nil {
		return nil, fmt.Errorf("making directory for files: %w", err)
	}

	made := &room{files: files.Dir(directory), processes: process.NewGroup()}
	made.closed, made.cancel = context.WithCancel(context.Background())

	return made, nil
}

// room is that of a container, with the container as it is; or the error given where there is no
// such container or no runc knows it, as Guardian has one for each call.
func (c *container) room(unknown error) (*room, Container, error) {
	if c.backend.options.Files == "" {
		return nil, Container{}, errNotImplemented
	}

	c.backend.mutex.Lock()
	defer c.backend.mutex.Unlock()
	found, ok := c.backend.entries[c.handle]
	if !ok || found.room == nil || found.container.DepotOnly || found.container.Zombie {
		return nil, Container{}, unknown
	}

	return found.room, found.snapshot(), nil
}

func (r *room) ran(spec garden.ProcessSpec) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.runs = append(r.runs, spec)
}

func (r *room) asked() []garden.ProcessSpec {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	return slices.Clone(r.runs)
}

// stream is to be called before a stream, with what it returns after it; the context ends when the
// room closes.
func (r *room) stream() (context.Context, func(), error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	if r.closed.Err() != nil {
		return nil, nil, errors.New("container is being destroyed")
	}
	r.streams.Add(1)

	return r.closed, r.streams.Done, nil
}

func (r *room) stop(kill bool) {
	if kill {
		r.processes.Stop(0)
		return
	}
	r.processes.Stop(termTimeout)
}

// close ends all processes and streams, and removes the files.
func (r *room) close() error {
	r.mutex.Lock()
	r.cancel()
	r.mutex.Unlock()

	r.processes.Close()
	r.streams.Wait()
	if err := os.RemoveAll(string(r.files)); err != nil {
		return fmt.Errorf("removing container's files: %w", err)
	}

	return nil
}
