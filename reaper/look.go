package reaper

import (
	"context"
	"fmt"
	"time"
)

// look reads one container and its volumes afresh, and asks the rule and its
// holds again: the last word before a destroy. The interlock, if any, is one
// that came on since the pass.
func (w *Worker) look(ctx context.Context, handle string, pass Report, question Question) (Finding, *Interlock, error) {
	container, err := w.inventory.Look(ctx, handle)
	if err != nil {
		return Finding{}, nil, fmt.Errorf("look at %s again: %w", handle, err)
	}
	finding, now, interlock := w.judgeAfresh(ctx, container, pass, question)
	if interlock != nil || finding.Verdict != Orphan {
		return finding, interlock, nil
	}

	said := w.hearBaggageclaim(ctx, []Finding{finding}, now, question)
	for _, interlock := range said.interlocks {
		if !question.overrides(interlock.Name) {
			return finding, &interlock, nil
		}
	}
	at := w.circumstances(finding, question, said.heard())
	at.Usage, at.UsageAsked = w.usage(ctx, []string{handle})[handle], true

	// Asking took its time, in which a volume may have come back.
	finding, now, interlock = w.judgeAfresh(ctx, container, pass, question)
	if interlock != nil {
		return finding, interlock, nil
	}
	return Weigh(finding.Container, finding.Judgement, now, question.Policy, at), nil, nil
}

// judgeAfresh judges a container by its volumes as they are on disk at this
// moment.
func (w *Worker) judgeAfresh(ctx context.Context, container Container, pass Report, question Question) (Finding, time.Time, *Interlock) {
	now := w.Clock.Now()
	finding := Finding{Container: container}
	fresh, err := w.Volumes.Fresh(ctx)
	if err != nil {
		return finding, now, &Interlock{Name: VolumesDirUnusable, Detail: err.Error()}
	}
	if fresh.Identity() != pass.identity {
		return finding, now, &Interlock{
			Name:   VolumesDirChanged,
			Detail: "live is another directory than a moment ago: was it unmounted?",
		}
	}
	finding.Judgement = Judge(container, fresh.Volume, now, question.Policy)
	return finding, now, unreadableVolume([]Finding{finding})
}
