package main

import (
	"errors"
	"slices"
	"time"

	"weeder/baggageclaim"
	"weeder/reaper"
	"weeder/status/report"
)

type explainCommand struct {
	app *app
	lookOptions
	oneHandle
	logOptions
	JSON bool `long:"json" description:"print JSON"`
}

// explainJSON is what explain prints as JSON: scan's container and the
// evidence; a figure not known is null.
type explainJSON struct {
	report.Container
	ScannedAt  string             `json:"scanned_at"`
	Hidden     bool               `json:"hidden"`
	State      *string            `json:"state"`
	CreatedAt  *string            `json:"created_at"`
	BundlePath *string            `json:"bundle_path"`
	Properties map[string]string  `json:"properties"`
	Since      *string            `json:"grace_since"`
	Holds      []holdJSON         `json:"holds"`
	Evidence   []evidenceJSON     `json:"evidence"`
	Interlocks []reaper.Interlock `json:"interlocks"`
	logsJSON
	Next nextJSON `json:"next"`
}

// nextJSON is what will happen to the container.
type nextJSON struct {
	Text string `json:"text"`
	// At is when weeder will destroy it, or can; null: it won't, or at its next
	// pass.
	At *string `json:"at"`
}

type holdJSON struct {
	By     reaper.HoldName `json:"by"`
	Detail string          `json:"detail"`
	Until  *string         `json:"until"`
}

type evidenceJSON struct {
	Volume         string  `json:"volume"`
	Directory      *string `json:"directory"`
	TTLJSON        *string `json:"ttl_json"`
	PropertiesJSON *string `json:"properties_json"`
	Parent         *string `json:"parent"`
}

// check finds what the parser can't.
func (c *explainCommand) check() error {
	return errors.Join(c.lookOptions.check(), c.logOptions.check(c.app))
}

// Execute runs the command.
func (c *explainCommand) Execute(args []string) error {
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
	if !report.Judged {
		return errSaid
	}
	at := slices.IndexFunc(report.Findings, func(f reaper.Finding) bool { return f.Container.Handle == c.handle() })
	if at < 0 {
		return c.unknown(report)
	}
	finding := report.Findings[at]
	c.app.sayBlind(report)

	snapshot, err := site.volumes.Read(c.app.ctx)
	if err != nil {
		return err
	}
	infos := make([]baggageclaim.Info, 0, len(finding.Volumes))
	for _, volume := range finding.Volumes {
		infos = append(infos, snapshot.Info(volume.Handle))
	}
	next := site.next(report, finding)
	if c.JSON {
		story := c.readLogs(finding)
		answer := newExplainJSON(report, finding, infos)
		answer.logsJSON = story.json()
		answer.Next = nextJSON{Text: next.text, At: timestamp(next.at)}
		return errors.Join(c.app.printJSON(answer), story.err())
	}
	c.evidence(site, report, finding, infos)
	// Who waits for the logs has all that they are no ingredient of.
	c.app.flush()
	story := c.readLogs(finding)
	c.story(finding, story)
	c.section("what happens next")
	c.line(1, "%s: %s", headline(finding, report.At), next.text)
	return story.err()
}

func newExplainJSON(pass reaper.Report, finding reaper.Finding, infos []baggageclaim.Info) explainJSON {
	container := finding.Container
	out := explainJSON{
		Container:  report.NewContainer(finding, pass.At),
		ScannedAt:  pass.At.UTC().Format(time.RFC3339),
		Hidden:     container.Hidden,
		State:      known(container.State),
		CreatedAt:  timestamp(container.CreatedAt),
		BundlePath: known(container.BundlePath),
		Properties: container.Properties,
		Since:      timestamp(finding.Since),
		Holds:      []holdJSON{},
		Evidence:   []evidenceJSON{},
		Interlocks: orEmpty(pass.Interlocks),
	}
	for _, hold := range finding.Holds {
		out.Holds = append(out.Holds, holdJSON{By: hold.By, Detail: hold.Detail, Until: timestamp(hold.Until)})
	}
	for _, info := range infos {
		out.Evidence = append(out.Evidence, evidenceJSON{
			Volume:         info.Handle,
			Directory:      known(info.Directory),
			TTLJSON:        known(string(info.TTLJSON)),
			PropertiesJSON: known(string(info.PropertiesJSON)),
			Parent:         known(info.Parent),
		})
	}
	return out
}
