package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"weeder/reaper"
	"weeder/status/report"
)

type scanCommand struct {
	app *app
	lookOptions
	JSON     bool          `long:"json" description:"print JSON"`
	Only     []verdictFlag `long:"only" value-name:"VERDICT" description:"show this verdict alone: orphan, unknown, foreign or live (repeatable)"`
	ExitCode bool          `long:"exit-code" description:"exit 3 when there are orphans"`
}

// Execute runs the command.
func (c *scanCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	policy, err := c.policy()
	if err != nil {
		return err
	}
	site := c.app.connect()
	defer site.close()

	report := site.look(c.app, policy)
	c.app.sayEmpty(report)
	c.app.sayBlind(report)

	if c.JSON {
		err = c.app.printJSON(c.json(site, report))
	} else if report.Judged {
		c.table(report)
		c.app.sum(report, site.maxContainers(c.app.ctx))
	}
	switch {
	case err != nil:
		return err
	case !report.Judged:
		return errSaid
	case c.ExitCode && report.Count(reaper.Orphan) > 0:
		return errOrphansFound
	}
	return nil
}

func (c *scanCommand) wanted(finding reaper.Finding) bool {
	return len(c.Only) == 0 || slices.Contains(c.Only, verdictFlag(finding.Verdict))
}

func (c *scanCommand) json(site *site, pass reaper.Report) report.Scan {
	return report.New(pass, report.Setting{
		Target:        c.app.global.Target,
		VolumesDir:    site.volumesDir(),
		MaxContainers: site.maxContainers(c.app.ctx),
		Wanted:        c.wanted,
	})
}

func (c *scanCommand) table(report reaper.Report) {
	out := table{headers: []string{"handle", "verdict", "age", "grace", "reason", "held by", "for", "volumes"}}
	for _, finding := range report.Findings {
		if !c.wanted(finding) {
			continue
		}
		out.rows = append(out.rows, []cell{
			{text: finding.Container.Handle},
			{text: string(finding.Verdict), colour: verdictColour(finding.Verdict)},
			{text: ageText(finding.Container, report.At)},
			{text: graceText(finding.Container)},
			{text: reasonText(finding)},
			{text: heldText(finding, report.At)},
			{text: finding.Container.Purpose.String()},
			{text: volumesText(finding, report.At)},
		})
	}
	out.write(c.app.stdout, c.app.terminal.stdout)
}

// sum settles on stderr, where it disturbs no script, why Garden's list, the
// table and the slots that are used disagree, and how many there are of each
// kind.
func (a *app) sum(report reaper.Report, maximum uint64) {
	hidden := 0
	for _, finding := range report.Findings {
		if finding.Container.Hidden {
			hidden++
		}
	}
	used := fmt.Sprintf("%d of %d", len(report.Findings), maximum)
	if maximum == 0 {
		used = fmt.Sprint(len(report.Findings))
	}
	text := fmt.Sprintf("%s slots used: %s listed by Garden, %d hidden",
		used, plural(len(report.Findings)-hidden, "container"), hidden)
	separator := "; "
	for _, verdict := range reaper.Verdicts {
		if n := report.Count(verdict); n > 0 {
			text += fmt.Sprintf("%s%d %s", separator, n, verdict)
			separator = ", "
		}
	}
	a.flush()
	fmt.Fprintf(a.stderr, "%s; %d to reap now\n", text, eligible(report))
}

func verdictColour(verdict reaper.Verdict) string {
	switch verdict {
	case reaper.Orphan:
		return "red"
	case reaper.Unknown:
		return "yellow"
	case reaper.Live:
		return "green"
	}
	return ""
}

func ageText(container reaper.Container, now time.Time) string {
	if age, known := age(container, now); known {
		return short(age)
	}
	return ""
}

func graceText(container reaper.Container) string {
	if container.GraceTime == 0 {
		return ""
	}
	return short(container.GraceTime)
}

// volumesText names the volumes where they matter, those first that the
// verdict rests on, and counts them where all is well.
func volumesText(finding reaper.Finding, now time.Time) string {
	if finding.Verdict == reaper.Live {
		return plural(len(finding.Volumes), "volume")
	}
	var accused, others []string
	for _, volume := range finding.Volumes {
		text := volume.Handle + " " + stateText(volume.Volume, now)
		if slices.ContainsFunc(finding.Reasons, func(r reaper.Reason) bool { return r.Volume == volume.Handle }) {
			accused = append(accused, text)
		} else {
			others = append(others, text)
		}
	}
	return strings.Join(append(accused, others...), ", ")
}

// stateText says how a volume stands, and its expiry where it has one.
func stateText(volume reaper.Volume, now time.Time) string {
	if volume.State != reaper.VolumeLive {
		return string(volume.State)
	}
	switch {
	case volume.TTLErr != nil:
		return "live (ttl unreadable)"
	case !volume.HasTTL:
		return "live"
	case volume.TTL == 0:
		return "live (never expires)"
	case volume.ExpiresAt.Before(now):
		return fmt.Sprintf("live (expired %s ago)", short(now.Sub(volume.ExpiresAt)))
	}
	return fmt.Sprintf("live (expires in %s)", short(volume.ExpiresAt.Sub(now)))
}

// reasonText says what the verdict rests on, and that a container has no task:
// no reason, but worth to be seen.
func reasonText(finding reaper.Finding) string {
	var codes []string
	for _, reason := range finding.Reasons {
		if !slices.Contains(codes, string(reason.Code)) {
			codes = append(codes, string(reason.Code))
		}
	}
	text := strings.Join(codes, ", ")
	if finding.Container.Task == reaper.NoTask {
		text += " (" + reaper.NoTask + ")"
	}
	if finding.Stuck() {
		text += " (stuck)"
	}
	return strings.TrimSpace(text)
}

// beingDestroyed is shown of an orphan that the daemon is destroying.
const beingDestroyed = "being destroyed"

func heldText(finding reaper.Finding, now time.Time) string {
	texts := make([]string, 0, len(finding.Holds))
	if finding.Destroying {
		texts = append(texts, beingDestroyed)
	}
	for _, hold := range finding.Holds {
		text := string(hold.By)
		if !hold.Until.IsZero() {
			text += " for " + short(hold.Until.Sub(now))
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// noArguments refuses what a command would quietly ignore.
func noArguments(args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q: see weeder COMMAND --help", args[0])
	}
	return nil
}
