package reaper

import (
	"context"
	"fmt"
	"time"
)

// noVolumeFound tells a wrong or unmounted volumes directory by its emptiness:
// live/ holds nothing though a container refers to a volume, or not one volume
// of three or more containers is there. baggageclaim can lift it by listing a
// live volume that lies in the very directory, unless a container refers to
// another. That a hidden container's volumes are there does not count: the depot
// that shows it may be another worker's than the Garden that does not.
func (w *Worker) noVolumeFound(ctx context.Context, findings []Finding, snapshot Snapshot) *Interlock {
	referring, there, elsewhere := 0, false, false
	for _, finding := range findings {
		other := wrongDirectory(finding.Container.Doubts)
		elsewhere = elsewhere || other
		if other || len(finding.Volumes) > 0 {
			referring++
		}
		for _, volume := range finding.Volumes {
			switch volume.State {
			case VolumeLive, VolumeInit, VolumeDead:
				there = there || !finding.Container.Hidden
			}
		}
	}

	var detail string
	switch {
	case referring > 0 && snapshot.Empty():
		detail = fmt.Sprintf("live is empty, and %d containers refer to volumes", referring)
	case referring >= 3 && !there:
		detail = fmt.Sprintf("%d containers refer to volumes, and not one of these is there", referring)
	default:
		return nil
	}

	if w.Baggageclaim != nil && !elsewhere {
		// An error means no word from baggageclaim: then the interlock stays.
		paths, err := w.Baggageclaim.LivePaths(ctx)
		if err == nil {
			for _, path := range paths {
				if snapshot.Holds(path) {
					return nil
				}
			}
		}
	}
	return &Interlock{
		Name: NoVolumeFound,
		Detail: detail + ": is it the right directory, and mounted? Set --volumes, or, if you know better, " +
			"reap --override " + string(NoVolumeFound),
	}
}

// maxSilent is how many questions an overridden baggageclaim may leave
// without an answer before a pass asks it no more.
const maxSilent = 3

// hearing is what baggageclaim said in one pass.
type hearing struct {
	// asked counts the questions, silent those without an answer.
	asked, silent int
	interlocks    []Interlock
}

// answer sums up what baggageclaim did.
func (h hearing) answer() Answer {
	switch {
	case h.asked == 0:
		return NotAsked
	case h.silent > 0:
		return Silent
	}
	return Answered
}

// heard tells that baggageclaim answered all it was asked.
func (h hearing) heard() bool {
	return h.silent == 0
}

// over tells that asking on is of no use. Its silence stops every destroy,
// unless a person overrides that: then it may still speak against one. If it
// hangs, each question takes its timeout.
func (h hearing) over(question Question) bool {
	return h.silent > 0 && (!question.overrides(BaggageclaimUnreachable) || h.silent >= maxSilent)
}

func (h *hearing) lock(name InterlockName, detail string) {
	h.interlocks = append(h.interlocks, Interlock{Name: name, Detail: detail})
}

// hearBaggageclaim asks the second witness about the orphans' volumes that
// the disk lacks. A volume that baggageclaim knows makes no orphan: findings
// are judged anew.
func (w *Worker) hearBaggageclaim(ctx context.Context, findings []Finding, now time.Time, question Question) hearing {
	var said hearing
	if w.Baggageclaim == nil {
		said.silent = 1
		return said
	}
	for i := range findings {
		if findings[i].Verdict == Orphan && !said.over(question) {
			w.hearAbout(ctx, &findings[i], now, question, &said)
		}
	}
	if said.asked == 0 && w.memory != nil {
		w.askAny(ctx, findings, &said)
	}
	return said
}

// ask asks baggageclaim about one volume.
func (w *Worker) ask(ctx context.Context, volume string, said *hearing) (bool, error) {
	said.asked++
	knows, err := w.Baggageclaim.Knows(ctx, volume)
	if err != nil {
		said.silent++
		said.lock(BaggageclaimUnreachable, fmt.Sprintf(
			"%v: start it, set --baggageclaim ('' to do without), or, if you know better, reap --override %s",
			err, BaggageclaimUnreachable))
	}
	return knows, err
}

// askAny asks baggageclaim about some volume that a container refers to, if
// only to hear it.
func (w *Worker) askAny(ctx context.Context, findings []Finding, said *hearing) {
	for _, finding := range findings {
		for _, volume := range finding.Volumes {
			if volume.State == VolumeLive {
				_, _ = w.ask(ctx, volume.Handle, said)
				return
			}
		}
	}
}

// hearAbout asks baggageclaim about one orphan's volumes.
func (w *Worker) hearAbout(ctx context.Context, finding *Finding, now time.Time, question Question, said *hearing) {
	disputed := map[string]bool{}
	for _, reason := range finding.Reasons {
		if said.over(question) {
			break
		}
		knows, err := w.ask(ctx, reason.Volume, said)
		// What the disk lacks it should not know, and what has but expired it
		// should.
		if err == nil && knows != (reason.Code == VolumeExpired) {
			disputed[reason.Volume] = true
		}
	}
	if len(disputed) == 0 {
		return
	}

	// The disk is asked again: the volume may have come since it was read.
	fresh, err := w.Volumes.Fresh(ctx)
	if err != nil {
		said.lock(VolumesDirUnusable, err.Error())
		return
	}
	volumes := map[string]Volume{}
	for _, volume := range finding.Volumes {
		volumes[volume.Handle] = volume.Volume
		if !disputed[volume.Handle] {
			continue
		}
		again := fresh.Volume(volume.Handle)
		if again.gone() == volume.gone() {
			said.lock(WitnessesDisagreeInterlock, dispute(volume.Volume))
			again = Volume{Handle: volume.Handle, State: VolumeUnknown, Err: errDisputed}
		}
		volumes[volume.Handle] = again
	}
	finding.Judgement = Judge(finding.Container, func(handle string) Volume { return volumes[handle] }, now, question.Policy)
	if interlock := unreadableVolume([]Finding{*finding}); interlock != nil {
		said.interlocks = append(said.interlocks, *interlock)
	}
}

// dispute says how baggageclaim and the disk contradict each other.
func dispute(volume Volume) string {
	if volume.gone() {
		return fmt.Sprintf("baggageclaim knows volume %s, the disk lacks it: is --volumes its directory?", volume.Handle)
	}
	return fmt.Sprintf("baggageclaim does not know volume %s, the disk has it: is --baggageclaim this worker's?", volume.Handle)
}
