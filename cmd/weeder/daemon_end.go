package main

import (
	"errors"
	"time"
)

// endsWithin is how long the daemon may take from when it is told to end: it
// leaves destroys to Garden after eight seconds, and promises to be gone after
// ten.
const endsWithin = 9500 * time.Millisecond

// errHeldUp is how a daemon ends that something holds up beyond that. Nothing is
// lost by it: each event of the journal was synced when it was written.
var errHeldUp = errors.New("told to end 9.5 s ago, and held up by what can't be called off, such as a disk that hangs " +
	"or a log that nobody reads: left as it is, look at the disk under --journal and at what takes weeder's output")

// inTime waits for the work, from the context's end on for no longer than
// endsWithin. What it leaves then ends with the process.
func (a *app) inTime(work func() error) error {
	over := make(chan error, 1)
	go func() { over <- work() }()
	select {
	case err := <-over:
		return err
	case <-a.ctx.Done():
	}
	timer := time.NewTimer(endsWithin)
	defer timer.Stop()
	select {
	case err := <-over:
		return err
	case <-timer.C:
		return errHeldUp
	}
}

// sayHeldUp tells a person so, unless that is held up, too.
func (a *app) sayHeldUp() {
	said := make(chan struct{})
	go func() {
		defer close(said)
		a.complain("error", "%v", errHeldUp)
	}()
	select {
	case <-said:
	case <-time.After(300 * time.Millisecond):
	}
}
