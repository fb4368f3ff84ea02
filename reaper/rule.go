package reaper

import (
	"fmt"
	"time"
)

// Judge is the rule: a pure function of a container, its volumes, the time
// and the policy. volume answers for a handle with the same value each time.
func Judge(container Container, volume func(handle string) Volume, now time.Time, policy Policy) Judgement {
	if !SafeHandle(container.Handle) {
		return Judgement{Verdict: Unknown, Reasons: []Reason{{
			Code:   HandleUnsafe,
			Detail: fmt.Sprintf("handle %q can't be sent to Garden as it is", container.Handle),
		}}}
	}

	judgement := Judgement{Volumes: referencedVolumes(container.References, volume)}

	var accusations []Reason
	doubts := container.Doubts[:len(container.Doubts):len(container.Doubts)]
	for _, volume := range judgement.Volumes {
		accusation, doubt := judgeVolume(volume.Volume, now, policy)
		if accusation != nil {
			accusations = append(accusations, *accusation)
		}
		if doubt != nil {
			doubts = append(doubts, *doubt)
		}
	}

	switch {
	case wrongDirectory(doubts), container.Blind:
		// What is absent from the wrong directory proves nothing, and who could
		// not be asked might have named another volume.
		judgement.Verdict, judgement.Reasons = Unknown, doubts
	case len(accusations) > 0:
		judgement.Verdict, judgement.Reasons = Orphan, accusations
	case len(doubts) > 0:
		judgement.Verdict, judgement.Reasons = Unknown, doubts
	case len(judgement.Volumes) > 0:
		judgement.Verdict = Live
	case container.SpecRead:
		judgement.Verdict = Foreign
	default:
		judgement.Verdict = Unknown
		judgement.Reasons = []Reason{{
			Code: NoSource,
			Detail: "neither its properties nor an OCI spec that weeder sees say which volumes it uses: " +
				"on Guardian set --depot, on containerd --containerd",
		}}
	}
	return judgement
}

// judgeVolume says what makes an orphan of a container that refers to the
// volume, or why that can't be told.
func judgeVolume(volume Volume, now time.Time, policy Policy) (accusation, doubt *Reason) {
	reason := func(code Code, format string, args ...any) *Reason {
		return &Reason{Code: code, Volume: volume.Handle, Detail: fmt.Sprintf(format, args...)}
	}

	switch volume.State {
	case VolumeMissing:
		return reason(VolumeIsMissing, "in none of init, live and dead"), nil
	case VolumeDead:
		return reason(VolumeIsDead, "only in dead: baggageclaim is tearing it down"), nil
	case VolumeInit:
		return nil, nil
	case VolumeLive:
		if volume.TTLErr != nil {
			return nil, reason(TTLUnreadable, "%v", volume.TTLErr)
		}
		if volume.expired(now, policy.ZeroTTLExpires) {
			return reason(VolumeExpired, "expired %s, ttl %s",
				volume.ExpiresAt.UTC().Format(time.RFC3339), volume.TTL), nil
		}
		return nil, nil
	case VolumeUnknown:
		if volume.disputed() {
			return nil, reason(WitnessesDisagree, "%v", volume.Err)
		}
		return nil, reason(VolumeUnreadable, "%v", volume.Err)
	}
	return nil, reason(VolumeUnreadable, "state %q is not known", volume.State)
}

// referencedVolumes brings the references to each volume together.
func referencedVolumes(references []Reference, volume func(string) Volume) []ReferencedVolume {
	// Most often the other sources name the same ones as the first.
	first := 0
	for first < len(references) && references[first].Source == references[0].Source {
		first++
	}
	volumes := make([]ReferencedVolume, 0, first)
	for _, reference := range references {
		at := -1
		for i := range volumes {
			if volumes[i].Handle == reference.Volume {
				at = i
			}
		}
		if at < 0 {
			at = len(volumes)
			volumes = append(volumes, ReferencedVolume{Volume: volume(reference.Volume)})
			volumes[at].Handle = reference.Volume
		}
		volumes[at].add(reference)
	}
	return volumes
}

func (v *ReferencedVolume) add(reference Reference) {
	v.Root = v.Root || reference.Root
	if v.Path == "" {
		v.Path = reference.Path
	}
	for _, source := range v.Sources {
		if source == reference.Source {
			return
		}
	}
	if v.Sources == nil {
		v.Sources = make([]Source, 0, 2)
	}
	v.Sources = append(v.Sources, reference.Source)
}

func wrongDirectory(doubts []Reason) bool {
	for _, doubt := range doubts {
		if doubt.Code == OtherVolumesDir {
			return true
		}
	}
	return false
}

// rootGone tells that the container has a root volume and none is left.
func (j Judgement) rootGone() bool {
	roots := 0
	for _, volume := range j.Volumes {
		if volume.Root {
			if !volume.gone() {
				return false
			}
			roots++
		}
	}
	return roots > 0
}

// allGone tells that no volume of the container is left.
func (j Judgement) allGone() bool {
	for _, volume := range j.Volumes {
		if !volume.gone() {
			return false
		}
	}
	return len(j.Volumes) > 0
}

// byExpiryAlone tells that nothing but expiry makes it an orphan.
func (j Judgement) byExpiryAlone() bool {
	for _, reason := range j.Reasons {
		if reason.Code != VolumeExpired {
			return false
		}
	}
	return j.Verdict == Orphan
}
