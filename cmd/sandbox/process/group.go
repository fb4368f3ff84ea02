package process

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"code.cloudfoundry.org/garden"
)

// marker is the variable by which a process is known to be a group's, wherever it has gone.
const marker = "WEEDER_SANDBOX_CONTAINER"

const (
	// pause is how long lies between two looks whether what was signalled is gone.
	pause = 5 * time.Millisecond
	// killTimeout is how long is tried to kill what does not go: it has become another user's.
	killTimeout = 5 * time.Second
	// outputTimeout is how long the output of what was killed is waited for.
	outputTimeout = time.Second
)

var errClosed = errors.New("container is being destroyed")

// Group are the processes of one container, those that have ended too. It is safe for concurrent use.
type Group struct {
	mark string

	mutex     sync.Mutex
	processes map[string]*Process
	closed    bool
}

// NewGroup is a group without processes.
func NewGroup() *Group {
	return &Group{mark: marker + "=" + rand.Text(), processes: map[string]*Process{}}
}

// Start runs a command, attached to what is given from the first byte on. Nil is attached to nothing.
//
// Errors: garden.ExecutableNotFoundError; that it can't be started; that its ID is taken, be it by a
// process that has ended; that the group is closed.
func (g *Group) Start(command Command, attached garden.ProcessIO) (*Process, error) {
	g.mutex.Lock()
	defer g.mutex.Unlock()

	if g.closed {
		return nil, errClosed
	}
	if command.ID == "" {
		command.ID = newID()
	}
	if _, taken := g.processes[command.ID]; taken {
		// In Guardian's words.
		return nil, fmt.Errorf("process ID '%s' already in use", command.ID)
	}
	command.Env = append(command.Env[:len(command.Env):len(command.Env)], g.mark)

	started, err := start(command, attached)
	if err != nil {
		return nil, err
	}
	g.processes[command.ID] = started

	return started, nil
}

// Attach adds to what a process reads from and writes to, from now on. One that has ended can be
// attached to as well, as on Guardian: all that comes is its status.
//
// Errors: garden.ProcessNotFoundError.
func (g *Group) Attach(id string, attached garden.ProcessIO) (*Process, error) {
	g.mutex.Lock()
	found, ok := g.processes[id]
	g.mutex.Unlock()
	if !ok {
		return nil, garden.ProcessNotFoundError{ProcessID: id}
	}
	found.attach(attached)

	return found, nil
}

// Running is how many of those that were started have not ended.
func (g *Group) Running() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()

	running := 0
	for _, process := range g.processes {
		if process.pid() != 0 {
			running++
		}
	}

	return running
}

// Stop ends the group's processes and waits for them: with SIGTERM, and with SIGKILL those that are
// there still after a while; with SIGKILL at once for a while of 0. Others can be started then.
func (g *Group) Stop(while time.Duration) {
	if while > 0 {
		g.signal(syscall.SIGTERM)
		for deadline := time.Now().Add(while); time.Now().Before(deadline) && len(g.members()) > 0; {
			time.Sleep(pause)
		}
	}

	for deadline := time.Now().Add(killTimeout); g.signal(syscall.SIGKILL) > 0 && time.Now().Before(deadline); {
		time.Sleep(pause)
	}

	for _, process := range g.started() {
		select {
		case <-process.done:
		case <-time.After(outputTimeout):
			// Somebody else holds its output.
			process.closeReads()
			<-process.done
		}
	}
}

// Close is Stop with SIGKILL, after which nothing can be started.
func (g *Group) Close() {
	g.mutex.Lock()
	g.closed = true
	g.mutex.Unlock()

	g.Stop(0)
}

func (g *Group) started() []*Process {
	g.mutex.Lock()
	defer g.mutex.Unlock()

	var started []*Process
	for _, process := range g.processes {
		started = append(started, process)
	}

	return started
}

// newID is a random UUID, as Guardian's are.
func newID() string {
	random := make([]byte, 16)
	// rand.Read never fails.
	_, _ = rand.Read(random)
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	id := hex.EncodeToString(random)

	return id[:8] + "-" + id[8:12] + "-" + id[12:16] + "-" + id[16:20] + "-" + id[20:]
}
