package main

import (
	"slices"

	"weeder/reaper"
)

// sayInterlocks names on stderr what keeps anything from being destroyed; where
// nothing could be judged, what kept it from that, as the error. That the daemon
// is starting is none then, and no comfort either: reap can't judge more.
func (a *app) sayInterlocks(report reaper.Report) {
	for _, interlock := range report.Interlocks {
		switch {
		case report.Judged:
			a.warn("%s: %s", interlock.Name, interlock.Detail)
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
