package main

import (
	"fmt"
	"strings"
	"time"

	"weeder/journal"
	"weeder/reaper"
)

// hoursJSON is what history --by prints as JSON.
type hoursJSON struct {
	spanJSON
	Hours []hourJSON `json:"hours"`
}

type hourJSON struct {
	// Hour is when it began, or with hour-of-day which of the 24 it is: 14:00.
	Hour         string `json:"hour"`
	Leaked       int    `json:"leaked"`
	WouldDestroy int    `json:"would_destroy"`
	Destroyed    int    `json:"destroyed"`
	Failed       int    `json:"failed"`
	// Reasons are those that leaked by the first of their reasons.
	Reasons map[reaper.Code]int `json:"reasons"`
	// local is the hour by the clock of this machine.
	local string
}

// hours shows what happened in each hour.
func (c *historyCommand) hours(span spanJSON, hours []hourJSON) error {
	if c.JSON {
		return c.app.printJSON(hoursJSON{spanJSON: span, Hours: hours})
	}
	c.hourTable(hours)
	return nil
}

// countByHour counts the entries of each hour from the first to the last one.
func countByHour(entries []journal.Entry, since, until time.Time) []hourJSON {
	first := since.UTC().Truncate(time.Hour)
	hours := make([]hourJSON, int(until.UTC().Truncate(time.Hour).Sub(first)/time.Hour)+1)
	for i := range hours {
		at := first.Add(time.Duration(i) * time.Hour)
		hours[i] = hourJSON{Hour: at.Format(time.RFC3339), Reasons: map[reaper.Code]int{}, local: at.Local().Format("Mon 2006-01-02 15:04")}
	}
	for _, entry := range entries {
		if at := int(entry.Time.UTC().Sub(first) / time.Hour); at >= 0 && at < len(hours) {
			hours[at].count(entry)
		}
	}
	return hours
}

// countByHourOfDay counts the entries of each of the 24 hours that this
// machine's clock shows.
func countByHourOfDay(entries []journal.Entry) []hourJSON {
	hours := make([]hourJSON, 24)
	for i := range hours {
		text := fmt.Sprintf("%02d:00", i)
		hours[i] = hourJSON{Hour: text, Reasons: map[reaper.Code]int{}, local: text}
	}
	for _, entry := range entries {
		hours[entry.Time.Local().Hour()].count(entry)
	}
	return hours
}

func (h *hourJSON) count(entry journal.Entry) {
	switch entry.Event {
	case reaper.EventFlagged:
		h.Leaked++
		if len(entry.Reasons) > 0 {
			h.Reasons[entry.Reasons[0].Code]++
		}
	case reaper.EventWouldDestroy:
		h.WouldDestroy++
	case reaper.EventDestroyed:
		h.Destroyed++
	case reaper.EventDestroyFailed:
		h.Failed++
	}
}

// hourTable is a row for each hour: numbers alone for scripts, for people with
// a bar of those that leaked.
func (c *historyCommand) hourTable(hours []hourJSON) {
	people := c.app.terminal.stdout
	out := table{headers: []string{"hour", "leaked", "would destroy", "destroyed", "failed"}}
	most := 0
	for _, hour := range hours {
		most = max(most, hour.Leaked)
	}
	if people {
		out.headers = append(out.headers, "leaked, by reason")
	}
	for _, hour := range hours {
		row := []cell{
			{text: hour.Hour}, {text: fmt.Sprint(hour.Leaked)}, {text: fmt.Sprint(hour.WouldDestroy)},
			{text: fmt.Sprint(hour.Destroyed)}, {text: fmt.Sprint(hour.Failed)},
		}
		if people {
			row[0].text = hour.local
			row = append(row, cell{text: hour.bar(most)})
		}
		out.rows = append(out.rows, row)
	}
	out.write(c.app.stdout, people)
	if people {
		c.legend(hours, most)
	}
}

// barWidth is how long the longest bar is at most.
const barWidth = 40

// barLetters draw the reasons.
var barLetters = []struct {
	letter, name string
	code         reaper.Code
}{
	{"m", "missing", reaper.VolumeIsMissing},
	{"d", "dead", reaper.VolumeIsDead},
	{"x", "expired", reaper.VolumeExpired},
}

// bar draws how many leaked, one letter for each, or in proportion where most
// are more than fit. What leaked is never drawn as nothing.
func (h hourJSON) bar(most int) string {
	if h.Leaked == 0 {
		return " "
	}
	var drawn strings.Builder
	length := func(count int) int {
		if most <= barWidth {
			return count
		}
		return (count*barWidth + most/2) / most
	}
	known, end := 0, 0
	for _, reason := range barLetters {
		known += h.Reasons[reason.code]
		// From end to end, so that rounding does not make the whole longer.
		drawn.WriteString(strings.Repeat(reason.letter, length(known)-end))
		end = length(known)
	}
	drawn.WriteString(strings.Repeat("?", length(h.Leaked)-end))
	if drawn.Len() == 0 {
		return "."
	}
	return drawn.String()
}

// legend says what the bars mean, with the sums.
func (c *historyCommand) legend(hours []hourJSON, most int) {
	leaked, others := 0, 0
	sums := map[reaper.Code]int{}
	for _, hour := range hours {
		leaked += hour.Leaked
		others += hour.Leaked
		for _, reason := range barLetters {
			sums[reason.code] += hour.Reasons[reason.code]
			others -= hour.Reasons[reason.code]
		}
	}
	var texts []string
	for _, reason := range barLetters {
		if count := sums[reason.code]; count > 0 {
			texts = append(texts, fmt.Sprintf("%s %s %d", reason.letter, reason.name, count))
		}
	}
	if others > 0 {
		texts = append(texts, fmt.Sprintf("? other %d", others))
	}
	text := fmt.Sprintf("%d leaked", leaked)
	if len(texts) > 0 {
		text += ": " + strings.Join(texts, ", ")
	}
	if most > barWidth {
		text += fmt.Sprintf("; the longest bar stands for %d", most)
	}
	fmt.Fprintf(c.app.stdout, "%s; hours of %s\n", text, time.Now().Format("MST (UTC-07:00)"))
}
