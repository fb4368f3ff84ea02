package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"weeder/journal"
	"weeder/reaper"
)

type historyCommand struct {
	app   *app
	Since sinceFlag `long:"since" value-name:"DURATION" default:"24h" description:"how far to look back, such as 90m, 24h or 7d"`
	By    byFlag    `long:"by" value-name:"hour" description:"count how many leaked, were destroyed and failed in each hour"`
	JSON  bool      `long:"json" description:"print JSON"`
}

// sinceFlag is a duration that may be given in days.
type sinceFlag time.Duration

// UnmarshalFlag implements flags.Unmarshaler.
func (f *sinceFlag) UnmarshalFlag(value string) error {
	duration, err := time.ParseDuration(value)
	if days, inDays := strings.CutSuffix(value, "d"); inDays {
		var count float64
		count, err = strconv.ParseFloat(days, 64)
		duration = time.Duration(count * float64(24*time.Hour))
	}
	if err != nil || duration <= 0 {
		return fmt.Errorf("%q: give a duration above 0, such as 90m, 24h or 7d", value)
	}
	*f = sinceFlag(duration)
	return nil
}

// byFlag is what history counts by.
type byFlag string

// UnmarshalFlag implements flags.Unmarshaler.
func (f *byFlag) UnmarshalFlag(value string) error {
	if value != "hour" {
		return fmt.Errorf("%q: give hour", value)
	}
	*f = byFlag(value)
	return nil
}

// historyJSON is what history prints as JSON: the entries as the journal has
// them.
type historyJSON struct {
	Since   string          `json:"since"`
	Entries []journal.Entry `json:"entries"`
}

// hoursJSON is what history --by hour prints as JSON.
type hoursJSON struct {
	Since string     `json:"since"`
	Hours []hourJSON `json:"hours"`
}

type hourJSON struct {
	Hour         string `json:"hour"`
	Leaked       int    `json:"leaked"`
	WouldDestroy int    `json:"would_destroy"`
	Destroyed    int    `json:"destroyed"`
	Failed       int    `json:"failed"`
}

// Execute runs the command.
func (c *historyCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	now := time.Now()
	since := now.Add(-time.Duration(c.Since))
	entries, err := journal.Read(c.app.global.journalDir(), since)
	if err != nil {
		return err
	}

	began := since.UTC().Format(time.RFC3339)
	switch {
	case c.By != "" && c.JSON:
		return c.app.printJSON(hoursJSON{Since: began, Hours: byHour(entries, since, now)})
	case c.By != "":
		c.hours(byHour(entries, since, now))
	case c.JSON:
		return c.app.printJSON(historyJSON{Since: began, Entries: orEmpty(entries)})
	case len(entries) == 0:
		fmt.Fprintf(c.app.stderr, "nothing in the journal since %s (%s)\n", began, c.app.global.journalDir())
	default:
		c.entries(entries)
	}
	return nil
}

func (c *historyCommand) entries(entries []journal.Entry) {
	out := table{headers: []string{"time", "event", "handle", "age", "why"}}
	for _, entry := range entries {
		event, about := string(entry.Event), entry.Handle
		if entry.Interlock != "" {
			about = string(entry.Interlock)
			event += onOff(entry)
		}
		out.rows = append(out.rows, []cell{
			{text: entry.Time.UTC().Format(time.RFC3339)},
			{text: event, colour: eventColour(entry)},
			{text: about},
			{text: entryAge(entry)},
			{text: entryWhy(entry)},
		})
	}
	out.write(c.app.stdout, c.app.terminal.stdout)
}

func onOff(entry journal.Entry) string {
	if entry.On != nil && *entry.On {
		return " on"
	}
	return " off"
}

func eventColour(entry journal.Entry) string {
	switch entry.Event {
	case reaper.EventDestroyed, reaper.EventWouldDestroy:
		return "green"
	case reaper.EventDestroyFailed, reaper.EventStuck:
		return "red"
	case reaper.EventInterlock:
		return "yellow"
	}
	return ""
}

func entryAge(entry journal.Entry) string {
	if entry.AgeSeconds == nil {
		return ""
	}
	return short(time.Duration(*entry.AgeSeconds * float64(time.Second)))
}

// entryWhy is what made the event: the error where there is one, the note or the
// reasons.
func entryWhy(entry journal.Entry) string {
	var texts []string
	if entry.Error != "" {
		texts = append(texts, oneLine(entry.Error))
	}
	if entry.Note != "" {
		texts = append(texts, oneLine(entry.Note))
	}
	if len(texts) == 0 {
		for _, reason := range entry.Reasons {
			texts = append(texts, strings.TrimSpace(string(reason.Code)+" "+reason.Volume))
		}
	}
	return strings.Join(texts, ", ")
}

// byHour counts the entries of each hour from the first to the present one.
func byHour(entries []journal.Entry, since, now time.Time) []hourJSON {
	first := since.UTC().Truncate(time.Hour)
	hours := make([]hourJSON, int(now.UTC().Truncate(time.Hour).Sub(first)/time.Hour)+1)
	for i := range hours {
		hours[i].Hour = first.Add(time.Duration(i) * time.Hour).Format(time.RFC3339)
	}
	for _, entry := range entries {
		at := int(entry.Time.UTC().Sub(first) / time.Hour)
		if at < 0 || at >= len(hours) {
			continue
		}
		switch entry.Event {
		case reaper.EventFlagged:
			hours[at].Leaked++
		case reaper.EventWouldDestroy:
			hours[at].WouldDestroy++
		case reaper.EventDestroyed:
			hours[at].Destroyed++
		case reaper.EventDestroyFailed:
			hours[at].Failed++
		}
	}
	return hours
}

func (c *historyCommand) hours(hours []hourJSON) {
	out := table{headers: []string{"hour", "leaked", "would destroy", "destroyed", "failed"}}
	for _, hour := range hours {
		out.rows = append(out.rows, []cell{
			{text: hour.Hour}, {text: fmt.Sprint(hour.Leaked)}, {text: fmt.Sprint(hour.WouldDestroy)},
			{text: fmt.Sprint(hour.Destroyed)}, {text: fmt.Sprint(hour.Failed)},
		})
	}
	out.write(c.app.stdout, c.app.terminal.stdout)
}
