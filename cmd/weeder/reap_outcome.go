package main

import (
	"fmt"
	"strings"

	"weeder/reaper"
)

// reapJSON is what reap prints as JSON.
type reapJSON struct {
	DryRun     bool               `json:"dry_run"`
	Destroyed  []string           `json:"destroyed"`
	Gone       []string           `json:"gone"`
	InProgress []string           `json:"in_progress"`
	Failed     []failureJSON      `json:"failed"`
	Held       []heldJSON         `json:"held"`
	Interlocks []reaper.Interlock `json:"interlocks"`
}

type failureJSON struct {
	Handle string `json:"handle"`
	Error  string `json:"error"`
}

type heldJSON struct {
	Handle string            `json:"handle"`
	HeldBy []reaper.HoldName `json:"held_by"`
}

// print says how a reap ended, or would end.
func (c *reapCommand) print(report reaper.Report, outcome reaper.Outcome) error {
	failed := len(outcome.Failed) > 0 || len(outcome.Interlocks) > 0
	for _, interlock := range outcome.Interlocks[len(report.Interlocks):] {
		c.app.complain("error", "%s came on, the rest was left: %s", interlock.Name, interlock.Detail)
	}
	if c.JSON {
		if err := c.app.printJSON(c.json(outcome)); err != nil {
			return err
		}
	} else if report.Judged {
		c.table(report, outcome)
	}
	c.app.flush()
	for _, failure := range outcome.Failed {
		c.app.complain("error", "%s", failureText(failure))
	}
	if failed {
		return errSaid
	}
	return nil
}

func (c *reapCommand) json(outcome reaper.Outcome) reapJSON {
	out := reapJSON{
		DryRun:     c.DryRun,
		Destroyed:  orEmpty(outcome.Destroyed),
		Gone:       orEmpty(outcome.Gone),
		InProgress: orEmpty(outcome.InProgress),
		Failed:     []failureJSON{},
		Held:       []heldJSON{},
		Interlocks: orEmpty(outcome.Interlocks),
	}
	for _, failure := range outcome.Failed {
		out.Failed = append(out.Failed, failureJSON{Handle: failure.Handle, Error: failure.Err.Error()})
	}
	for _, finding := range outcome.Held {
		out.Held = append(out.Held, heldJSON{Handle: finding.Container.Handle, HeldBy: finding.HeldBy()})
	}
	return out
}

func (c *reapCommand) table(report reaper.Report, outcome reaper.Outcome) {
	why, purposes := map[string]string{}, map[string]string{}
	for _, finding := range report.Findings {
		why[finding.Container.Handle] = accusations(finding)
		purposes[finding.Container.Handle] = finding.Container.Purpose.String()
	}
	destroyed := "destroyed"
	if c.DryRun {
		destroyed = "would destroy"
	}

	out := table{headers: []string{"handle", "outcome", "for", "why"}}
	add := func(handle, what, colour, detail string) {
		out.rows = append(out.rows, []cell{{text: handle}, {text: what, colour: colour}, {text: purposes[handle]}, {text: detail}})
	}
	for _, handle := range outcome.Destroyed {
		add(handle, destroyed, "green", why[handle])
	}
	for _, handle := range outcome.Gone {
		add(handle, "gone already", "", why[handle])
	}
	for _, handle := range outcome.InProgress {
		add(handle, "in progress", "", why[handle])
	}
	for _, failure := range outcome.Failed {
		add(failure.Handle, "failed", "red", failure.Err.Error())
	}
	for _, finding := range outcome.Held {
		add(finding.Container.Handle, "held", "yellow", heldWhy(finding))
	}
	if len(out.rows) == 0 {
		fmt.Fprintln(c.app.stderr, "no orphans: nothing to destroy")
		return
	}
	out.write(c.app.stdout, c.app.terminal.stdout)
}

// heldWhy says in words what keeps a container.
func heldWhy(finding reaper.Finding) string {
	if len(finding.Holds) == 0 {
		return fmt.Sprintf("%s on a second look", finding.Verdict)
	}
	texts := make([]string, 0, len(finding.Holds))
	for _, hold := range finding.Holds {
		texts = append(texts, fmt.Sprintf("%s: %s", hold.By, hold.Detail))
	}
	return strings.Join(texts, "; ")
}

// accusations say in short what makes an orphan of a container.
func accusations(finding reaper.Finding) string {
	texts := make([]string, 0, len(finding.Reasons))
	for _, reason := range finding.Reasons {
		texts = append(texts, strings.TrimSpace(string(reason.Code)+" "+reason.Volume))
	}
	if finding.Processes > 1 {
		texts = append(texts, fmt.Sprintf("though %d processes run in it", finding.Processes))
	}
	return strings.Join(texts, ", ")
}

// asked is what a person is told who is asked about an orphan.
func asked(finding reaper.Finding) string {
	if purpose := finding.Container.Purpose.String(); purpose != "" {
		return accusations(finding) + "  (" + purpose + ")"
	}
	return accusations(finding)
}

// failureText names the handle, which most errors do of themselves.
func failureText(failure reaper.Failure) string {
	text := failure.Err.Error()
	if strings.Contains(text, failure.Handle) {
		return text
	}
	return fmt.Sprintf("destroy %s: %s", failure.Handle, text)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
