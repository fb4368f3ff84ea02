package simulation

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"weeder/reaper"
)

// observer checks what passes and events must be like.
type observer struct{ *life }

func (o observer) Happened(reaper.Event, error) {}

func (o observer) Passed(report reaper.Report) {
	w := o.world
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if o.dead {
		return
	}
	w.stats.Passes++
	began := w.now() - report.Took
	judged := began
	if report.Judged {
		judged = o.snapshotAt
	}
	if w.tracing() {
		w.trace("pass of daemon %d: %d containers, %d orphans, interlocks %v", o.number, len(report.Findings),
			report.Count(reaper.Orphan), names(report.Interlocks))
		for _, finding := range report.Findings {
			if finding.Verdict == reaper.Orphan || finding.Verdict == reaper.Unknown {
				w.trace("  %s %s %v %v", finding.Container.Handle, finding.Verdict, finding.Reasons, finding.Holds)
			}
		}
	}
	w.checkSpacing(o.life, began)
	w.checkDue(o.life, report)
	w.checkInterlocks(o.life, report, began, judged)
	w.notePass(o.life, report, began, judged)

	o.passEnded, o.passes, o.locked = w.now(), o.passes+1, report.Interlocks
	for handle := range o.owed {
		w.violate("the destroy of %s was answered, and no end was told", handle)
	}
}

// checkSpacing sees to it that passes come at their interval, whatever hangs.
func (w *world) checkSpacing(l *life, began time.Duration) {
	gap := began - l.passEnded
	switch {
	case l.passes == 0 && began != l.started && !w.since(l.started, stopped):
		w.violate("the first pass of daemon %d began %s after its start", l.number, began-l.started)
	case l.passes == 0 || w.since(l.passEnded, stopped):
	case gap > w.interval*111/100 || gap < w.interval*89/100:
		w.violate("a pass began %s after the one before, with an interval of %s", gap, w.interval)
	}
}

// checkDue sees to it that what a pass found due was looked at in time,
// whatever others hang.
func (w *world) checkDue(l *life, report reaper.Report) {
	ago := w.now() - l.passEnded
	if !l.lockedSince && !w.since(l.passEnded, stopped) {
		for i, handle := range l.due {
			limit := 10*time.Second*time.Duration(i/w.policy.MaxInFlight+2) + time.Second
			if l.lookedAt[handle] < l.passEnded && ago > limit {
				w.violate("%s was due for %s, number %d of those at once, and nothing was done", handle, ago, i)
			}
		}
	}

	l.due, l.lockedSince = nil, false
	if w.dryRun {
		return
	}
	var eligible []reaper.Finding
	for _, finding := range report.Findings {
		if finding.Eligible() {
			eligible = append(eligible, finding)
		}
	}
	slices.SortStableFunc(eligible, func(a, b reaper.Finding) int {
		return cmp.Or(cmp.Compare(a.Failures, b.Failures), a.Since.Compare(b.Since))
	})
	for _, finding := range eligible {
		l.due = append(l.due, finding.Container.Handle)
	}
	if limit := w.policy.MaxPerPass; limit > 0 && len(l.due) > limit {
		w.violate("%d are due in one pass, at most %d may be", len(l.due), limit)
	}
}

// looksAt notes a look at containers.
func (l *life) looksAt(handles []string) {
	l.world.mutex.Lock()
	defer l.world.mutex.Unlock()
	for _, handle := range handles {
		l.lookedAt[handle] = l.world.now()
	}
}

// checkInterlocks sees to it that the interlocks that memory tells of are on
// when they should be, and that the others have their reason.
func (w *world) checkInterlocks(l *life, report reaper.Report, began, judged time.Duration) {
	has := func(name reaper.InterlockName) bool {
		return slices.ContainsFunc(report.Interlocks, func(i reaper.Interlock) bool { return i.Name == name })
	}
	exactly := func(name reaper.InterlockName, should bool) {
		if has(name) != should {
			w.violate("interlock %s is on: %t, should be: %t", name, has(name), should)
		}
	}
	offset := w.watch.offsetOf(judged)
	exactly(reaper.ClockStepped, l.hasPast && (offset-l.offset).Abs() > time.Minute)
	exactly(reaper.Starting, judged < l.startingUntil)
	l.offset, l.hasPast = offset, true
	if report.Judged {
		exactly(reaper.VolumesDirChanged, l.identity != "" && l.identity != l.sawIdentity)
		l.identity = l.sawIdentity
	}

	for name, faults := range map[reaper.InterlockName][]kind{
		reaper.GardenUnreachable:          {gardenRefuses, gardenHangs, gardenListFails, gardenRestart, gardenHangsOver},
		reaper.VolumesDirUnusable:         {unusable, volumeEIO, volumeEACCS},
		reaper.NoVolumeFound:              {unmounted, gardenRestart, volumeEIO, volumeEACCS},
		reaper.BaggageclaimUnreachable:    {baggageclaimSilent, volumeDamaged},
		reaper.WitnessesDisagreeInterlock: {baggageclaimOther, unmounted},
	} {
		// What was half seen, or not at all, is not looked at again at once.
		halfSeen := name == reaper.NoVolumeFound && w.since(began-w.longGap(), halfSeen, containerdSilent, containerdAbsent, gardenHangsOver, runcFails)
		unseen := name == reaper.GardenUnreachable && began < w.watch.silentUntil
		if has(name) && !halfSeen && !unseen && !w.since(began, faults...) {
			w.violate("interlock %s is on without a reason", name)
		}
	}
}

// notePass counts the good passes that show a container an orphan.
func (w *world) notePass(l *life, report reaper.Report, began, judged time.Duration) {
	good := report.Judged
	anew := false
	for _, interlock := range report.Interlocks {
		good = good && interlock.Name == reaper.Starting
		anew = anew || interlock.Name == reaper.ClockStepped || interlock.Name == reaper.VolumesDirChanged
	}
	long := good && began-w.watch.goodAt > 3*w.interval
	if anew {
		w.watch.anewAt = judged
	}
	verdicts := map[string]reaper.Verdict{}
	for _, finding := range report.Findings {
		verdicts[finding.Container.Handle] = finding.Verdict
	}
	for handle, c := range w.garden.containers {
		if anew || long {
			c.watched.passes = 0
		}
		if anew {
			c.watched.seenAt = judged
		}
		switch verdict, listed := verdicts[handle]; {
		case good && verdict == reaper.Orphan:
			if c.watched.seenAt == 0 {
				c.watched.seenAt = judged
			}
			c.watched.passes++
		case report.Judged && !listed:
			// An attempt may be under way, and look at it afresh.
			c.watched.absentAt, c.watched.passesBefore = w.now(), max(c.watched.passes, c.watched.passesBefore)
			c.watched.passes, c.watched.seenAt = 0, 0
		case report.Judged && verdict != reaper.Orphan:
			c.watched.passes, c.watched.passesBefore, c.watched.seenAt = 0, 0, 0
		}
	}
	if good {
		w.watch.goodAt, l.goodAt, l.goodOffset = w.now(), w.now(), l.offset
	}
	if l.keptAt == w.now() {
		w.kept(l)
	}
}

func names(interlocks []reaper.Interlock) string {
	var names []string
	for _, interlock := range interlocks {
		names = append(names, string(interlock.Name))
	}
	return strings.Join(names, " ")
}
