package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"weeder/baggageclaim"
	"weeder/reaper"
)

// evidence shows the verdict and all that it rests on, and what else the worker
// says.
func (c *explainCommand) evidence(site *site, report reaper.Report, finding reaper.Finding, infos []baggageclaim.Info) {
	container := finding.Container
	c.line(0, "verdict %s", headline(finding, report.At))
	c.section("container %s", container.Handle)
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
	if finding.Processes > 0 {
		c.line(1, "processes   %d, its init among them", finding.Processes)
	}
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
	c.why(report, finding)
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
		expires := "expires"
		if !info.ExpiresAt.After(now) {
			expires = "expired"
		}
		c.line(1, "ttl %s, %s at %s, %s", short(info.TTL), expires, clockText(info.ExpiresAt), fromNow(info.ExpiresAt, now))
	}
	if info.PropertiesErr != nil {
		c.line(1, "%v", info.PropertiesErr)
	}
	for _, key := range slices.Sorted(maps.Keys(info.Properties)) {
		c.line(1, "property    %s = %s", key, readable(info.Properties[key]))
	}
}

// why shows what the verdict rests on, and what holds the container.
func (c *explainCommand) why(report reaper.Report, finding reaper.Finding) {
	c.section("why")
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
			c.line(2, "until %s, %s", clockText(hold.Until), fromNow(hold.Until, report.At))
		}
	}
	switch {
	case finding.Destroying:
		c.line(1, "the daemon is destroying it")
	case finding.Eligible():
		c.line(1, "nothing holds it")
	}
}

// line prints one line, indented, with nothing in it that steers a terminal.
func (c *explainCommand) line(depth int, format string, args ...any) {
	fmt.Fprintln(c.app.stdout, strings.Repeat("  ", depth)+printable(fmt.Sprintf(format, args...)))
}

// section begins a part of the text.
func (c *explainCommand) section(format string, args ...any) {
	c.line(0, "")
	c.line(0, format, args...)
}

// bytesText shows a small file as it is, with its line ends escaped.
func bytesText(data []byte) string {
	return fmt.Sprintf("%s  (%d bytes)", strings.ReplaceAll(string(data), "\n", `\n`), len(data))
}

// clockText is a time as the worker's clock shows it.
func clockText(t time.Time) string {
	return t.Local().Format("2006-01-02 15:04:05 MST")
}

// fromNow is how far a time lies ahead, or back.
func fromNow(t, now time.Time) string {
	if t.After(now) {
		return "in " + short(t.Sub(now))
	}
	return short(now.Sub(t)) + " ago"
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

// hashes are what baggageclaim's users put in the place of what may be secret.
var hashes = regexp.MustCompile(`^[0-9a-f]{64,}$`)

// readable shows a property of a volume in short: a version as its fields, a
// hash as its beginning.
func readable(value string) string {
	var fields map[string]string
	switch {
	case hashes.MatchString(value):
		return fmt.Sprintf("%.12s… (a hash)", value)
	case json.Unmarshal([]byte(value), &fields) == nil && len(fields) > 0:
		var texts []string
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			texts = append(texts, key+": "+fields[key])
		}
		return strings.Join(texts, ", ")
	}
	return value
}
