package reaper

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// maxSilent is how many questions an overridden baggageclaim may leave
	// without an answer before a pass asks it no more.
	maxSilent = 3
	// anyTries is how many volumes it is asked about at most, if only to hear it.
	anyTries = 5
)

// hearing is what baggageclaim said in one pass.
type hearing struct {
	// nobody tells that there is none to be heard.
	nobody bool
	// told counts the questions that it had an answer to, silent those that it had
	// none to.
	told, silent int
	// untold are the volumes that it could not tell of though it answered, and why;
	// firstUntold is why it could not of the first.
	untold      map[string]error
	firstUntold error
	interlocks  []Interlock
}

// answer sums up what baggageclaim did.
func (h hearing) answer() Answer {
	switch {
	case h.silent > 0:
		return Silent
	case h.told > 0:
		return Answered
	}
	return NotAsked
}

// heard tells that baggageclaim answered all it was asked.
func (h hearing) heard() bool {
	return h.silent == 0 && !h.nobody
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

// fallSilent notes a question that got no answer.
func (h *hearing) fallSilent(why error) {
	h.silent++
	h.lock(BaggageclaimUnreachable, fmt.Sprintf("%v: start it, or set --baggageclaim ('' to do without)", why))
}

// orUntold is what the disk says of volumes, but for those that baggageclaim
// could not tell of: these are not known.
func (h hearing) orUntold(disk func(string) Volume) func(string) Volume {
	if len(h.untold) == 0 {
		return disk
	}
	return func(handle string) Volume {
		if err, untold := h.untold[handle]; untold {
			return Volume{Handle: handle, State: VolumeUnknown, Err: err}
		}
		return disk(handle)
	}
}

// hearBaggageclaim asks the second witness about the orphans' volumes that the
// disk lacks. A volume that baggageclaim knows makes no orphan, nor does one that
// it can't tell of: findings are judged anew. Who can tell of none, not of those
// of other containers either, is as good as away: perhaps nobody can prolong a
// volume's life then.
func (w *Worker) hearBaggageclaim(ctx context.Context, findings, others []Finding, now time.Time, question Question) hearing {
	said := hearing{nobody: w.Baggageclaim == nil}
	if said.nobody {
		return said
	}
	for i := range findings {
		if findings[i].Verdict == Orphan && !said.over(question) {
			w.hearAbout(ctx, &findings[i], now, question, &said)
		}
	}
	if said.silent == 0 && said.told == 0 && (w.memory != nil || len(said.untold) > 0) {
		w.askAny(ctx, others, question, &said)
	}
	if said.told == 0 && len(said.untold) > 0 {
		said.fallSilent(said.firstUntold)
		said.untold = nil
	}
	for i := range findings {
		if findings[i].Verdict == Orphan && len(said.untold) > 0 {
			findings[i].judgeAnew(said.orUntold(findings[i].volume), now, question)
		}
	}
	return said
}

// ask asks baggageclaim about one volume.
func (w *Worker) ask(ctx context.Context, volume string, question Question, said *hearing) (bool, error) {
	knows, err := w.Baggageclaim.Knows(ctx, volume)
	switch {
	// A person who knows better does so about this volume, too.
	case errors.Is(err, ErrVolumeUntold) && !question.overrides(BaggageclaimUnreachable):
		if said.untold == nil {
			said.untold, said.firstUntold = map[string]error{}, err
		}
		said.untold[volume] = err
	case err != nil:
		said.fallSilent(err)
	default:
		said.told++
	}
	return knows, err
}

// askAny asks baggageclaim about some volume that a container refers to, if
// only to hear it: about another where it can't tell of the first.
func (w *Worker) askAny(ctx context.Context, findings []Finding, question Question, said *hearing) {
	tries := 0
	for _, finding := range findings {
		for _, volume := range finding.Volumes {
			_, again := said.untold[volume.Handle]
			if volume.State != VolumeLive || again {
				continue
			}
			_, err := w.ask(ctx, volume.Handle, question, said)
			if tries++; !errors.Is(err, ErrVolumeUntold) || tries == anyTries {
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
		knows, err := w.ask(ctx, reason.Volume, question, said)
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
	finding.judgeAnew(func(handle string) Volume { return volumes[handle] }, now, question)
	if interlock := unreadableVolume([]Finding{*finding}); interlock != nil {
		said.interlocks = append(said.interlocks, *interlock)
	}
}

// judgeAnew judges the container once more, by what else is known of its volumes.
func (f *Finding) judgeAnew(volume func(string) Volume, now time.Time, question Question) {
	f.Judgement = Judge(f.Container, volume, now, question.Policy)
}

// volume is a volume of the container as it was judged by.
func (f *Finding) volume(handle string) Volume {
	for _, volume := range f.Volumes {
		if volume.Handle == handle {
			return volume.Volume
		}
	}
	return Volume{Handle: handle, State: VolumeUnknown, Err: errors.New("nobody looked")}
}

// dispute says how baggageclaim and the disk contradict each other.
func dispute(volume Volume) string {
	if volume.gone() {
		return fmt.Sprintf("baggageclaim knows volume %s, the disk lacks it: is --volumes its directory?", volume.Handle)
	}
	return fmt.Sprintf("baggageclaim does not know volume %s, the disk has it: is --baggageclaim this worker's?", volume.Handle)
}
