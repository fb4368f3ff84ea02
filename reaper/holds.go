package reaper

import (
	"fmt"
	"time"
)

// Circumstances are what decides about an orphan beside the rule.
type Circumstances struct {
	// FirstSeen is when an earlier pass flagged it first. Zero: none did.
	FirstSeen time.Time
	// Usage of the container; its zero value: not known.
	Usage Usage
	// UsageAsked tells that Garden was asked for Usage.
	UsageAsked bool
	// UsageFailed tells that it should have known, and gave no answer.
	UsageFailed bool
	// Named tells that a person gave its handle.
	Named bool
	// BaggageclaimAnswers tells that baggageclaim's API answered in this pass.
	BaggageclaimAnswers bool
}

// Weigh says since when a judged container is an orphan and what holds it.
// It is as pure as Judge. With Circumstances.UsageAsked unset it leaves out
// what only the usage can tell (HeldByBusy, and HeldByAge where the sources
// do not tell the age): an orphan without a hold then has to be weighed again
// with it.
func Weigh(container Container, judgement Judgement, now time.Time, policy Policy, at Circumstances) Finding {
	finding := Finding{Container: container, Judgement: judgement}
	if judgement.Verdict != Orphan {
		return finding
	}
	if container.CreatedAt.IsZero() && at.Usage.Age > 0 {
		finding.Container.CreatedAt = now.Add(-at.Usage.Age)
	}
	finding.Processes = at.Usage.Processes
	finding.Since = orphanSince(finding, at.FirstSeen)

	hold := func(by HoldName, until time.Time, format string, args ...any) {
		finding.Holds = append(finding.Holds, Hold{By: by, Until: until, Detail: fmt.Sprintf(format, args...)})
	}

	for _, protection := range policy.Protect {
		if protection.covers(container) {
			hold(HeldByProtected, time.Time{}, "--protect %s matches it", protection)
			break
		}
	}
	if judgement.byExpiryAlone() && !at.BaggageclaimAnswers {
		hold(HeldByExpiryWait, time.Time{}, "only expiry speaks against it, and baggageclaim was not heard")
	}

	grace := max(policy.Grace, container.GraceTime)
	if container.GraceUnknown {
		grace = max(grace, policy.BusyGrace)
	}
	if finding.Since.IsZero() {
		if at.UsageAsked {
			hold(HeldByAge, time.Time{}, "nothing tells how old it is")
		}
	} else if due := finding.Since.Add(grace); now.Before(due) {
		hold(HeldByGrace, due, "its grace of %s counts from %s", grace, finding.Since.UTC().Format(time.RFC3339))
	}

	if at.UsageAsked {
		holdBusy(&finding, now, max(policy.BusyGrace, grace), at, hold)
	}
	return finding
}

func holdBusy(finding *Finding, now time.Time, grace time.Duration, at Circumstances,
	hold func(HoldName, time.Time, string, ...any)) {
	var why string
	switch {
	case at.Usage.Idle, at.Usage.Processes == 1:
		return
	case at.Usage.Processes > 1 && !finding.rootGone():
		if !at.Named {
			hold(HeldByBusy, time.Time{}, "%d processes run in it", at.Usage.Processes)
		}
		return
	case at.Usage.Processes > 1:
		why = fmt.Sprintf("%d processes run in it though its root volume is gone", at.Usage.Processes)
	case at.UsageFailed:
		why = "its processes could not be asked for"
	case finding.rootGone() || finding.allGone():
		return
	default:
		why = "its processes can't be told"
	}

	if due := finding.Since.Add(grace); finding.Since.IsZero() || now.Before(due) {
		if finding.Since.IsZero() {
			due = time.Time{}
		}
		hold(HeldByBusy, due, "%s: waits %s", why, grace)
	}
}

// orphanSince is when the container became an orphan: its first sighting, or
// its creation where there was none; for an expired volume no earlier than
// its expiry. A container is never an orphan from before its creation: a
// sighting from before that was of another one with the same handle.
func orphanSince(finding Finding, firstSeen time.Time) time.Time {
	start := finding.Container.CreatedAt
	if firstSeen.After(start) {
		start = firstSeen
	}
	if start.IsZero() || !finding.byExpiryAlone() {
		return start
	}

	var expiry time.Time
	for _, volume := range finding.Volumes {
		if volume.expiryAccused(finding.Reasons) && (expiry.IsZero() || volume.ExpiresAt.Before(expiry)) {
			expiry = volume.ExpiresAt
		}
	}
	if expiry.After(start) {
		return expiry
	}
	return start
}

func (v ReferencedVolume) expiryAccused(reasons []Reason) bool {
	for _, reason := range reasons {
		if reason.Code == VolumeExpired && reason.Volume == v.Handle {
			return true
		}
	}
	return false
}
