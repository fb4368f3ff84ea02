package reaper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"code.cloudfoundry.org/lager/v3"
)

// Reaper destroys what a pass found eligible.
type Reaper struct {
	Worker *Worker
	// Recorder keeps account. When it fails the log tells each destroy.
	Recorder Recorder
	Logger   lager.Logger
	// Progress is told of each container done with. Nil: nobody is.
	Progress func(done, of int)
}

// Outcome is how a reap ended. Every handle that a pass judged an orphan is in
// exactly one of its lists.
type Outcome struct {
	// Destroyed through Garden.
	Destroyed []string
	// Gone before weeder came to destroy them.
	Gone []string
	// InProgress are being destroyed by Garden for somebody else.
	InProgress []string
	Failed     []Failure
	// Held are the orphans that something kept.
	Held []Finding
	// Interlocks that were on in the pass, or came on while destroying.
	Interlocks []Interlock
}

// Failure is a destroy that went wrong. The container may be destroyed
// all the same by a Garden that goes on.
type Failure struct {
	Handle string
	Err    error
}

// Plan splits a pass's orphans into those to destroy now and those held:
// limited to the named handles, where there are any, and to the policy's
// MaxPerPass, the longest orphaned first.
func Plan(report Report, question Question) (due, held []Finding) {
	for _, finding := range report.Findings {
		named := len(question.Named) == 0 || slices.Contains(question.Named, finding.Container.Handle)
		switch {
		case finding.Verdict != Orphan || !named:
		case finding.Eligible():
			due = append(due, finding)
		default:
			held = append(held, finding)
		}
	}

	slices.SortStableFunc(due, func(a, b Finding) int { return a.Since.Compare(b.Since) })
	if limit := question.Policy.MaxPerPass; limit > 0 && len(due) > limit {
		for _, finding := range due[limit:] {
			finding.Holds = append(finding.Holds, Hold{
				By:     HeldByCap,
				Detail: fmt.Sprintf("--max-per-pass %d is reached", limit),
			})
			held = append(held, finding)
		}
		due = due[:limit]
	}
	return due, held
}

// Reap destroys the containers that are due by the plan of a pass, each after
// a fresh look. No failure holds up another destroy; an interlock that comes
// on stops those that have not begun. Cancelling the context stops likewise.
func (r *Reaper) Reap(ctx context.Context, report Report, question Question) Outcome {
	due, held := Plan(report, question)
	run := &run{
		Reaper: r, report: report, question: question, of: len(due),
		outcome: Outcome{Held: held, Interlocks: slices.Clone(report.Interlocks)},
	}

	queue := make(chan Finding)
	var workers sync.WaitGroup
	for range min(max(question.Policy.MaxInFlight, 1), len(due)) {
		workers.Go(func() {
			for finding := range queue {
				run.one(ctx, finding)
			}
		})
	}
	for _, finding := range due {
		queue <- finding
	}
	close(queue)
	workers.Wait()

	run.outcome.sort()
	return run.outcome
}

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

func (r *run) one(ctx context.Context, finding Finding) {
	handle := finding.Container.Handle
	settle := func(change func(*Outcome)) {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		change(&r.outcome)
		r.done++
		if r.Progress != nil {
			r.Progress(r.done, r.of)
		}
	}
	fail := func(err error) {
		settle(func(o *Outcome) { o.Failed = append(o.Failed, Failure{Handle: handle, Err: err}) })
	}
	hold := func(kept Finding) {
		settle(func(o *Outcome) { o.Held = append(o.Held, kept) })
	}

	if interlock := r.interlock(); interlock != nil {
		finding.Holds = []Hold{{By: HeldByInterlock, Detail: string(interlock.Name)}}
		hold(finding)
		return
	}
	if ctx.Err() != nil {
		fail(errInterrupted)
		return
	}

	fresh, interlock, err := r.Worker.look(ctx, handle, r.report, r.question)
	switch {
	case err != nil:
		fail(err)
		return
	case interlock != nil:
		r.lock(*interlock)
		finding.Holds = []Hold{{By: HeldByInterlock, Detail: string(interlock.Name)}}
		hold(finding)
		return
	case !fresh.Eligible():
		if gone, err := r.Worker.inventory.Gone(ctx, handle); err == nil && gone {
			settle(func(o *Outcome) { o.Gone = append(o.Gone, handle) })
			return
		}
		r.Logger.Info("kept-container", lager.Data{"handle": handle, "verdict": fresh.Verdict, "held-by": fresh.HeldBy()})
		hold(fresh)
		return
	}

	if ctx.Err() != nil {
		fail(errInterrupted)
		return
	}
	err = r.destroy(ctx, fresh)
	switch {
	case err == nil:
		settle(func(o *Outcome) { o.Destroyed = append(o.Destroyed, handle) })
	case errors.Is(err, ErrGone):
		settle(func(o *Outcome) { o.Gone = append(o.Gone, handle) })
	case errors.Is(err, ErrInProgress):
		settle(func(o *Outcome) { o.InProgress = append(o.InProgress, handle) })
	default:
		fail(err)
	}
}

// destroy asks Garden, with the journal told before and after.
func (r *run) destroy(ctx context.Context, finding Finding) error {
	ctx, cancel := context.WithTimeout(ctx, r.question.Policy.DestroyTimeout)
	defer cancel()

	handle := finding.Container.Handle
	r.record(EventDestroying, finding, nil)
	err := r.Worker.Garden.Destroy(ctx, handle)
	if err == nil || errors.Is(err, ErrGone) {
		r.record(EventDestroyed, finding, nil)
		r.Logger.Info("destroyed-container", lager.Data{"handle": handle, "reasons": codes(finding.Reasons)})
		return err
	}
	if errors.Is(err, ErrInProgress) {
		r.Logger.Info("container-is-being-destroyed", lager.Data{"handle": handle})
		return err
	}
	r.record(EventDestroyFailed, finding, err)
	r.Logger.Error("failed-to-destroy-container", err, lager.Data{"handle": handle})
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

func (o *Outcome) sort() {
	slices.Sort(o.Destroyed)
	slices.Sort(o.Gone)
	slices.Sort(o.InProgress)
	slices.SortFunc(o.Failed, func(a, b Failure) int { return strings.Compare(a.Handle, b.Handle) })
	slices.SortFunc(o.Held, func(a, b Finding) int {
		return strings.Compare(a.Container.Handle, b.Container.Handle)
	})
}

func codes(reasons []Reason) []string {
	codes := make([]string, len(reasons))
	for i, reason := range reasons {
		codes[i] = string(reason.Code) + " " + strings.TrimSpace(reason.Volume)
	}
	return codes
}

// Sane tells whether a destroying policy makes sense, and what to change.
func (p Policy) Sane() error {
	switch {
	case p.ZeroTTLExpires:
		return errors.New("a ttl of 0 means never: it can't be an ingredient of a destroy")
	case p.MaxInFlight < 1:
		return errors.New("--max-in-flight: give at least 1")
	case p.MaxPerPass < 0:
		return errors.New("--max-per-pass: give 0 for no bound, or a number above")
	case p.DestroyTimeout < time.Second:
		return errors.New("--destroy-timeout: give at least 1s")
	case p.Grace < 0 || p.BusyGrace < 0:
		return errors.New("--grace, --busy-grace: give no negative duration")
	}
	return nil
}
