package reaper

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"code.cloudfoundry.org/lager/v3"
)

// How an attempt can end beside nil, which is a destroyed container, ErrGone,
// ErrInProgress and a failed destroy.
var (
	// errKept says that the container was not eligible on the second look.
	errKept = errors.New("kept on a second look")
	// errVanished says that it was gone then.
	errVanished = fmt.Errorf("%w: on a second look", ErrGone)
	// errStopped says that nothing is to be destroyed any more.
	errStopped = errors.New("stopped before it was tried")
	// errWouldDestroy says that a dry run ended where the destroy would begin.
	errWouldDestroy = errors.New("would be destroyed")
	// errLeft says that the destroy was called off while Garden was at it.
	errLeft = errors.New("left to Garden")
)

// What the log says of how a destroy ended, whoever tells of it.
const (
	logDestroyed     = "destroyed-container"
	logDestroyFailed = "failed-to-destroy-container"
)

// maxLook is how old what a second look found first may be when the destroy
// begins. Where weeder was stopped in the middle, the container can be another one
// of the same handle by then.
const maxLook = 2 * time.Minute

// lookError says why a container could not be looked at again.
type lookError struct{ error }

func (e lookError) Unwrap() error { return e.error }

// attempt looks at a container afresh and, if it is still eligible, has it
// destroyed. The first context ends the looking, the second the destroy. goOn
// is asked in between, and told of an interlock that came on. The Finding is
// that of the fresh look.
func (r *Reaper) attempt(looking, destroying context.Context, handle string, report Report, question Question,
	goOn func(*Interlock) bool) (Finding, error) {
	began := r.Worker.elapsed()
	fresh, interlock, err := r.Worker.look(looking, handle, report, question)
	proceed := goOn(interlock)
	switch {
	case err != nil:
		return fresh, lookError{err}
	case !proceed || looking.Err() != nil:
		return fresh, errStopped
	case !fresh.Eligible():
		if gone, err := r.Worker.inventory.Gone(looking, handle); err == nil && gone {
			return fresh, errVanished
		}
		r.Logger.Info("kept-container", lager.Data{"handle": handle, "verdict": fresh.Verdict, "held-by": fresh.HeldBy()})
		return fresh, errKept
	case r.Worker.elapsed()-began > maxLook:
		return fresh, lookError{fmt.Errorf("look at %s again: that took %s, too long for what was found to hold",
			handle, (r.Worker.elapsed() - began).Round(time.Second))}
	case question.DryRun:
		r.record(EventWouldDestroy, fresh, nil)
		r.Logger.Info("would-destroy-container", lager.Data{"handle": handle, "reasons": codes(fresh.Reasons)})
		return fresh, errWouldDestroy
	}
	return fresh, r.destroy(destroying, fresh, question)
}

// destroy asks Garden, with the journal told before and after. Of a destroy
// that was called off nobody knows how it ended, since Garden goes on with it:
// the journal is left at that it was begun.
func (r *Reaper) destroy(ctx context.Context, finding Finding, question Question) error {
	within, cancel := context.WithTimeout(ctx, question.Policy.DestroyTimeout)
	defer cancel()

	handle := finding.Container.Handle
	r.record(EventDestroying, finding, nil)
	err := r.Worker.Garden.Destroy(within, handle)
	switch {
	case err == nil || errors.Is(err, ErrGone):
		r.record(EventDestroyed, finding, nil)
		r.Logger.Info(logDestroyed, lager.Data{"handle": handle, "reasons": codes(finding.Reasons)})
	case errors.Is(err, ErrInProgress):
		r.record(EventDestroyFailed, finding, err)
		r.Logger.Info("container-is-being-destroyed", lager.Data{"handle": handle})
	case ctx.Err() != nil:
		r.Logger.Error("left-destroy-to-garden", err, lager.Data{"handle": handle})
		return errors.Join(errLeft, err)
	default:
		r.record(EventDestroyFailed, finding, err)
		r.Logger.Error(logDestroyFailed, err, lager.Data{"handle": handle})
	}
	return err
}

func (r *Reaper) record(name EventName, finding Finding, failure error) {
	if r.Recorder == nil {
		return
	}
	event := eventOf(finding)
	event.Time, event.Name, event.Err = r.Worker.Clock.Now(), name, failure
	if name == EventDestroyFailed {
		event.Failures++
	}
	if created := finding.Container.CreatedAt; !created.IsZero() {
		event.Age = event.Time.Sub(created)
	}
	if err := r.Recorder.Record(event); err != nil {
		r.Logger.Error("failed-to-write-journal", err, lager.Data{
			"event": name, "handle": event.Handle, "reasons": codes(event.Reasons),
		})
	}
}

// eventOf is what every event tells of a container.
func eventOf(finding Finding) Event {
	return Event{
		Handle:   finding.Container.Handle,
		Reasons:  finding.Reasons,
		Purpose:  finding.Container.Purpose,
		Grace:    finding.Grace,
		Failures: finding.Failures,
	}
}

func codes(reasons []Reason) []string {
	codes := make([]string, len(reasons))
	for i, reason := range reasons {
		codes[i] = string(reason.Code) + " " + strings.TrimSpace(reason.Volume)
	}
	return codes
}
