package reaper

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// see takes in what a pass found, and adds the interlocks that only memory can
// tell of.
func (m *Memory) see(report *Report) {
	m.mutex.Lock()
	defer m.mutex.Unlock()

	now := momentOf(report.At, report.judged)
	m.seeClock(report, now)
	m.seeDirectory(report)
	m.good = report.Judged && !report.Interlocked()
	if now.elapsed < m.past.StartingUntil {
		report.lock(&Interlock{Name: Starting, Detail: fmt.Sprintf(
			"the daemon watches for %s before it destroys anything",
			(m.past.StartingUntil - now.elapsed).Round(time.Second))}, Question{})
	}
	m.last = now

	stopped := m.stopped(report.judged - report.began)
	if m.good && (stopped || !m.past.recent(report.began, m.interval)) {
		m.unhear()
		m.unconfirm()
	}
	m.hear(report)
	if !report.Judged {
		return
	}
	m.seeContainers(report, now, m.good)
}

// stopped tells that a part of a pass took so long that the daemon must have
// been stopped meanwhile: nobody watched.
func (m *Memory) stopped(took time.Duration) bool {
	return took > max(maxReading, 3*m.interval)
}

// hear notes whether baggageclaim has answered. A pass that could have asked it
// and had nothing to ask about has not heard it either.
func (m *Memory) hear(report *Report) {
	switch {
	case report.Baggageclaim == Answered:
		if m.past.HeardSince == nil {
			// Its answers came after the moment of the judgement.
			answered := m.elapsed()
			m.past.HeardSince = &answered
		}
	case report.Judged:
		m.unhear()
	}
}

func (m *Memory) unhear() {
	m.withdrew = m.withdrew || m.past.HeardSince != nil
	m.past.HeardSince = nil
}

// notice takes in an interlock that came on in a fresh look: in the next pass
// baggageclaim may answer again.
func (m *Memory) notice(interlock Interlock) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if interlock.Name == BaggageclaimUnreachable {
		m.unhear()
	}
}

func (m *Memory) seeClock(report *Report, now moment) {
	if interlock := m.stepped(now); interlock != nil {
		m.anew(now.elapsed)
		report.lock(interlock, Question{})
	}
}

// clockStepped is an interlock where the wall clock has gone apart from the
// monotonic one since the last pass. The next pass draws the consequences.
func (m *Memory) clockStepped(now moment) *Interlock {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.stepped(now)
}

func (m *Memory) stepped(now moment) *Interlock {
	if m.last.wall.IsZero() {
		return nil
	}
	// Without monotonic readings, so that subtracting shows steps.
	step := now.wall.Round(0).Sub(m.last.wall.Round(0)) - (now.elapsed - m.last.elapsed)
	if step.Abs() <= maxStep {
		return nil
	}
	return &Interlock{Name: ClockStepped, Detail: fmt.Sprintf(
		"the clock was set by %s, or the machine slept: all first sightings start anew", step.Round(time.Second))}
}

func (m *Memory) seeDirectory(report *Report) {
	if !report.Judged {
		return
	}
	if m.past.Identity != "" && m.past.Identity != report.identity {
		m.anew(report.judged)
		report.lock(&Interlock{
			Name:   VolumesDirChanged,
			Detail: "live is another directory than in the pass before: all first sightings start anew",
		}, Question{})
	}
	m.past.Identity = report.identity
}

// seeContainers flags and clears. Only a good pass flags: what another one
// takes for an orphan may be none.
func (m *Memory) seeContainers(report *Report, now moment, good bool) {
	listed := make(map[string]bool, len(report.Findings))
	for _, finding := range report.Findings {
		handle := finding.Container.Handle
		listed[handle] = true
		if ended, found := m.ended[handle]; found && ended >= report.began {
			continue
		}
		orphan, known := m.past.Orphans[handle]
		orphan.Absent = 0
		if m.dangling[handle] {
			delete(m.dangling, handle)
			m.tell(finding, Event{Name: EventDestroyFailed, Err: errOutlived})
		}
		switch {
		case finding.Verdict == Orphan && good:
			if another(orphan.Created, finding.Container.CreatedAt) {
				orphan = PastOrphan{}
				m.past.Orphans[handle] = orphan
			}
			if !orphan.Flagged {
				orphan.Flagged, orphan.First, orphan.Passes = true, now.elapsed, 0
				orphan.Created = finding.Container.CreatedAt
				m.tell(finding, Event{Name: EventFlagged})
			}
			orphan.Passes++
			if known := finding.Container; known.Properties != nil && !known.GraceUnknown {
				orphan.GraceTime = &known.GraceTime
			}
		case finding.Verdict != Orphan && orphan.Flagged:
			m.tell(finding, Event{Name: EventCleared, Note: "its verdict is " + string(finding.Verdict)})
			orphan.Flagged, orphan.Passes, orphan.WouldDestroy = false, 0, false
			delete(m.usages, handle)
			m.withdrew = true
		}
		switch {
		case orphan.Flagged || orphan.Tried || orphan.Failures > 0:
			m.past.Orphans[handle] = orphan
		case known:
			delete(m.past.Orphans, handle)
		}
	}
	m.seeAbsent(listed, now)
	maps.DeleteFunc(m.ended, func(_ string, ended time.Duration) bool { return ended < report.began })
}

// errOutlived is how a destroy ended that was under way when an earlier daemon
// ended, as far as can be told.
var errOutlived = fmt.Errorf("weeder ended while Garden was at it, and the container is still there")

// sameWithin is how far apart the creations may be that two sources tell of one
// container: containerd notes when it takes down the record, the bundle is written
// moments later. Another of its handle that was made so soon after it would have
// its grace counted from the moment it was made, less this.
const sameWithin = 5 * time.Second

// another tells one container from another of the same handle.
func another(a, b time.Time) bool {
	return !a.IsZero() && !b.IsZero() && a.Sub(b).Abs() > sameWithin
}

// seeAbsent notes which containers are gone. One pass is not enough: a Garden
// that has just started lists nothing.
func (m *Memory) seeAbsent(listed map[string]bool, now moment) {
	for _, handle := range slices.Sorted(maps.Keys(m.past.Orphans)) {
		orphan := m.past.Orphans[handle]
		if listed[handle] || m.underWay[handle] {
			continue
		}
		m.withdrew = true
		orphan.Absent++
		orphan.Passes = 0
		if orphan.Absent < 2 {
			m.past.Orphans[handle] = orphan
			continue
		}
		event := Event{Time: now.wall, Handle: handle, Name: EventCleared, Note: "it is gone"}
		if orphan.Tried {
			event.Name, event.Note = EventDestroyed, "it is gone since an earlier attempt"
		}
		m.events = append(m.events, event)
		m.drop(handle)
	}
}

func (m *Memory) drop(handle string) {
	m.withdrew = true
	delete(m.past.Orphans, handle)
	delete(m.usages, handle)
	delete(m.dangling, handle)
}

// tell adds an event about a finding of the pass.
func (m *Memory) tell(finding Finding, event Event) {
	event.Time = m.last.wall
	event.Handle = finding.Container.Handle
	event.Reasons = finding.Reasons
	event.Purpose = finding.Container.Purpose
	event.Grace = m.grace(finding, m.past.remember(finding.Container, m.last.wall, m.last.elapsed))
	event.Failures = m.past.Orphans[event.Handle].Failures
	if created := finding.Container.CreatedAt; !created.IsZero() {
		event.Age = event.Time.Sub(created)
	}
	m.events = append(m.events, event)
}
