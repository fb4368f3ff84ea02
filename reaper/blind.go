package reaper

import "errors"

// blindFrom is how many containers that can't be judged make weeder blind, where
// it can judge none: fewer may be odd for themselves.
const blindFrom = 3

// Blind is why not one container could be judged, of those that Garden lists and
// that may be Concourse's: then it is rather weeder that does not see than all of
// them that are odd. Empty: some could be, or there are too few to tell.
func (r Report) Blind() string {
	unknown, why := 0, ""
	for _, finding := range r.Findings {
		switch {
		case finding.Verdict == Live, finding.Verdict == Orphan:
			return ""
		case finding.Verdict != Unknown, finding.Container.Hidden:
			continue
		case unknown == 0 && len(finding.Reasons) > 0:
			why = finding.Reasons[0].Detail
		}
		unknown++
	}
	if unknown < blindFrom {
		return ""
	}
	return why
}

// tellBlind logs that no container can be judged, and that some can be again.
func (d *Daemon) tellBlind(report Report) {
	if !report.Judged {
		return
	}
	why := report.Blind()
	switch {
	case why != "" && !d.blind:
		d.Logger.Error("failed-to-judge-any-container", errors.New(why))
	case why == "" && d.blind:
		d.Logger.Info("judged-containers-again")
	}
	d.blind = why != ""
}
