package reaper

import (
	"fmt"
	"time"
)

// Circumstances are what decides about an orphan beside the rule.
type Circumstances struct {
	// Remembered is what earlier passes know of it.
	Remembered
	// Usage of the container; its zero value: not known.
	Usage Usage
	// UsageAsked tells that Garden was asked for Usage.
	UsageAsked bool
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
	finding.Failures, finding.LastError = at.Failures, at.LastError
	finding.Destroying = at.Destroying
	finding.Since = orphanSince(finding, at.Remembered, now)

	hold := func(by HoldName, until time.Time, format string, args ...any) {
		finding.Holds = append(finding.Holds, Hold{By: by, Until: until, Detail: fmt.Sprintf(format, args...)})
	}

	for _, protection := range policy.Protect {
		if protection.covers(container) {
			hold(HeldByProtected, time.Time{}, "--protect %s matches it", protection)
			break
		}
	}

	grace := policy.graceOf(finding, at.Remembered)
	finding.Grace = grace
	if judgement.byExpiryAlone() {
		// While baggageclaim is away nobody can prolong a volume's life.
		answeredLong := at.HeardSince.Add(grace)
		switch {
		case !at.BaggageclaimAnswers:
			hold(HeldByExpiryWait, time.Time{}, "only expiry speaks against it, and baggageclaim was not heard")
		case !at.HeardSince.IsZero() && now.Before(answeredLong):
			hold(HeldByExpiryWait, answeredLong, "only expiry speaks against it, and baggageclaim answers but since %s",
				at.HeardSince.UTC().Format(time.RFC3339))
		}
	}
	if at.Unconfirmed && !at.Named {
		hold(HeldByConfirm, time.Time{}, "the daemon has not seen it an orphan in two passes")
	}
	if now.Before(at.RetryAt) && !at.Named {
		hold(HeldByBackoff, at.RetryAt, "destroying it failed %s: %s", times(at.Failures), at.LastError)
	}

	if finding.Since.IsZero() {
		if at.UsageAsked {
			hold(HeldByAge, time.Time{}, "nothing tells how old it is")
		}
	} else if due := finding.Since.Add(grace); now.Before(due) {
		untold := ""
		if finding.graceUntold(at.Remembered) {
			untold = ", since its own can't be read,"
		}
		hold(HeldByGrace, due, "its grace of %s%s counts from %s", grace, untold, finding.Since.UTC().Format(time.RFC3339))
	}

	if at.UsageAsked {
		holdBusy(&finding, now, max(policy.BusyGrace, grace), at, hold)
	}
	return finding
}

// graceOf is how long a container must have been an orphan. Of one whose
// properties are not told now the grace time counts that they told earlier.
func (p Policy) graceOf(finding Finding, remembered Remembered) time.Duration {
	grace := max(p.Grace, finding.Container.GraceTime)
	if finding.graceUntold(remembered) {
		grace = max(grace, p.BusyGrace)
	}
	if finding.Container.Properties == nil && remembered.GraceTime != nil {
		grace = max(grace, *remembered.GraceTime)
	}
	return grace
}

// graceUntold tells that nobody knows the container's own grace time, though it
// may have one that matters: who lost all its volumes, or its root, and tells no
// properties is a zombie, of which nobody has any use.
func (f Finding) graceUntold(remembered Remembered) bool {
	untold := f.Container.Properties == nil && (remembered.GraceTime == nil || !remembered.GraceTimeSure)
	return f.Container.GraceUnknown || untold && !f.rootGone() && !f.allGone()
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func holdBusy(finding *Finding, now time.Time, grace time.Duration, at Circumstances,
	hold func(HoldName, time.Time, string, ...any)) {
	var why string
	since := finding.Since
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
	case at.Usage.Failed:
		why, since = "its processes could not be asked for", busySince(since, at)
	case finding.rootGone() || finding.allGone():
		return
	default:
		why, since = "its processes can't be told", busySince(since, at)
	}

	if due := since.Add(grace); since.IsZero() || now.Before(due) {
		if since.IsZero() {
			due = time.Time{}
		}
		if since.After(finding.Since) {
			why += ", and some ran in it at " + since.UTC().Format(time.RFC3339)
		}
		hold(HeldByBusy, due, "%s: waits %s", why, grace)
	}
}

// busySince is what the busy grace counts from where nobody tells of processes now:
// who ran some at a time is not known to be through with them.
func busySince(since time.Time, at Circumstances) time.Time {
	if at.BusyAt.After(since) {
		return at.BusyAt
	}
	return since
}

// orphanSince is when the container became an orphan: its first sighting, or
// its creation where there was none; for an expired volume no earlier than
// its expiry. A container is never an orphan from before its creation: a
// sighting from before that was of another one with the same handle. To who
// has watched it, a creation that is still to come tells only that the clock
// was set back.
func orphanSince(finding Finding, remembered Remembered, now time.Time) time.Time {
	start := finding.Container.CreatedAt
	if remembered.Watched && start.After(now) {
		start = time.Time{}
	}
	if remembered.FirstSeen.After(start) {
		start = remembered.FirstSeen
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
