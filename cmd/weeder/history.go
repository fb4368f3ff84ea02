package main

import (
	"slices"
	"strings"
	"time"

	"weeder/journal"
	"weeder/reaper"
)

type historyCommand struct {
	app   *app
	Since momentFlag `long:"since" value-name:"TIME" description:"how far to look back, such as 90m, 24h, 1d12h or 2w, or from when: 2026-11-20, '2026-11-20 14:00' by this machine's clock, or RFC 3339 (default: 24h, or with a HANDLE all that there is)"`
	Until momentFlag `long:"until" value-name:"TIME" description:"up to when, given likewise (default: now)"`
	By    byFlag     `long:"by" value-name:"WHAT" description:"count how many leaked, were destroyed and failed: in each hour, or with hour-of-day in each of the 24 of this machine's clock"`
	JSON  bool       `long:"json" description:"print JSON"`
	Args  struct {
		Handles []toldHandle `positional-arg-name:"HANDLE" description:"show what is about these containers alone"`
	} `positional-args:"yes"`
}

// byFlag is what history counts by.
type byFlag string

const (
	byHour      byFlag = "hour"
	byHourOfDay byFlag = "hour-of-day"
)

// usualSince is how far history looks back where no container is named.
const usualSince = 24 * time.Hour

// longestByHour bounds the rows.
const longestByHour = 10 * 366 * 24 * time.Hour

// UnmarshalFlag implements flags.Unmarshaler.
func (f *byFlag) UnmarshalFlag(value string) error {
	return choose(f, value, string(byHour), string(byHourOfDay))
}

// spanJSON is the time that history is about.
type spanJSON struct {
	Since string `json:"since"`
	Until string `json:"until"`
}

// historyJSON is what history prints as JSON: the entries as the journal has
// them.
type historyJSON struct {
	spanJSON
	Entries []journal.Entry `json:"entries"`
}

// Execute runs the command.
func (c *historyCommand) Execute([]string) error {
	now := time.Now()
	since, until := c.since(now), c.Until.from(now)
	if !since.Before(until) {
		return usagef("--since: %s is not before %s: give an earlier time, or a longer while", clockText(since), clockText(until))
	}
	account, err := journal.Read(c.app.global.journalDir(), since)
	if err != nil {
		return aboutReading(err)
	}
	if since.IsZero() {
		since = earliest(account.Entries, until)
	}
	if c.By == byHour && until.Sub(since) > longestByHour {
		return usagef("--by hour: give a --since within 10 years of the end")
	}
	entries := slices.DeleteFunc(account.Entries, func(e journal.Entry) bool { return e.Time.After(until) })

	span := spanJSON{Since: since.UTC().Format(time.RFC3339), Until: until.UTC().Format(time.RFC3339)}
	c.sayLost(account)
	if account.There {
		c.sayNothing(entries, span)
	}
	entries = slices.DeleteFunc(entries, func(e journal.Entry) bool { return !c.about(e) })
	switch {
	case c.By == byHourOfDay:
		return c.hours(span, countByHourOfDay(entries))
	case c.By == byHour:
		return c.hours(span, countByHour(entries, since, until))
	case c.JSON:
		return c.app.printJSON(historyJSON{spanJSON: span, Entries: orEmpty(entries)})
	case len(entries) > 0:
		c.entries(entries)
	}
	return nil
}

// sayLost says on stderr what makes the answer less than what happened.
func (c *historyCommand) sayLost(account journal.Account) {
	if !account.There {
		c.app.warn("there is no journal in %s: set --journal, or start weeder daemon", c.app.global.journalDir())
	}
	for _, file := range account.PassedOver {
		c.app.warn("passed over %s that could not be read in %s", plural(file.Lines, "line"), file.Path)
	}
}

func (c *historyCommand) entries(entries []journal.Entry) {
	out := table{headers: []string{"time", "event", "handle", "age", "for", "why"}}
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
			{text: entry.Purpose},
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
