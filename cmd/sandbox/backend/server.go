package backend

import (
	"fmt"
	"net"
	"regexp"
	"sync"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client"
	"code.cloudfoundry.org/garden/client/connection"
	"code.cloudfoundry.org/garden/server"
	"code.cloudfoundry.org/lager/v3"
)

const (
	readHeaderTimeout = 10 * time.Second
	// stopTimeout is how long calls under way get to end by themselves.
	stopTimeout = time.Second
)

// Server is a Backend behind garden/server.
type Server struct {
	backend  *Backend
	garden   *server.GardenServer
	listener *listener
	client   garden.Client
	served   chan error
	stopOnce func() error
}

// Serve answers on a listener, which it closes when it stops. The containers that the backend has
// by then and lists get the timers of their grace times, as when Guardian starts.
func Serve(backend *Backend, on net.Listener, logger lager.Logger) (*Server, error) {
	address := on.Addr()
	s := &Server{
		backend:  backend,
		garden:   server.New(address.Network(), address.String(), 0, readHeaderTimeout, backend, logger),
		listener: newListener(on),
		client:   client.New(connection.New(address.Network(), address.String())),
		served:   make(chan error, 1),
	}
	s.stopOnce = sync.OnceValue(s.stop)

	if err := s.garden.SetupBomberman(); err != nil {
		return nil, fmt.Errorf("starting grace timers: %w", err)
	}

	go func() { s.served <- s.garden.Serve(s.listener) }()
	if err := s.client.Ping(); err != nil {
		on.Close()
		return nil, fmt.Errorf("waiting for garden server: %w", err)
	}
	backend.Calls.Reset()

	return s, nil
}

// Stop lets go of held calls, waits a second for those under way, and closes what is left. The
// server's own goroutine for grace times goes on, idle: garden/server has no way to end it. Stopping
// again says the same.
func (s *Server) Stop() error { return s.stopOnce() }

func (s *Server) stop() error {
	s.backend.Faults.Stop()

	stopped := make(chan error, 1)
	go func() { stopped <- s.garden.Stop() }()

	var err error
	select {
	case err = <-stopped:
	case <-time.After(stopTimeout):
		s.listener.closeConns()
		err = <-stopped
	}
	if err != nil {
		return fmt.Errorf("stopping garden server: %w", err)
	}

	return <-s.served
}

// Create adds a container and has the server count its grace time, but for a hidden, a depot-only
// or a NoTimer one. It counts as no call.
func (s *Server) Create(container Container) error {
	if container.Hidden || container.DepotOnly || container.NoTimer {
		return s.backend.Add(container)
	}

	s.backend.stage(container)
	_, err := s.client.Create(garden.ContainerSpec{Handle: container.Handle})

	return err
}

// Remove takes a container away, with its timer. It counts as no call and no destroy, and no fault
// stops it.
//
// Errors: garden.ContainerNotFoundError for an unknown handle.
func (s *Server) Remove(handle string) error {
	if !escapable.MatchString(handle) {
		return s.backend.remove(handle)
	}

	s.backend.beingRemoved(handle, true)
	defer s.backend.beingRemoved(handle, false)
	if err := s.client.Destroy(handle); err == nil {
		return nil
	}

	// A destroy under way makes the server refuse.
	return s.backend.remove(handle)
}

// escapable are the handles that Garden's client, which escapes nothing, sends as they are.
var escapable = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

func (b *Backend) stage(container Container) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.staged[container.Handle] = container
}

func (b *Backend) unstage(handle string) (Container, bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	staged, ok := b.staged[handle]
	delete(b.staged, handle)

	return staged, ok
}

func (b *Backend) beingRemoved(handle string, being bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if being {
		b.removing[handle] = true
	} else {
		delete(b.removing, handle)
	}
}

func (b *Backend) isBeingRemoved(handle string) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return b.removing[handle]
}
