package main

import (
	"slices"
	"strings"

	"weeder/reaper"
)

// long is the list as a table: no hidden container is in it.
func (c *listCommand) long() error {
	site := c.app.connect()
	defer site.close()
	found, err := c.matching(site.garden)
	if err != nil {
		return err
	}
	listed := make(map[string]bool, len(found.handles))
	for _, handle := range found.handles {
		listed[handle] = true
	}
	report, err := c.survey(site)
	if err != nil {
		return err
	}

	out := table{headers: []string{"handle", "age", "grace", "state", "verdict", "for", "volumes"}}
	for _, finding := range report.Findings {
		if !listed[finding.Container.Handle] {
			continue
		}
		out.rows = append(out.rows, []cell{
			{text: finding.Container.Handle},
			{text: ageText(finding.Container, report.At)},
			{text: graceText(finding.Container)},
			{text: ownState(finding.Container)},
			{text: string(finding.Verdict), colour: verdictColour(finding.Verdict)},
			{text: finding.Container.Purpose.String()},
			{text: volumesText(finding, report.At)},
		})
	}
	out.write(c.app.stdout, c.app.terminal.stdout)
	return c.doubts(found)
}

// survey judges the worker. Where that can't be done, as from a machine without
// the volumes, its findings are the containers alone.
func (c *listCommand) survey(site *site) (reaper.Report, error) {
	containers, err := site.worker.Containers(c.app.ctx)
	if err != nil {
		return reaper.Report{}, err
	}
	report := site.worker.Survey(c.app.ctx, reaper.Question{Policy: reaper.DefaultPolicy()})
	site.sayFallback(c.app)
	for _, interlock := range report.Interlocks {
		c.app.warn("%s: %s", interlock.Name, interlock.Detail)
	}
	if !report.Judged {
		slices.SortFunc(containers, func(a, b reaper.Container) int { return strings.Compare(a.Handle, b.Handle) })
		for _, container := range containers {
			report.Findings = append(report.Findings, reaper.Finding{Container: container})
		}
	}
	return report, nil
}

// ownState is the state that Garden tells, or that of containerd's task where
// Garden tells none.
func ownState(container reaper.Container) string {
	if container.State == "" {
		return container.Task
	}
	return container.State
}
