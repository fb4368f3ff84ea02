package main

import (
	"os"
	"slices"
	"strings"

	"weeder/reaper"
)

// sayInterlocks names on stderr what keeps anything from being destroyed, and of
// those that can be overridden that they can: whoever only looks, and a daemon,
// hear nothing of that. Where nothing could be judged it names what kept it from
// that, as the error. That the daemon is starting is none then, and no comfort
// either: reap can't judge more.
func (a *app) sayInterlocks(report reaper.Report, overridable []reaper.InterlockName) {
	for _, interlock := range report.Interlocks {
		hint := ""
		if slices.Contains(overridable, interlock.Name) {
			hint = ", or, if you know better, --override " + string(interlock.Name)
		}
		switch {
		case report.Judged:
			a.warn("%s: %s%s", interlock.Name, interlock.Detail, hint)
		case interlock.Name != reaper.Starting:
			a.complain("error", "%s: %s", interlock.Name, interlock.Detail)
		}
	}
	for _, interlock := range report.Overridden {
		a.warn("%s, overridden: %s", interlock.Name, interlock.Detail)
	}
}

// sayEmpty warns on stderr of a Garden that lists no container: so do another
// worker's, and one that has not finished starting.
func (a *app) sayEmpty(report reaper.Report) {
	listed := func(finding reaper.Finding) bool { return !finding.Container.Hidden }
	if report.Judged && !slices.ContainsFunc(report.Findings, listed) {
		a.warn("garden at %s lists no container: is it the right one, and has it finished starting?", a.global.Target)
	}
}

// sayBlind warns on stderr where not one container could be judged but those that
// are not Concourse's: then it is rather weeder that does not see than all of
// them that are odd.
func (a *app) sayBlind(report reaper.Report) {
	if report.Count(reaper.Orphan)+report.Count(reaper.Live) > 0 {
		return
	}
	for _, finding := range report.Findings {
		// Those that are not Concourse's have none.
		if len(finding.Reasons) == 0 {
			continue
		}
		why := finding.Reasons[0].Detail
		if os.Geteuid() != 0 && !strings.Contains(why, asRoot) {
			why += ": " + asRoot
		}
		a.warn("none of Concourse's containers could be judged: %s", why)
		return
	}
}

// asRoot is what to try, unless the reason says so itself.
const asRoot = "run weeder as root"
