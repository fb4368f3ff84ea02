// Package status tells a worker's operators how the daemon fares: over HTTP, and to
// Prometheus. It keeps the last pass and a few counters, and changes nothing.
package status

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"time"

	"code.cloudfoundry.org/clock"
	"github.com/prometheus/client_golang/prometheus"

	"weeder/reaper"
	"weeder/status/leftovers"
)

// Config is what a Status has to know beside what the daemon tells it.
type Config struct {
	// Target is where Garden is asked.
	Target string
	// VolumesDir gives the volumes directory; empty where none was found. It is
	// called once after each pass. Nil: there is none.
	VolumesDir func() string
	// MaxContainers is how many the worker takes as long as Capacity does not
	// say. 0: not known.
	MaxContainers uint64
	// Interval between passes.
	Interval time.Duration
	// Timeout of a request to Garden; more than 0.
	Timeout time.Duration
	// DryRun tells that the daemon destroys nothing.
	DryRun bool
	// Version of weeder.
	Version string
	Clock   clock.Clock

	// Leftovers looks for them. It is called by Watch, every ten minutes. Nil:
	// nobody looks.
	Leftovers func(context.Context) (leftovers.Report, error)
	// Capacity asks Garden how many containers it takes; 0: it does not say. It
	// is called by Watch, every ten minutes, and every minute while it fails.
	// Nil: nobody asks.
	Capacity func(context.Context) (uint64, error)
	// FileSystems tells how much room the file systems of these directories,
	// those of the last Leftovers, have. It is called by Watch, every Interval.
	// Nil: leftovers.FileSystems.
	FileSystems func(paths ...string) []leftovers.FileSystem
}

// Status is how the daemon fares. It implements reaper.Observer, and is safe for
// use by several goroutines.
type Status struct {
	config   Config
	registry *prometheus.Registry
	counters counters

	mutex sync.Mutex
	// last is the last pass. Nil: none is over yet.
	last *pass
	// ended is when that was, or when the Status was made.
	ended time.Time
	// interlocks that are on: those of the last pass, and what has happened
	// since.
	interlocks []reaper.Interlock
	// succeeded is when the last pass judged that no interlock stopped but
	// Starting, and that was not blind. Zero: none has.
	succeeded time.Time
	// journal is what became of the last event.
	journal recording
	// memory is what became of the daemon's memory the last time.
	memory recording
	// around is what Watch has seen.
	around surroundings
	// past is what the page shows beside that.
	past memorable
}

// pass is one that is over.
type pass struct {
	reaper.Report
	volumesDir string
}

// recording is what became of an event.
type recording struct {
	// tried tells that there was an event.
	tried bool
	// err is why it could not be recorded.
	err error
}

// New makes a Status that has been told of nothing yet.
func New(config Config) *Status {
	if config.FileSystems == nil {
		config.FileSystems = leftovers.FileSystems
	}
	s := &Status{
		config:   config,
		registry: prometheus.NewRegistry(),
		counters: newCounters(),
		ended:    config.Clock.Now(),
		around:   surroundings{maxContainers: config.MaxContainers},
		past:     newMemorable(config.Clock.Now()),
	}
	s.counters.register(s.registry)
	s.registry.MustRegister(collector{s})
	return s
}

// Passed takes in a pass that is over. The report must not be changed any more.
func (s *Status) Passed(report reaper.Report) {
	over := &pass{Report: report}
	if s.config.VolumesDir != nil {
		over.volumesDir = s.config.VolumesDir()
	}
	s.counters.took.Observe(report.Took.Seconds())

	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.last, s.ended = over, s.config.Clock.Now()
	s.interlocks = slices.Clone(report.Interlocks)
	s.past.passed(report, s.ended, s.around.maxContainers)
	if report.Judged && report.Blind() == "" && !slices.ContainsFunc(report.Interlocks, stops) {
		s.succeeded = report.At
	}
}

// stops tells an interlock that comes of something wrong from one that every
// daemon begins with.
func stops(interlock reaper.Interlock) bool {
	return interlock.Name != reaper.Starting
}

// Happened takes in an event, with why it could not be recorded.
func (s *Status) Happened(event reaper.Event, unrecorded error) {
	s.counters.count(event.Name)

	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.journal = recording{tried: true, err: unrecorded}
	s.past.happened(event)
	if event.Name == reaper.EventInterlock {
		s.interlocks = slices.DeleteFunc(s.interlocks, func(on reaper.Interlock) bool { return on.Name == event.Interlock })
		if event.On {
			s.interlocks = append(s.interlocks, reaper.Interlock{Name: event.Interlock, Detail: event.Note})
		}
	}
}

// Kept takes in whether the daemon's memory could be kept, which it tries after
// each good pass: it lies beside the journal, and shows that the disk has room
// again before there is another event.
func (s *Status) Kept(err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.memory = recording{tried: true, err: err}
	// A journal that fails for another reason than room goes on failing.
	if err == nil && (errors.Is(s.journal.err, syscall.ENOSPC) || errors.Is(s.journal.err, syscall.EROFS)) {
		s.journal.err = nil
	}
}

// seen is a Status at one moment.
type seen struct {
	// last is the last pass. Nil: none is over yet.
	last       *pass
	interlocks []reaper.Interlock
	succeeded  time.Time
	journal    recording
	around     surroundings
	// quiet is for how long no pass has ended.
	quiet time.Duration
}

// see takes a look that nothing changes any more.
func (s *Status) see() seen {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return seen{
		last:       s.last,
		interlocks: slices.Clone(s.interlocks),
		succeeded:  s.succeeded,
		journal:    recording{tried: s.journal.tried || s.memory.tried, err: cmp.Or(s.journal.err, s.memory.err)},
		around:     s.around.fresh(s.config),
		quiet:      s.config.Clock.Since(s.ended),
	}
}

// blind is why the last pass could judge no container. Empty: it could.
func (s seen) blind() string {
	if s.last == nil {
		return ""
	}
	return s.last.Blind()
}

// on finds an interlock by its name.
func (s seen) on(name reaper.InterlockName) bool {
	return slices.ContainsFunc(s.interlocks, func(i reaper.Interlock) bool { return i.Name == name })
}
