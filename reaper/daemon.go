package reaper

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"code.cloudfoundry.org/lager/v3"
)

// Daemon watches a worker: pass, judge, destroy what is eligible, wait.
type Daemon struct {
	Worker *Worker
	Policy Policy
	// Interval between the end of a pass and the next, give or take a tenth so
	// that a fleet does not act in step.
	Interval time.Duration
	// DryRun does everything but destroy.
	DryRun bool
	// Recorder keeps account. When it fails the log tells each event.
	Recorder Recorder
	// Keeper keeps what the daemon remembers after each good pass and each attempt,
	// after what takes back some of what was kept, and at the end.
	Keeper Keeper
	// Observer is told what happens. Nil: nobody is.
	Observer Observer
	Logger   lager.Logger
	// Past is what an earlier daemon kept. Its zero value: there was none.
	Past Past
	// Dangling are the containers that an earlier daemon, or reap, was about to
	// destroy when it ended.
	Dangling []string
	// Random gives numbers from 0 to below 1. It is called by several goroutines.
	Random func() float64

	memory *Memory
	crew   *crew
	locks  interlocks
	// keeping has what is kept last be what was remembered last.
	keeping sync.Mutex
	// blind tells that the last pass could judge no container.
	blind bool
	// unkept tells that the last time it could not be kept.
	unkept bool
	// outdated tells that what is kept no longer holds, and that it was told.
	outdated bool
}

// Observer is told what a daemon does.
type Observer interface {
	// Passed is told of each pass when it is over.
	Passed(Report)
	// Happened is told of each event, with why the Recorder could not take it.
	Happened(event Event, unrecorded error)
}

// Run runs the daemon until the context is done: then no new destroy starts,
// those under way get 8 seconds, and what is not over then is left to Garden.
func (d *Daemon) Run(ctx context.Context) {
	d.memory = newMemory(d, momentOf(d.Worker.Clock.Now(), d.Worker.elapsed()))
	d.Worker.memory = d.memory
	d.crew = newCrew(ctx, &Reaper{Worker: d.Worker, Recorder: account{d}, Logger: d.Logger}, d.memory)
	d.crew.noticed = func(interlock Interlock) {
		d.memory.notice(interlock)
		d.tell(d.locks.on(interlock, d.Worker.Clock.Now())...)
	}
	d.crew.changed = d.settle
	defer d.keep()
	defer d.crew.stop()

	for ctx.Err() == nil {
		d.pass(ctx)
		timer := d.Worker.Clock.NewTimer(jitter(d.Interval, d.Random()))
		select {
		case <-timer.C():
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// jitter is a duration give or take a tenth.
func jitter(d time.Duration, random float64) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*random))
}

func (d *Daemon) pass(ctx context.Context) {
	d.Worker.forget(d.crew.takeOutdated())
	question := Question{Policy: d.Policy, DryRun: d.DryRun}
	report := d.Worker.Pass(ctx, question)
	d.tell(d.memory.take()...)
	if ctx.Err() != nil {
		return
	}
	d.tell(d.locks.set(report.Interlocks, report.At)...)
	d.tellBlind(report)
	if d.memory.passed() {
		d.keep()
	}

	due, held := Plan(d.undone(report), question)
	report.hold(held)
	d.crew.offer(report, question, due)
	d.Logger.Debug("passed", lager.Data{
		"containers": len(report.Findings), "orphans": report.Count(Orphan), "due": len(due), "took": report.Took.String(),
	})
	if d.Observer != nil {
		d.Observer.Passed(report)
	}
}

// undone leaves out what a dry run is through with: it stays eligible, and
// would count against the cap of each pass.
func (d *Daemon) undone(report Report) Report {
	if !d.DryRun {
		return report
	}
	if through := d.memory.wouldDestroy(); len(through) > 0 {
		report.Findings = slices.DeleteFunc(slices.Clone(report.Findings), func(f Finding) bool {
			return through[f.Container.Handle]
		})
	}
	return report
}

// hold takes over what a plan holds back.
func (r *Report) hold(held []Finding) {
	for _, finding := range held {
		at, found := slices.BinarySearchFunc(r.Findings, finding.Container.Handle, func(f Finding, handle string) int {
			return strings.Compare(f.Container.Handle, handle)
		})
		if found {
			r.Findings[at] = finding
		}
	}
}

// settle notes how an attempt ended.
func (d *Daemon) settle(finding Finding, err error) {
	failures := d.memory.settle(finding.Container.Handle, err, d.Random())
	// A kill before the next pass must not bring back what is destroyed, nor take
	// away that it failed.
	d.keep()
	if failures == StuckAfter {
		event := eventOf(finding)
		event.Name, event.Time, event.Failures, event.Err = EventStuck, d.Worker.Clock.Now(), failures, err
		d.tell(event)
	}
	var look lookError
	if errors.As(err, &look) && d.crew.looking.Err() == nil {
		d.Logger.Error("failed-to-look-again", look.error, lager.Data{"handle": finding.Container.Handle})
	}
}

func (d *Daemon) keep() {
	d.keeping.Lock()
	defer d.keeping.Unlock()
	past, withdrew := d.memory.kept()
	err := d.Keeper.Keep(past)
	if err != nil && withdrew {
		// The next daemon must not go by what this one knows to be over. A full disk
		// has no place for another memory; taking one away needs none.
		left := d.Keeper.Forget()
		if left != nil {
			d.memory.withdraw()
			if !d.outdated {
				d.Logger.Error("failed-to-take-memory-away", left)
			}
		}
		d.outdated = left != nil
	}
	switch {
	case err != nil && !d.unkept:
		d.Logger.Error("failed-to-keep-memory", err)
	case err == nil && d.unkept:
		d.Logger.Info("kept-memory-again")
	}
	d.unkept = err != nil
}

// tell has events recorded and logged.
func (d *Daemon) tell(events ...Event) {
	for _, event := range events {
		data := lager.Data{}
		if event.Handle != "" {
			data["handle"] = event.Handle
		}
		if len(event.Reasons) > 0 {
			data["reasons"] = codes(event.Reasons)
		}
		if event.Note != "" {
			data["note"] = event.Note
		}
		if event.Interlock != "" {
			data["name"], data["on"] = event.Interlock, event.On
		}
		if purpose := event.Purpose.String(); purpose != "" {
			data["for"] = purpose
		}
		if event.Age > 0 {
			data["age"] = event.Age.Round(time.Second).String()
		}
		switch event.Name {
		case EventDestroyed:
			d.Logger.Info(logDestroyed, data)
		case EventDestroyFailed:
			d.Logger.Error(logDestroyFailed, event.Err, data)
		case EventStuck:
			// Somebody has to look.
			d.Logger.Error(string(event.Name), event.Err, data)
		default:
			d.Logger.Info(string(event.Name), data)
		}
		if err := (account{d}).Record(event); err != nil {
			d.Logger.Error("failed-to-write-journal", err, lager.Data{"event": event.Name, "handle": event.Handle})
		}
	}
}

// account is a daemon's Recorder with its Observer.
type account struct{ *Daemon }

func (a account) Record(event Event) error {
	err := a.Recorder.Record(event)
	if a.Observer != nil {
		a.Observer.Happened(event, err)
	}
	return err
}

// interlocks are those that are on, to tell of each change once.
type interlocks struct {
	mutex sync.Mutex
	names []InterlockName
}

// set puts the interlocks of a pass in the place of the ones before.
func (i *interlocks) set(now []Interlock, at time.Time) []Event {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	var events []Event
	for _, name := range i.names {
		if !slices.ContainsFunc(now, func(interlock Interlock) bool { return interlock.Name == name }) {
			events = append(events, Event{Name: EventInterlock, Time: at, Interlock: name})
		}
	}
	names := i.names
	i.names = nil
	for _, interlock := range now {
		i.names = append(i.names, interlock.Name)
		if !slices.Contains(names, interlock.Name) {
			events = append(events, interlock.event(at))
		}
	}
	return events
}

// on adds an interlock.
func (i *interlocks) on(interlock Interlock, at time.Time) []Event {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if slices.Contains(i.names, interlock.Name) {
		return nil
	}
	i.names = append(i.names, interlock.Name)
	return []Event{interlock.event(at)}
}

func (i Interlock) event(at time.Time) Event {
	return Event{Name: EventInterlock, Time: at, Interlock: i.Name, On: true, Note: i.Detail}
}
