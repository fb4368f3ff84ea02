package main

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"
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
		Handles []string `positional-arg-name:"HANDLE" description:"destroy these alone, even where processes run in them"`
	} `positional-args:"yes"`
}

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

// Execute runs the command.
func (c *reapCommand) Execute([]string) error {
	policy, err := c.policy()
	if err != nil {
		return err
	}
	if !c.Yes && !c.DryRun && (!c.app.terminal.stdin || !c.app.terminal.stderr) {
		return usagef("no terminal to ask on: give --yes, or --dry-run to see what would be destroyed")
	}
	question := reaper.Question{Policy: policy, Named: c.Args.Handles}
	for _, name := range c.Override {
		question.Override = append(question.Override, reaper.InterlockName(name))
	}

	site := c.app.connect()
	defer site.close()
	report := site.pass(c.app, question)
	if err := c.named(report); err != nil {
		return err
	}

	due, held := reaper.Plan(report, question)
	if c.DryRun || report.Interlocked() || len(due) == 0 {
		outcome := reaper.Outcome{Held: held, Interlocks: report.Interlocks}
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
	var absent []string
	for _, handle := range c.Args.Handles {
		at := slices.IndexFunc(report.Findings, func(f reaper.Finding) bool { return f.Container.Handle == handle })
		if at < 0 {
			absent = append(absent, handle)
			continue
		}
		if verdict := report.Findings[at].Verdict; verdict != reaper.Orphan {
			c.app.warn("%s is kept: its verdict is %s; see weeder explain %s", handle, verdict, handle)
		}
	}
	if len(absent) > 0 {
		return fmt.Errorf("unknown handle: %s: nothing was destroyed; see weeder scan", strings.Join(absent, ", "))
	}
	return nil
}

func (c *reapCommand) ask(due []reaper.Finding) (bool, error) {
	if c.Yes {
		return true, nil
	}
	for _, finding := range due {
		fmt.Fprintf(c.app.stderr, "%s  %s\n", printable(finding.Container.Handle), printable(accusations(finding)))
	}
	if _, err := fmt.Fprintf(c.app.stderr, "destroy %s of %s? [y/N] ", plural(len(due), "container"), c.app.global.Target); err != nil {
		return false, fmt.Errorf("ask on the terminal: %w", err)
	}
	answer, err := c.answer()
	if err != nil {
		return false, fmt.Errorf("%w: nothing was destroyed", err)
	}
	if word := strings.ToLower(strings.TrimSpace(answer)); word != "y" && word != "yes" {
		fmt.Fprintln(c.app.stderr, "nothing was destroyed")
		return false, nil
	}
	return true, nil
}

// answer reads one line from the terminal. A read can't be called off, so an
// interrupt leaves it behind for the process's end, which follows.
func (c *reapCommand) answer() (string, error) {
	read := make(chan string, 1)
	go func() {
		defer close(read)
		if line, err := bufio.NewReader(c.app.stdin).ReadString('\n'); err == nil {
			read <- line
		}
	}()
	select {
	case line, answered := <-read:
		if !answered {
			return "", errors.New("no answer")
		}
		return line, nil
	case <-c.app.ctx.Done():
		fmt.Fprintln(c.app.stderr)
		return "", errors.New("interrupted")
	}
}

func (c *reapCommand) destroy(site *site, report reaper.Report, question reaper.Question, due int) reaper.Outcome {
	record := journal.New(c.app.global.journalDir())
	defer record.Close()

	progress := startProgress(c.app, due)
	defer progress.stop()
	r := &reaper.Reaper{
		Worker:   site.worker,
		Recorder: &tellingRecorder{app: c.app, to: record},
		Logger:   c.app.logger(),
		Progress: progress.update,
	}
	return r.Reap(c.app.ctx, report, question)
}

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
	why := map[string]string{}
	for _, finding := range report.Findings {
		why[finding.Container.Handle] = accusations(finding)
	}
	destroyed := "destroyed"
	if c.DryRun {
		destroyed = "would destroy"
	}

	out := table{headers: []string{"handle", "outcome", "why"}}
	add := func(handle, what, colour, detail string) {
		out.rows = append(out.rows, []cell{{text: handle}, {text: what, colour: colour}, {text: detail}})
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
