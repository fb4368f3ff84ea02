package reaper

import (
	"context"
	"errors"
	"strings"
	"sync"

	"code.cloudfoundry.org/lager/v3"
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
	if r.stopped(ctx, finding) {
		return
	}

	handle := finding.Container.Handle
	fresh, interlock, err := r.Worker.look(ctx, handle, r.report, r.question)
	if interlock != nil {
		r.lock(*interlock)
	}
	switch {
	case err != nil:
		r.fail(handle, err)
		return
	case r.stopped(ctx, finding):
		return
	case !fresh.Eligible():
		r.keep(ctx, fresh)
		return
	}

	err = r.destroy(ctx, fresh)
	switch {
	case err == nil:
		r.settle(func(o *Outcome) { o.Destroyed = append(o.Destroyed, handle) })
	case errors.Is(err, ErrGone):
		r.settle(func(o *Outcome) { o.Gone = append(o.Gone, handle) })
	case errors.Is(err, ErrInProgress):
		r.settle(func(o *Outcome) { o.InProgress = append(o.InProgress, handle) })
	default:
		r.fail(handle, err)
	}
}

// stopped settles a container that is left because an interlock came on, be
// it for another one, or because the run is called off.
func (r *run) stopped(ctx context.Context, finding Finding) bool {
	if interlock := r.interlock(); interlock != nil {
		finding.Holds = []Hold{{By: HeldByInterlock, Detail: string(interlock.Name)}}
		r.settle(func(o *Outcome) { o.Held = append(o.Held, finding) })
		return true
	}
	if ctx.Err() != nil {
		r.fail(finding.Container.Handle, errInterrupted)
		return true
	}
	return false
}

// keep settles a container that a second look does not find due any more.
func (r *run) keep(ctx context.Context, fresh Finding) {
	handle := fresh.Container.Handle
	if gone, err := r.Worker.inventory.Gone(ctx, handle); err == nil && gone {
		r.settle(func(o *Outcome) { o.Gone = append(o.Gone, handle) })
		return
	}
	r.Logger.Info("kept-container", lager.Data{"handle": handle, "verdict": fresh.Verdict, "held-by": fresh.HeldBy()})
	r.settle(func(o *Outcome) { o.Held = append(o.Held, fresh) })
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

// destroy asks Garden, with the journal told before and after. Of a destroy
// that was called off nobody knows how it ended, since Garden goes on with it:
// the journal is left at that it was begun.
func (r *run) destroy(ctx context.Context, finding Finding) error {
	within, cancel := context.WithTimeout(ctx, r.question.Policy.DestroyTimeout)
	defer cancel()

	handle := finding.Container.Handle
	r.record(EventDestroying, finding, nil)
	err := r.Worker.Garden.Destroy(within, handle)
	switch {
	case err == nil || errors.Is(err, ErrGone):
		r.record(EventDestroyed, finding, nil)
		r.Logger.Info("destroyed-container", lager.Data{"handle": handle, "reasons": codes(finding.Reasons)})
	case errors.Is(err, ErrInProgress):
		r.Logger.Info("container-is-being-destroyed", lager.Data{"handle": handle})
	case ctx.Err() != nil:
		r.Logger.Error("left-destroy-to-garden", err, lager.Data{"handle": handle})
	default:
		r.record(EventDestroyFailed, finding, err)
		r.Logger.Error("failed-to-destroy-container", err, lager.Data{"handle": handle})
	}
	return err
}

func (r *run) record(name EventName, finding Finding, failure error) {
	event := Event{
		Time:    r.Worker.Clock.Now(),
		Name:    name,
		Handle:  finding.Container.Handle,
		Reasons: finding.Reasons,
		Grace:   max(r.question.Policy.Grace, finding.Container.GraceTime),
		Err:     failure,
	}
	if created := finding.Container.CreatedAt; !created.IsZero() {
		event.Age = event.Time.Sub(created)
	}
	if r.Recorder == nil {
		return
	}
	if err := r.Recorder.Record(event); err != nil {
		r.Logger.Error("failed-to-write-journal", err, lager.Data{
			"event": name, "handle": event.Handle, "reasons": codes(event.Reasons),
		})
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

func codes(reasons []Reason) []string {
	codes := make([]string, len(reasons))
	for i, reason := range reasons {
		codes[i] = string(reason.Code) + " " + strings.TrimSpace(reason.Volume)
	}
	return codes
}
