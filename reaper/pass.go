package reaper

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"time"

	"code.cloudfoundry.org/clock"
)

// Worker is all that weeder sees of a Concourse worker.
type Worker struct {
	Garden  Garden
	Volumes Volumes
	// Runtime beneath Garden. Nil: do without.
	Runtime Runtime
	// Baggageclaim is the second witness. Nil: do without.
	Baggageclaim Baggageclaim
	// Sightings of earlier passes. Nil: there are none.
	Sightings Sightings
	Clock     clock.Clock
	// Elapsed is the monotonic clock: the time since some moment, whatever is
	// done to the wall clock. Nil: Clock's time, which may step.
	Elapsed func() time.Duration

	inventory *Inventory
	// memory is a daemon's own. Nil: there is no daemon.
	memory *Memory
}

func (w *Worker) elapsed() time.Duration {
	if w.Elapsed == nil {
		return time.Duration(w.Clock.Now().UnixNano())
	}
	return w.Elapsed()
}

// Report is what one pass found.
type Report struct {
	// At is when the pass judged.
	At time.Time
	// Findings are all containers, by handle. They are empty where an
	// interlock kept the pass from judging (Judged).
	Findings []Finding
	// Judged tells that the containers and volumes could be read.
	Judged bool
	// Interlocks that are on, overridden ones left out.
	Interlocks []Interlock
	// Overridden are the interlocks that would be on but for a person's word.
	Overridden []Interlock
	// Volumes on disk by their state. Nil: not Judged.
	Volumes map[VolumeState]int
	// Baggageclaim is what its API did when it was asked.
	Baggageclaim Answer
	// Took is how long the pass was.
	Took time.Duration

	identity string
	// began and judged are moments on Worker.Elapsed, the latter that of At.
	began, judged time.Duration
}

// Answer is what somebody does who is asked.
type Answer string

const (
	NotAsked Answer = ""
	Answered Answer = "answered"
	Silent   Answer = "silent"
)

// Interlocked tells that nothing may be destroyed.
func (r Report) Interlocked() bool {
	return len(r.Interlocks) > 0
}

// Count is the number of findings with a verdict.
func (r Report) Count(verdict Verdict) int {
	count := 0
	for _, finding := range r.Findings {
		if finding.Verdict == verdict {
			count++
		}
	}
	return count
}

// Question is what a pass is asked.
type Question struct {
	Policy Policy
	// Named are handles that a person gave: only these are to be destroyed.
	Named []string
	// Override are interlocks that a person lifts for this run. Those that are
	// not Overridable stay on.
	Override []InterlockName
	// Standing are interlocks that are on whatever the pass sees.
	Standing []Interlock
	// DryRun has everything done but the destroy.
	DryRun bool
}

// Overridable are the interlocks that a person can know better than.
var Overridable = []InterlockName{NoVolumeFound, BaggageclaimUnreachable}

func (q Question) overrides(name InterlockName) bool {
	return slices.Contains(Overridable, name) && slices.Contains(q.Override, name)
}

// Pass reads the worker once and judges every container. Containers are read
// first and volumes second: volumes are made before their container, so that
// nothing newly made can look like an orphan.
func (w *Worker) Pass(ctx context.Context, question Question) Report {
	report, heard := w.survey(ctx, question)
	for _, interlock := range question.Standing {
		report.lock(&interlock, question)
	}
	if w.memory != nil && ctx.Err() == nil {
		w.memory.see(&report)
	}
	if report.Judged {
		w.weigh(ctx, &report, question, heard)
	}
	report.Took = w.elapsed() - report.began
	return report
}

// read reads the worker and judges the containers, and tells whether
// baggageclaim answered all that it was asked.
func (w *Worker) read(ctx context.Context, question Question, report *Report) (heard bool) {
	containers, err := w.Containers(ctx)
	if err != nil {
		report.Interlocks = []Interlock{{Name: GardenUnreachable, Detail: err.Error()}}
		return false
	}
	if why := silence(containers); why != "" {
		report.Interlocks = []Interlock{{Name: GardenUnreachable, Detail: why}}
		return false
	}
	snapshot, err := w.Volumes.Snapshot(ctx)
	if err != nil {
		report.Interlocks = []Interlock{{Name: VolumesDirUnusable, Detail: err.Error()}}
		return false
	}

	report.Judged = true
	report.At, report.judged = w.Clock.Now(), w.elapsed()
	report.identity = snapshot.Identity()
	report.Volumes = snapshot.Counts()
	report.Findings = make([]Finding, len(containers))
	for i, container := range containers {
		judgement := Judge(container, snapshot.Volume, report.At, question.Policy)
		report.Findings[i] = Finding{Container: container, Judgement: judgement}
	}
	slices.SortFunc(report.Findings, func(a, b Finding) int {
		return strings.Compare(a.Container.Handle, b.Container.Handle)
	})

	report.lock(unreadableVolume(report.Findings), question)
	report.lock(w.noVolumeFound(ctx, report.Findings, snapshot), question)
	said := w.hearBaggageclaim(ctx, report.Findings, report.Findings, report.At, question)
	for _, interlock := range said.interlocks {
		report.lock(&interlock, question)
	}
	report.Baggageclaim = said.answer()
	return said.heard()
}

// silence is why Garden gives no answer about any of the containers, though it
// lists them. Empty: it does about some, or there is none.
func silence(containers []Container) string {
	why := ""
	for _, container := range containers {
		if !container.Silent {
			return ""
		}
		why = "garden gives no answer about " + container.Handle
		if len(container.Doubts) > 0 {
			why = container.Doubts[0].Detail
		}
	}
	return why
}

// lock puts an interlock on, if there is one, once by its name.
func (r *Report) lock(interlock *Interlock, question Question) {
	if interlock == nil {
		return
	}
	into := &r.Interlocks
	if question.overrides(interlock.Name) {
		into = &r.Overridden
	}
	for _, on := range *into {
		if on.Name == interlock.Name {
			return
		}
	}
	*into = append(*into, *interlock)
}

// forget has containers asked about again in the next pass.
func (w *Worker) forget(handles []string) {
	for _, handle := range handles {
		w.inventory.Forget(handle)
	}
}

// weigh says what holds each orphan. Garden is asked for processes and ages
// of those alone that nothing else holds: on Guardian it costs an exec each.
func (w *Worker) weigh(ctx context.Context, report *Report, question Question, heard bool) {
	now := moment{wall: report.At, elapsed: report.judged}
	var ask []string
	for i, finding := range report.Findings {
		at := w.circumstances(finding, now, question, heard)
		report.Findings[i] = Weigh(finding.Container, finding.Judgement, report.At, question.Policy, at)
		if report.Findings[i].Eligible() && !report.Interlocked() {
			ask = append(ask, finding.Container.Handle)
		}
	}

	if len(ask) > 0 {
		usage := w.rememberedUsage(ctx, ask)
		for i, finding := range report.Findings {
			if finding.Eligible() {
				at := w.circumstances(finding, now, question, heard)
				at.Usage, at.UsageAsked = usage[finding.Container.Handle], true
				report.Findings[i] = Weigh(finding.Container, finding.Judgement, report.At, question.Policy, at)
			}
		}
	}

	for i := range report.Findings {
		finding := &report.Findings[i]
		if finding.Verdict == Orphan && report.Interlocked() {
			finding.Holds = append(finding.Holds, Hold{By: HeldByInterlock, Detail: string(report.Interlocks[0].Name)})
		}
	}
}

// usage asks for processes and ages. Where neither the runtime nor Garden knows
// them, which makes orphans wait longer, they are not in the answer; where one of
// them should have known and could not be asked (answered is false), the usage of
// all that nobody told of has failed. Memory notes who is busy.
func (w *Worker) usage(ctx context.Context, handles []string) (usages map[string]Usage, answered bool) {
	usages, answered = make(map[string]Usage, len(handles)), true
	ask := func(who interface {
		Usage(context.Context, []string) (map[string]Usage, error)
	}) {
		rest := slices.DeleteFunc(slices.Clone(handles), func(handle string) bool {
			_, told := usages[handle]
			return told
		})
		if len(rest) == 0 {
			return
		}
		told, err := who.Usage(ctx, rest)
		if err != nil {
			answered = false
			return
		}
		maps.Copy(usages, told)
	}
	if w.Runtime != nil {
		ask(w.Runtime)
	}
	ask(w.Garden)
	for _, handle := range handles {
		if _, told := usages[handle]; !told && !answered {
			usages[handle] = Usage{Failed: true}
		}
	}
	if w.memory != nil {
		w.memory.seeBusy(usages)
	}
	return usages, answered
}

func (w *Worker) circumstances(finding Finding, now moment, question Question, heard bool) Circumstances {
	at := Circumstances{
		Named:               slices.Contains(question.Named, finding.Container.Handle),
		BaggageclaimAnswers: heard,
	}
	switch {
	case finding.Verdict != Orphan:
	case w.memory != nil:
		at.Remembered = w.memory.recall(finding.Container, now)
	case w.Sightings != nil:
		at.Remembered = w.Sightings.Remember(finding.Container, now.wall)
	}
	return at
}

// unreadableVolume stops a pass in which the disk fails or hides under the
// volumes directory: what it does not show proves nothing then.
func unreadableVolume(findings []Finding) *Interlock {
	for _, finding := range findings {
		for _, volume := range finding.Volumes {
			for _, err := range []error{volume.Err, volume.TTLErr} {
				if errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EACCES) {
					return &Interlock{
						Name:   VolumesDirUnusable,
						Detail: fmt.Sprintf("volume %s can't be read: %v: run weeder as root, and look at the disk", volume.Handle, err),
					}
				}
			}
		}
	}
	return nil
}
