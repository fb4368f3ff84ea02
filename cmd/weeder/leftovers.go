package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"code.cloudfoundry.org/clock"

	"weeder/baggageclaim"
	"weeder/gardenclient"
	"weeder/reaper"
	"weeder/status/leftovers"
)

// shownExamples is how many leftovers of a kind the table names.
const shownExamples = 3

// askedForDepot is how many containers are asked about to learn where the depot
// is. One would do, but Garden can't tell of every one.
const askedForDepot = 10

type leftoversCommand struct {
	app       *app
	OlderThan time.Duration `long:"older-than" default:"1h" description:"for how long nothing must have changed in it"`
	JSON      bool          `long:"json" description:"print JSON"`
}

// Execute runs the command.
func (c *leftoversCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	if c.OlderThan < 0 {
		return usagef("--older-than: %s is negative", c.OlderThan)
	}
	client := c.app.garden()
	defer client.Close()
	config := c.app.leftoversConfig(c.app.ctx, client, c.OlderThan)
	report, err := leftovers.Scan(c.app.ctx, config)
	if err != nil {
		return err
	}

	if c.JSON {
		err = c.app.printJSON(c.json(config, report))
	} else {
		c.tables(report)
	}
	c.sayProblems(report)
	if err == nil && !report.Judged() {
		return errSaid
	}
	return err
}

// leftoversConfig is what the worker says of itself: the volumes directory that
// can be read, and what Garden lists.
func (a *app) leftoversConfig(ctx context.Context, client *gardenclient.Client, minAge time.Duration) leftovers.Config {
	config := leftovers.Config{
		Namespace: a.global.ContainerdNamespace,
		Depot:     a.global.Depot,
		MinAge:    minAge,
		Clock:     clock.NewClock(),
	}
	volumes := baggageclaim.NewDir(a.global.Volumes)
	config.Volumes, config.VolumesErr = volumes.Path()
	if config.VolumesErr == nil {
		_, config.VolumesErr = volumes.Read(ctx)
	}

	listed, err := client.Handles(ctx)
	if config.HandlesErr = err; err == nil {
		for _, l := range listed {
			config.Handles = append(config.Handles, l.Handle)
		}
	}
	switch {
	case config.Depot != "":
	case err != nil:
		config.DepotErr = unknownDepot(err)
	default:
		config.Depot, config.DepotErr = depotOf(ctx, client, config.Handles)
	}
	return config
}

// depotOf learns from Garden where the depot is; empty without an error: this
// Garden has none.
func depotOf(ctx context.Context, client *gardenclient.Client, handles []string) (string, error) {
	var asked []string
	for _, handle := range handles {
		if reaper.SafeHandle(handle) && len(asked) < askedForDepot {
			asked = append(asked, handle)
		}
	}
	// Whatever is told already is not asked about one by one.
	sightings, err := client.Inspect(ctx, asked, func(string) bool { return true })
	if err == nil {
		for _, handle := range asked {
			if path := sightings[handle].BundlePath; filepath.Base(path) == handle {
				return filepath.Dir(path), nil
			}
		}
		_, err = client.Capacity(ctx)
	}
	if gardenclient.IsNotImplemented(err) {
		return "", nil
	}
	if err == nil {
		err = errors.New("no container tells (--depot says it)")
	}
	return "", unknownDepot(err)
}

func unknownDepot(err error) error {
	return fmt.Errorf("where Guardian's depot is, is not known: %w", err)
}

func (c *leftoversCommand) tables(report leftovers.Report) {
	found := table{headers: []string{"kind", "count", "inodes", "free inodes", "oldest", "examples"}}
	for _, finding := range report.Kinds {
		if finding.Count > 0 {
			found.rows = append(found.rows, []cell{
				{text: string(finding.Kind)},
				{text: fmt.Sprint(finding.Count)},
				{text: inodesText(finding)},
				{text: numberText(finding.FreeInodes)},
				{text: short(report.At.Sub(finding.Oldest))},
				{text: examplesText(finding)},
			})
		}
	}
	if len(found.rows) == 0 {
		fmt.Fprintln(c.app.stdout, "none")
	} else {
		found.write(c.app.stdout, c.app.terminal.stdout)
	}

	fmt.Fprintln(c.app.stdout)
	room := table{headers: []string{"file system", "free", "free inodes"}}
	for _, system := range report.FileSystems {
		free := ""
		if system.FreeBytes != nil {
			free = binaryBytes(*system.FreeBytes)
		}
		room.rows = append(room.rows, []cell{{text: system.Path}, {text: free}, {text: numberText(system.FreeInodes)}})
	}
	room.write(c.app.stdout, c.app.terminal.stdout)
}

// sayProblems tells on stderr what was not judged, and what there is no place
// for.
func (c *leftoversCommand) sayProblems(report leftovers.Report) {
	c.app.flush()
	label, absent := "warning", []string{}
	if !report.Judged() {
		label = "error"
	}
	for _, finding := range report.Kinds {
		how := "not judged"
		switch finding.Status() {
		case leftovers.Absent:
			absent = append(absent, string(finding.Kind))
		case leftovers.Partly:
			how = "judged in part"
		}
		for _, problem := range finding.Problems {
			c.app.complain(label, "%s %s: %s", finding.Kind, how, problem)
		}
	}
	for _, system := range report.FileSystems {
		if system.Err != nil {
			c.app.complain(label, "%v", system.Err)
		}
	}
	if len(absent) > 0 {
		fmt.Fprintln(c.app.stderr, "no place on this worker for:", strings.Join(absent, ", "))
	}
}

func inodesText(finding leftovers.Finding) string {
	if finding.InodesAtLeast {
		return fmt.Sprintf("%d or more", finding.Inodes)
	}
	return fmt.Sprint(finding.Inodes)
}

func numberText(n *uint64) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

func examplesText(finding leftovers.Finding) string {
	var texts []string
	for _, example := range finding.Examples[:min(shownExamples, len(finding.Examples))] {
		text := example.Path
		if example.Note != "" {
			text += " (" + example.Note + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}
