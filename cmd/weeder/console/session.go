package console

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
)

// drainTime is how long output may still arrive after the stream broke that
// would have told of the process's end.
const drainTime = 2 * time.Second

// How far the ending of a process has come.
const (
	terminated = iota + 1
	killed
	left
)

// session is one process from its start to its end.
type session struct {
	console *Console
	ctx     context.Context
	cancel  context.CancelFunc
	link    *link
	input   *input

	opening chan opened
	ended   chan ended
	// full gets the errors of stdout and stderr.
	full chan error
	// lost is nil once it has been seen closed.
	lost     <-chan struct{}
	drained  <-chan time.Time
	patience <-chan time.Time

	// process is nil until Garden has answered.
	process garden.Process
	// ending is how far its ending has come. Zero: nobody asked for it.
	ending int
	// unwritten is the first error of stdout or stderr.
	unwritten error

	// senders wait for connections alone.
	senders sync.WaitGroup
	failed  chan error
	// untold is why the process could not be told to end.
	untold error
}

type opened struct {
	process garden.Process
	err     error
}

type ended struct {
	status int
	err    error
}

// follow opens the process's streams and waits for its end.
func (s *session) follow(open opener) (int, error) {
	streams := garden.ProcessIO{
		Stdin:  s.input,
		Stdout: &output{name: "stdout", to: s.console.Stdout, full: s.full, guard: s.console.Guard},
		Stderr: &output{name: "stderr", to: s.console.Stderr, full: s.full, guard: s.console.Guard},
	}
	// This and the wait for the end also wait for writes to stdout and stderr,
	// which nothing ends: whoever leaves can't wait for them.
	s.aside(func() {
		process, err := open(connection.NewWithHijacker(s.link, s.console.Logger), streams)
		s.opening <- opened{process, err}
	})

	for {
		select {
		case got := <-s.opening:
			if got.err != nil {
				return 0, unopened(got.err)
			}
			s.begin(got.process)
		case got := <-s.ended:
			return s.outcome(got.status, got.err)
		case <-s.lost:
			s.lost, s.drained = nil, s.after(drainTime)
		case <-s.drained:
			s.cancel()
		case err := <-s.failed:
			s.untold = err
		case err := <-s.full:
			if s.unwritten == nil {
				s.unwritten = err
			}
			switch {
			// Nobody waits: as a program of this machine would end that can't
			// write, while the one in the container may have more to do.
			case s.console.Patience == 0:
				return 0, fmt.Errorf("%w: %s", err, s.mayGoOn())
			case s.ending == 0:
				s.end()
			}
		case <-s.console.Signals:
			s.end()
		case <-s.patience:
			s.end()
		}
		if s.ending == left {
			return 0, s.whyLeft()
		}
	}
}

// begin is for the moment when the process's streams are there.
func (s *session) begin(process garden.Process) {
	s.process = process
	s.aside(func() {
		status, err := process.Wait()
		s.ended <- ended{status, err}
	})
	if s.console.Resized != nil {
		s.send(s.resize)
	}
	s.tell()
}

// end goes one step further in ending the process.
func (s *session) end() {
	s.ending++
	if s.lost == nil {
		// There is no more to wait for than output that may be on its way.
		s.ending = left
	}
	s.patience = nil
	if s.console.Patience > 0 {
		s.patience = s.after(s.console.Patience)
	}
	s.tell()
}

func (s *session) after(d time.Duration) <-chan time.Time {
	return s.console.Clock.NewTimer(d).C()
}

// aside runs what this package can't end.
func (s *session) aside(do func()) {
	go func() {
		defer s.console.Guard()
		do()
	}()
}

// send runs what ends with the session's context.
func (s *session) send(do func()) {
	s.senders.Go(func() {
		defer s.console.Guard()
		do()
	})
}

func (s *session) whyLeft() error {
	if s.lost == nil {
		_, err := s.outcome(0, errors.New("no more came"))
		return err
	}
	if s.unwritten != nil {
		return fmt.Errorf("%w: %w", s.unwritten, s.left())
	}
	return s.left()
}
