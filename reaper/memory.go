package reaper

import (
	"maps"
	"sync"
	"time"
)

const (
	// maxStep is how far the wall clock may go apart from the monotonic one
	// between two passes.
	maxStep = time.Minute
	// maxReading is how long a pass may take to read the worker. One that took
	// longer was stopped in the middle, and nobody watched meanwhile.
	maxReading = 5 * time.Minute
)

// Memory is what a daemon remembers from pass to pass. It is safe for use by
// several goroutines.
type Memory struct {
	elapsed  func() time.Duration
	interval time.Duration
	grace    func(Finding, Remembered) time.Duration

	mutex sync.Mutex
	past  Past
	// last is when the last pass judged, by both clocks. Zero: none did.
	last moment
	// good tells that the last pass was a good one.
	good bool
	// withdrew tells that something of what was kept last no longer holds.
	withdrew bool
	// underWay are the handles whose destroy is.
	underWay map[string]bool
	// ended is when a container was destroyed that a pass then under way may
	// still have listed.
	ended  map[string]time.Duration
	usages map[string]usageAt
	// events are what the passes have brought about, until they are taken.
	events []Event
	// dangling are handles whose destroy was under way when an earlier daemon
	// ended.
	dangling map[string]bool
}

// moment is one instant by both clocks.
type moment struct {
	wall    time.Time
	elapsed time.Duration
}

func momentOf(wall time.Time, elapsed time.Duration) moment {
	// Without its monotonic reading, so that subtracting shows steps.
	return moment{wall: wall.Round(0), elapsed: elapsed}
}

// newMemory takes over what an earlier daemon remembered, unless that has been
// gone for longer than three intervals: then it counts from the start how
// long it watches.
func newMemory(d *Daemon, now moment) *Memory {
	m := &Memory{
		elapsed: d.Worker.elapsed, interval: d.Interval, grace: d.Policy.graceOf,
		past: d.Past, underWay: map[string]bool{}, ended: map[string]time.Duration{},
		usages: map[string]usageAt{}, dangling: map[string]bool{},
	}
	m.past.Orphans = maps.Clone(d.Past.Orphans)
	if m.past.Orphans == nil {
		m.past.Orphans = map[string]PastOrphan{}
	}
	if !d.Past.At.IsZero() {
		m.last = momentOf(d.Past.At, d.Past.Elapsed)
	}
	if !d.Past.recent(now.elapsed, d.Interval) {
		m.past.StartingUntil = now.elapsed + max(d.Interval, d.Policy.Grace)
		m.past.HeardSince = nil
		m.unconfirm()
	}
	m.change(func(o *PastOrphan) { o.Destroying = false })
	m.past.Interval, m.past.Policy = d.Interval, d.Policy.kept()
	for _, handle := range d.Dangling {
		m.dangling[handle] = true
		orphan := m.past.Orphans[handle]
		orphan.Tried = true
		m.past.Orphans[handle] = orphan
	}
	return m
}

// recent tells that the last good pass ended within the last three intervals.
func (p Past) recent(elapsed, interval time.Duration) bool {
	gap := elapsed - p.Elapsed
	return !p.At.IsZero() && gap >= 0 && gap <= 3*interval
}

// unconfirm has all orphans need two new passes.
func (m *Memory) unconfirm() {
	m.change(func(o *PastOrphan) { o.Passes = 0 })
}

// anew has all first sightings start now.
func (m *Memory) anew(now time.Duration) {
	m.unhear()
	m.withdrew = true
	m.change(func(o *PastOrphan) { o.First, o.Passes = now, 0 })
}

func (m *Memory) change(by func(*PastOrphan)) {
	for handle, orphan := range m.past.Orphans {
		by(&orphan)
		m.past.Orphans[handle] = orphan
	}
}

// passed notes the end of a pass, and tells whether its memory is worth keeping:
// after a good one, and after one that has taken back what the next daemon would
// go by.
func (m *Memory) passed() bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.good {
		m.past.Elapsed = m.elapsed()
		if m.stopped(m.past.Elapsed - m.last.elapsed) {
			m.past.Elapsed = m.last.elapsed
		}
		m.past.At = m.last.wall.Add(m.past.Elapsed - m.last.elapsed)
	}
	return m.good || m.withdrew
}

// take takes the events since the last time.
func (m *Memory) take() []Event {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	events := m.events
	m.events = nil
	return events
}

// kept is what is to be kept over the daemon's end, and whether it takes back
// some of what was kept before.
func (m *Memory) kept() (past Past, withdrew bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	past, withdrew = m.past, m.withdrew
	past.Orphans = maps.Clone(m.past.Orphans)
	for handle := range m.underWay {
		if orphan, known := past.Orphans[handle]; known {
			orphan.Destroying = true
			past.Orphans[handle] = orphan
		}
	}
	m.withdrew = false
	return past, withdrew
}

// withdraw notes that what was kept last no longer holds.
func (m *Memory) withdraw() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.withdrew = true
}
