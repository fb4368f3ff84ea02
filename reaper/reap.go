package reaper

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

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

// Outcome is how a reap ended. Every orphan of the pass, or every named one
// where handles were named, is in exactly one of its lists.
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
// MaxPerPass: those first that failed least, and of these the longest orphaned.
// So one that fails again and again never takes another's place.
func Plan(report Report, question Question) (due, held []Finding) {
	for _, finding := range report.Findings {
		switch {
		case finding.Verdict != Orphan || !question.isFor(finding) || finding.Destroying:
		case finding.Eligible():
			due = append(due, finding)
		default:
			held = append(held, finding)
		}
	}

	slices.SortStableFunc(due, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Failures, b.Failures), a.Since.Compare(b.Since))
	})
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
		outcome: Outcome{Held: held, InProgress: UnderWay(report, question), Interlocks: slices.Clone(report.Interlocks)},
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

// UnderWay are the orphans, of the named ones where handles were named, that a
// daemon is destroying.
func UnderWay(report Report, question Question) []string {
	var handles []string
	for _, finding := range report.Findings {
		if finding.Verdict == Orphan && finding.Destroying && question.isFor(finding) {
			handles = append(handles, finding.Container.Handle)
		}
	}
	return handles
}

// isFor tells that a container is among those that are to be destroyed, if only
// some are.
func (q Question) isFor(finding Finding) bool {
	return len(q.Named) == 0 || slices.Contains(q.Named, finding.Container.Handle)
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
