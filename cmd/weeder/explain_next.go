package main

import (
	"fmt"
	"strings"
	"time"

	"weeder/reaper"
)

// headline is the verdict in a sentence.
func headline(finding reaper.Finding, now time.Time) string {
	text := string(finding.Verdict)
	switch finding.Verdict {
	case reaper.Live:
		return text + ", all its volumes are there"
	case reaper.Foreign:
		return text + ", it is not Concourse's"
	case reaper.Unknown:
		return text + ", it can't be judged"
	}
	accused := accusedVolumes(finding)
	if len(accused) == 0 {
		return text
	}
	first := accused[0]
	text += ", its volume "
	if first.Root {
		text = string(finding.Verdict) + ", its root volume "
	}
	text += first.Handle
	switch first.State {
	case reaper.VolumeMissing:
		text += " is missing"
	case reaper.VolumeDead:
		text += " is being torn down"
	default:
		text += " expired " + fromNow(first.ExpiresAt, now)
	}
	if len(accused) > 1 {
		text += fmt.Sprintf(", and so %d more", len(accused)-1)
	}
	return text
}

// accusedVolumes are those that the verdict rests on, the root first.
func accusedVolumes(finding reaper.Finding) []reaper.ReferencedVolume {
	var roots, others []reaper.ReferencedVolume
	for _, volume := range finding.Volumes {
		for _, reason := range finding.Reasons {
			if finding.Verdict != reaper.Orphan || reason.Volume != volume.Handle {
				continue
			}
			if volume.Root {
				roots = append(roots, volume)
			} else {
				others = append(others, volume)
			}
			break
		}
	}
	return append(roots, others...)
}

// next is what will happen to a container, and when.
type next struct {
	text string
	// at is when it is destroyed, or can be. Zero: it is not, or at once.
	at time.Time
}

// next says what weeder will do, as far as a look can tell. The daemon goes by
// its own options.
func (s *site) next(report reaper.Report, finding reaper.Finding) next {
	switch finding.Verdict {
	case reaper.Live:
		return next{text: "nothing happens to it" + expiring(finding, report.At)}
	case reaper.Foreign:
		return next{text: "weeder never touches it"}
	case reaper.Unknown:
		return next{text: "weeder keeps it for as long as it can't be judged"}
	}

	if finding.Destroying {
		return next{text: "the daemon is destroying it; where Garden takes longer than the daemon waits, Garden goes on"}
	}
	if byZeroTTL(finding) {
		return next{text: "only --zero-ttl=expires-at makes it an orphan: to reap and the daemon a ttl of 0 never expires"}
	}

	reap := "weeder reap " + finding.Container.Handle
	for _, interlock := range report.Interlocks {
		if interlock.Name != reaper.Starting {
			return next{text: fmt.Sprintf("weeder destroys nothing while the interlock %s is on", interlock.Name)}
		}
	}
	due := s.startingEnds(report)
	for _, hold := range finding.Holds {
		if hold.Until.After(due) {
			due = hold.Until
		}
		switch {
		case hold.By == reaper.HeldByProtected:
			return next{text: "weeder never destroys it while --protect matches it"}
		case !hold.Until.IsZero():
		case hold.By == reaper.HeldByBusy:
			return next{text: "the daemon does not destroy it while processes run in it; " + reap + " does"}
		case hold.By == reaper.HeldByExpiryWait:
			return next{text: "weeder does not destroy it before baggageclaim answers"}
		case hold.By == reaper.HeldByAge:
			return next{text: "weeder does not destroy it before it has watched it for its grace: that takes the daemon"}
		}
	}
	when := ""
	if due.After(report.At) {
		when = fmt.Sprintf(" at %s, in %s,", clockText(due), short(due.Sub(report.At)))
	} else {
		due = time.Time{}
	}
	return next{text: s.fate(finding, reap, when), at: due}
}

// fate says who destroys an orphan; when is empty where it is due.
func (s *site) fate(finding reaper.Finding, reap, when string) string {
	from := strings.Replace(strings.TrimSuffix(when, ","), " at ", " from ", 1)
	switch {
	case s.blind():
		return "whether a daemon watches this worker can't be told; " + reap + " destroys it" + from
	case !s.hindsight.Alive():
		return "no daemon watches this worker; " + reap + " destroys it" + from
	case s.hindsight.Orphans[finding.Container.Handle].WouldDestroy:
		return "the daemon runs with --dry-run, and destroys nothing; " + reap + " destroys it" + from
	case when == "":
		when = fmt.Sprintf(" in one of its next passes, the first within %s,", short(s.hindsight.Interval*11/10))
	}
	text := "weeder will destroy it" + when + " unless " + pardon(finding) + " by then"
	if !s.asDaemon() {
		text += ", if the daemon has the options of this look"
		if daemons := s.hindsight.Policy; daemons.Grace > 0 {
			text += fmt.Sprintf(": it has --grace %s --busy-grace %s", daemons.Grace, daemons.BusyGrace)
		}
	}
	if finding.Stuck() {
		text += "; destroying it has failed " + times(finding.Failures) + ", so look into Garden's log"
	}
	return text
}

// byZeroTTL tells that an orphan is one only as this look reads a ttl of 0.
func byZeroTTL(finding reaper.Finding) bool {
	accused := accusedVolumes(finding)
	for _, volume := range accused {
		if volume.State != reaper.VolumeLive || volume.TTL != 0 {
			return false
		}
	}
	return len(accused) > 0
}

// pardon is what would make an orphan none.
func pardon(finding reaper.Finding) string {
	accused := accusedVolumes(finding)
	for _, volume := range accused {
		if volume.State != reaper.VolumeLive {
			return "volume " + volume.Handle + " is there again"
		}
	}
	if len(accused) == 0 {
		return "its volumes are there"
	}
	return "the life of volume " + accused[0].Handle + " is prolonged"
}

// expiring says which of a live container's volumes expires first.
func expiring(finding reaper.Finding, now time.Time) string {
	var first *reaper.ReferencedVolume
	for i, volume := range finding.Volumes {
		if volume.HasTTL && volume.TTL > 0 && (first == nil || volume.ExpiresAt.Before(first.ExpiresAt)) {
			first = &finding.Volumes[i]
		}
	}
	if first == nil {
		return ""
	}
	return fmt.Sprintf("; volume %s expires at %s, %s, unless its life is prolonged",
		first.Handle, clockText(first.ExpiresAt), fromNow(first.ExpiresAt, now))
}

// startingEnds is when the daemon begins to destroy. Zero: it did, or there is
// none.
func (s *site) startingEnds(report reaper.Report) time.Time {
	for _, interlock := range report.Interlocks {
		if interlock.Name == reaper.Starting {
			return report.At.Add(s.hindsight.StartingUntil - s.hindsight.Now)
		}
	}
	return time.Time{}
}

// blind tells that what the daemon remembers could not be read.
func (s *site) blind() bool {
	_, blind := s.worker.Sightings.(firstSeenNow)
	return blind
}
