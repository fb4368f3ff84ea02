package reaper

import (
	"context"
	"errors"
	"sync"
)

// errInterrupted is why a container was left that was due.
var errInterrupted = errors.New("interrupted before it was tried")

// run is the state of one Reap, shared by those who destroy.
type run struct {
	*Reaper
	report   Report
	question Question
	of       int

	mutex   sync.Mutex
	done    int
	outcome Outcome
}

// one has a container destroyed, if it still is to be, and settles how that
// ended.
func (r *run) one(ctx context.Context, finding Finding) {
	handle := finding.Container.Handle
	if ctx.Err() != nil || r.interlock() != nil {
		r.left(finding)
		return
	}
	fresh, err := r.attempt(ctx, ctx, handle, r.report, r.question, func(interlock *Interlock) bool {
		if interlock != nil {
			r.lock(*interlock)
		}
		return r.interlock() == nil
	})

	var look lookError
	switch {
	case err == nil:
		r.settle(func(o *Outcome) { o.Destroyed = append(o.Destroyed, handle) })
	case errors.Is(err, ErrGone):
		r.settle(func(o *Outcome) { o.Gone = append(o.Gone, handle) })
	case errors.Is(err, ErrInProgress):
		r.settle(func(o *Outcome) { o.InProgress = append(o.InProgress, handle) })
	case errors.Is(err, errKept):
		r.settle(func(o *Outcome) { o.Held = append(o.Held, fresh) })
	case errors.Is(err, errStopped):
		r.left(finding)
	case errors.As(err, &look):
		r.fail(handle, look.error)
	default:
		r.fail(handle, err)
	}
}

// left settles a container that is left because an interlock came on, be it
// for another one, or because the run is called off.
func (r *run) left(finding Finding) {
	interlock := r.interlock()
	if interlock == nil {
		r.fail(finding.Container.Handle, errInterrupted)
		return
	}
	finding.Holds = []Hold{{By: HeldByInterlock, Detail: string(interlock.Name)}}
	r.settle(func(o *Outcome) { o.Held = append(o.Held, finding) })
}

func (r *run) fail(handle string, err error) {
	r.settle(func(o *Outcome) { o.Failed = append(o.Failed, Failure{Handle: handle, Err: err}) })
}

// settle notes how it ended for one container.
func (r *run) settle(note func(*Outcome)) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	note(&r.outcome)
	r.done++
	if r.Progress != nil {
		r.Progress(r.done, r.of)
	}
}

func (r *run) interlock() *Interlock {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.outcome.Interlocks) == 0 {
		return nil
	}
	return &r.outcome.Interlocks[0]
}

func (r *run) lock(interlock Interlock) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, on := range r.outcome.Interlocks {
		if on.Name == interlock.Name {
			return
		}
	}
	r.outcome.Interlocks = append(r.outcome.Interlocks, interlock)
}
