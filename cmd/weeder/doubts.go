package main

import "weeder/reaper"

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
