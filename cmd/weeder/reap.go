package main

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"weeder/journal"
	"weeder/reaper"
)

type reapCommand struct {
	app *app
	destroyOptions
	DryRun   bool           `long:"dry-run" description:"show what would be destroyed, destroy nothing"`
	Yes      bool           `short:"y" long:"yes" description:"do not ask"`
	Override []overrideFlag `long:"override" value-name:"INTERLOCK" description:"an interlock that you know better than: no-volume-found or baggageclaim-unreachable (repeatable)"`
	JSON     bool           `long:"json" description:"print JSON"`
	Args     struct {
		Handles []handleArgument `positional-arg-name:"HANDLE" description:"destroy these alone, even where processes run in them"`
	} `positional-args:"yes"`
}

// Execute runs the command.
func (c *reapCommand) Execute([]string) error {
	policy, err := c.policy()
	if err != nil {
		return err
	}
	if !c.Yes && !c.DryRun && (!c.app.terminal.stdin || !c.app.terminal.stderr) {
		return usagef("no terminal to ask on: give --yes, or --dry-run to see what would be destroyed")
	}
	site := c.app.connect()
	defer site.close()
	question := reaper.Question{Policy: site.policyOf(c.app, policy), Named: handles(c.Args.Handles)}
	for _, name := range c.Override {
		question.Override = append(question.Override, reaper.InterlockName(name))
	}
	report := site.pass(c.app, question)
	if err := c.named(report); err != nil {
		return err
	}

	due, held := reaper.Plan(report, question)
	if c.DryRun || report.Interlocked() || len(due) == 0 {
		outcome := reaper.Outcome{Held: held, InProgress: reaper.UnderWay(report, question), Interlocks: report.Interlocks}
		for _, finding := range due {
			outcome.Destroyed = append(outcome.Destroyed, finding.Container.Handle)
		}
		slices.Sort(outcome.Destroyed)
		return c.print(report, outcome)
	}

	if sure, err := c.ask(due); err != nil || !sure {
		return err
	}
	return c.print(report, c.destroy(site, report, question, len(due)))
}

// named says what became of the handles that were given and are no orphans.
func (c *reapCommand) named(report reaper.Report) error {
	if !report.Judged {
		return nil
	}
	var absent []error
	for _, handle := range handles(c.Args.Handles) {
		at := slices.IndexFunc(report.Findings, func(f reaper.Finding) bool { return f.Container.Handle == handle })
		if at < 0 {
			absent = append(absent, unknownHandle(handle, handlesOf(report.Findings), "nothing was destroyed", "weeder scan"))
			continue
		}
		if verdict := report.Findings[at].Verdict; verdict != reaper.Orphan {
			c.app.warn("%s is kept: its verdict is %s; see weeder explain %s", handle, verdict, handle)
		}
	}
	return errors.Join(absent...)
}

func (c *reapCommand) ask(due []reaper.Finding) (bool, error) {
	if c.Yes {
		return true, nil
	}
	for _, finding := range due {
		fmt.Fprintln(c.app.stderr, printable(finding.Container.Handle+"  "+asked(finding)))
	}
	yes, err := c.app.confirm("destroy %s of %s?", plural(len(due), "container"), c.app.global.Target)
	switch {
	case err != nil:
		return false, fmt.Errorf("%w: nothing was destroyed", err)
	case !yes:
		fmt.Fprintln(c.app.stderr, "nothing was destroyed")
	}
	return yes, nil
}

func (c *reapCommand) destroy(site *site, report reaper.Report, question reaper.Question, due int) reaper.Outcome {
	record := journal.New(c.app.global.journalDir())
	defer record.Close()

	var done, of atomic.Int64
	of.Store(int64(due))
	progress := startProgress(c.app, func(since time.Duration) string {
		return fmt.Sprintf("destroying: done with %d of %d, %s", done.Load(), of.Load(), short(since))
	})
	defer progress.stop()
	r := &reaper.Reaper{
		Worker:   site.worker,
		Recorder: &tellingRecorder{app: c.app, to: record},
		Logger:   c.app.logger(),
		Progress: func(n, all int) {
			done.Store(int64(n))
			of.Store(int64(all))
		},
	}
	return r.Reap(c.app.ctx, report, question)
}

// tellingRecorder tells on stderr what the journal can't take: a full disk
// costs the journal, not the reaping.
type tellingRecorder struct {
	app *app
	to  *journal.Journal
}

func (t *tellingRecorder) Record(event reaper.Event) error {
	err := t.to.Record(event)
	if err != nil {
		t.app.warn("the journal can't be written (%v): %s %s %s", err,
			event.Time.UTC().Format(time.RFC3339), event.Name, event.Handle)
	}
	return err
}
