package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"weeder/baggageclaim"
	"weeder/reaper"
	"weeder/status/report"
)

type explainCommand struct {
	app *app
	lookOptions
	oneHandle
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
		return unknownHandle(c.handle(), handlesOf(report.Findings), "", "weeder scan")
	}
	finding := report.Findings[at]

	snapshot, err := site.volumes.Read(c.app.ctx)
	if err != nil {
		return err
	}
	infos := make([]baggageclaim.Info, 0, len(finding.Volumes))
	for _, volume := range finding.Volumes {
		infos = append(infos, snapshot.Info(volume.Handle))
	}
	if c.JSON {
		return c.app.printJSON(newExplainJSON(report, finding, infos))
	}
	c.text(site, report, finding, infos)
	return nil
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

func (c *explainCommand) text(site *site, report reaper.Report, finding reaper.Finding, infos []baggageclaim.Info) {
	container := finding.Container
	c.line(0, "container %s", container.Handle)
	if container.Hidden {
		c.line(1, "not in Garden's plain list: half-created, or known from the depot alone")
	}
	if container.State != "" {
		c.line(1, "state       %s", container.State)
	}
	if container.Task != "" {
		c.line(1, "task        %s", container.Task)
	}
	if container.Task == reaper.NoTask {
		c.line(2, "that is no sign of death: Concourse starts it again at its next use")
		c.line(2, "destroying it skips the teardown of its network, which can leave its address reserved")
	}
	c.purpose(container.Purpose)
	if container.CreatedAt.IsZero() {
		c.line(1, "created     not known")
	} else {
		c.line(1, "created     %s, %s", clockText(container.CreatedAt), ago(container.CreatedAt, report.At))
	}
	c.line(1, "grace time  %s", orNone(graceText(container)))
	if bundle := site.bundle(container); bundle != "" {
		c.line(1, "bundle      %s", filepath.Join(bundle, "config.json"))
	}
	for _, key := range slices.Sorted(maps.Keys(container.Properties)) {
		c.line(1, "property    %s = %s", key, container.Properties[key])
	}

	for i, volume := range finding.Volumes {
		c.line(0, "")
		c.volume(volume, infos[i], site.volumesDir(), report.At)
	}
	c.line(0, "")
	c.verdict(report, finding)
}

func (c *explainCommand) purpose(purpose reaper.Purpose) {
	text := purpose.String()
	switch {
	case text == "":
		text = "not known"
	case purpose.Build != "" && purpose.BuildID != "":
		text += ", build " + purpose.BuildID
	}
	c.line(1, "for         %s", text)
	if purpose.Step == reaper.StepTask {
		c.line(2, "Concourse does not tell the worker whose task it is")
	}
}

func (c *explainCommand) volume(volume reaper.ReferencedVolume, info baggageclaim.Info, dir string, now time.Time) {
	role := "mounted at " + volume.Path
	switch {
	case volume.Root:
		role = "its root"
	case volume.Path == "":
		role = "used"
	}
	sources := make([]string, len(volume.Sources))
	for i, source := range volume.Sources {
		sources[i] = string(source)
	}
	c.line(0, "volume %s: %s", volume.Handle, stateText(volume.Volume, now))
	c.line(1, "%s, says %s", role, strings.Join(sources, " and "))
	if info.Directory == "" {
		for _, state := range []string{"init", "live", "dead"} {
			if volume.State == reaper.VolumeMissing {
				c.line(1, "%s: no such directory", filepath.Join(dir, state, volume.Handle))
			}
		}
		if volume.Err != nil {
			c.line(1, "%v", volume.Err)
		}
		return
	}

	c.line(1, "%s", info.Directory)
	if info.Parent != "" {
		c.line(1, "copy-on-write child of %s", info.Parent)
	}
	switch {
	case info.TTLErr != nil:
		c.line(1, "%v", info.TTLErr)
	case info.TTLJSON == nil:
		c.line(1, "no ttl.json: it never expires, as all volumes from Concourse 5.1 on")
	case info.TTL == 0:
		c.line(1, "ttl.json    %s", bytesText(info.TTLJSON))
		c.line(1, "ttl 0: never expires; expires_at %s is only when it was written", clockText(info.ExpiresAt))
	default:
		c.line(1, "ttl.json    %s", bytesText(info.TTLJSON))
		c.line(1, "ttl %s, expires at %s", short(info.TTL), clockText(info.ExpiresAt))
	}
	for _, key := range slices.Sorted(maps.Keys(info.Properties)) {
		c.line(1, "property    %s = %s", key, info.Properties[key])
	}
}

func (c *explainCommand) verdict(report reaper.Report, finding reaper.Finding) {
	c.line(0, "verdict %s", finding.Verdict)
	switch finding.Verdict {
	case reaper.Live:
		c.line(1, "all its volumes are there: it is kept")
		return
	case reaper.Foreign:
		c.line(1, "its OCI spec refers to no volume: it is not Concourse's, and never touched")
		return
	}
	for _, reason := range finding.Reasons {
		c.line(1, "%s: %s", strings.TrimSpace(string(reason.Code)+" "+reason.Volume), reason.Detail)
	}
	if finding.Verdict == reaper.Unknown {
		c.line(1, "it can't be judged, so it is kept")
		return
	}
	if finding.Failures > 0 {
		c.line(1, "destroying it has failed %s", times(finding.Failures))
	}
	if finding.Stuck() {
		c.line(2, "it is stuck: look into Garden's log for it")
	}
	if !finding.Since.IsZero() {
		c.line(1, "its grace counts from %s, %s", clockText(finding.Since), ago(finding.Since, report.At))
	}
	for _, hold := range finding.Holds {
		c.line(1, "held by %s: %s", hold.By, hold.Detail)
		if !hold.Until.IsZero() {
			c.line(2, "until %s, %s from now", clockText(hold.Until), short(hold.Until.Sub(report.At)))
		}
	}
	if finding.Eligible() {
		c.line(1, "nothing holds it: weeder reap %s", finding.Container.Handle)
	}
}

// line prints one line, indented, with nothing in it that steers a terminal.
func (c *explainCommand) line(depth int, format string, args ...any) {
	fmt.Fprintln(c.app.stdout, strings.Repeat("  ", depth)+printable(fmt.Sprintf(format, args...)))
}

// bytesText shows a small file as it is, with its line ends escaped.
func bytesText(data []byte) string {
	return fmt.Sprintf("%s  (%d bytes)", strings.ReplaceAll(string(data), "\n", `\n`), len(data))
}

// clockText is a time as the worker's logs have it.
func clockText(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}

func ago(t, now time.Time) string {
	if t.After(now) {
		return "in the future: is the clock right?"
	}
	return short(now.Sub(t)) + " ago"
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
