package reaper

import (
	"context"
	"fmt"
)

// look reads one container and its volumes afresh, and asks the rule and its
// holds again: the last word before a destroy. The interlock, if any, is one
// that came on since the pass.
func (w *Worker) look(ctx context.Context, handle string, pass Report, question Question) (Finding, *Interlock, error) {
	container, err := w.inventory.Look(ctx, handle)
	if err != nil {
		return Finding{}, nil, fmt.Errorf("look at %s again: %w", handle, err)
	}
	fresh, err := w.Volumes.Fresh(ctx)
	if err != nil {
		return Finding{}, &Interlock{Name: VolumesDirUnusable, Detail: err.Error()}, nil
	}
	if fresh.Identity() != pass.identity {
		return Finding{}, &Interlock{
			Name:   VolumesDirChanged,
			Detail: "live is another directory than a moment ago: was it unmounted?",
		}, nil
	}

	now := w.Clock.Now()
	finding := Finding{Container: container, Judgement: Judge(container, fresh.Volume, now, question.Policy)}
	if interlock := unreadableVolume([]Finding{finding}); interlock != nil {
		return finding, interlock, nil
	}
	if finding.Verdict != Orphan {
		return finding, nil, nil
	}
	heard := w.Baggageclaim != nil
	if heard {
		var interlock *Interlock
		heard, interlock = w.hearAbout(ctx, &finding, now, question.Policy)
		if interlock != nil && !question.overrides(interlock.Name) {
			return finding, interlock, nil
		}
	}

	at := w.circumstances(finding, question, heard)
	at.Usage, at.UsageAsked = w.usage(ctx, []string{handle})[handle], true
	return Weigh(finding.Container, finding.Judgement, now, question.Policy, at), nil, nil
}
