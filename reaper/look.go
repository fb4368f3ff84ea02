package reaper

import (
	"context"
	"fmt"
	"slices"
)

// look reads one container and its volumes afresh, and asks the rule and its
// holds again: the last word before a destroy. The interlock, if any, is one
// that came on since the pass.
func (w *Worker) look(ctx context.Context, handle string, pass Report, question Question) (Finding, *Interlock, error) {
	container, err := w.inventory.Look(ctx, handle)
	if err != nil {
		return Finding{}, nil, fmt.Errorf("look at %s again: %w", handle, err)
	}
	if container.Silent {
		return Finding{}, nil, fmt.Errorf("look at %s again: %s", handle, silence([]Container{container}))
	}
	finding, now, interlock := w.judgeAfresh(ctx, container, pass, question, hearing{})
	if interlock != nil || finding.Verdict != Orphan {
		return finding, interlock, nil
	}

	said := w.hearBaggageclaim(ctx, []Finding{finding}, pass.Findings, now.wall, question)
	for _, interlock := range said.interlocks {
		if !question.overrides(interlock.Name) {
			return finding, &interlock, nil
		}
	}
	usage, _ := w.usage(ctx, []string{handle})

	// Asking took its time, in which a volume may have come back.
	last, now, interlock := w.judgeAfresh(ctx, container, pass, question, said)
	if interlock != nil {
		return last, interlock, nil
	}
	at := w.circumstances(last, now, question, said.heard())
	// What is under way is the attempt that looks.
	at.Destroying = false
	at.Usage, at.UsageAsked = usage[handle], true
	weighed := Weigh(last.Container, last.Judgement, now.wall, question.Policy, at)
	if weighed.Verdict == Orphan && !accusesNoMore(last, finding) {
		weighed.Holds = append(weighed.Holds, Hold{By: HeldByConfirm, Detail: "another volume went while it was looked at"})
	}
	return weighed, nil, nil
}

// accusesNoMore tells that each volume that speaks against a container in its
// last look did so before baggageclaim was asked.
func accusesNoMore(last, heard Finding) bool {
	for _, reason := range last.Reasons {
		same := func(r Reason) bool { return r.Volume == reason.Volume }
		if !slices.ContainsFunc(heard.Reasons, same) {
			return false
		}
	}
	return true
}

// judgeAfresh judges a container by its volumes as they are on disk at this
// moment, but for those that baggageclaim could not tell of.
func (w *Worker) judgeAfresh(ctx context.Context, container Container, pass Report, question Question, said hearing) (Finding, moment, *Interlock) {
	fresh, err := w.Volumes.Fresh(ctx)
	// The disk may have taken its time.
	now := moment{wall: w.Clock.Now(), elapsed: w.elapsed()}
	finding := Finding{Container: container}
	if w.memory != nil {
		if interlock := w.memory.clockStepped(now); interlock != nil {
			return finding, now, interlock
		}
	}
	if err != nil {
		return finding, now, &Interlock{Name: VolumesDirUnusable, Detail: err.Error()}
	}
	if fresh.Identity() != pass.identity {
		return finding, now, &Interlock{
			Name:   VolumesDirChanged,
			Detail: "live is another directory than a moment ago: was it unmounted?",
		}
	}
	finding.Judgement = Judge(container, said.orUntold(fresh.Volume), now.wall, question.Policy)
	return finding, now, unreadableVolume([]Finding{finding})
}
