package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"weeder/cmd/weeder/logs"
	"weeder/reaper"
)

// shownLines is how many of the lines are shown without --all-logs.
const shownLines = 40

// story shows what the logs say, and what it comes to.
func (c *explainCommand) story(finding reaper.Finding, story story) {
	if story.wanted {
		c.section("logs")
		c.logLines(story)
	}
	var texts []string
	if story.synopsis != "" {
		texts = append(texts, story.synopsis)
	}
	texts = append(texts, consequences(finding)...)
	if len(texts) == 0 {
		return
	}
	c.section("so")
	for _, text := range texts {
		c.line(1, "%s", text)
	}
}

// consequences are what people meet with who use a container whose volumes are
// gone. (Guardian's rundmc/users, which looks into the root's /etc/passwd, and
// does not insist on one for root since June 2018; ATC's
// worker/gardenruntime/errors.go, worker/container.go of 2016.)
func consequences(finding reaper.Finding) []string {
	var texts []string
	gone := ""
	for _, volume := range accusedVolumes(finding) {
		if volume.State == reaper.VolumeLive {
			continue
		}
		if gone == "" {
			gone = volume.Handle
		}
		if volume.Root {
			texts = append(texts, "its root volume is gone, so as a rule nothing can be started in it: weeder shell and fly hijack fail, "+
				"with Guardian up to the middle of 2018 by: unable to find user root")
			break
		}
	}
	if gone != "" {
		texts = append(texts, "should Concourse still know the container, a build that wants to use it again fails: "+
			"volume mounted to container is missing (newer releases name "+gone+")")
	}
	return texts
}

func (c *explainCommand) logLines(story story) {
	groups := grouped(story.Lines)
	switch {
	case len(story.Files) == 0:
		c.line(1, "none found %s: give them by --logs GLOB, or by a pipe and --logs -", story.looked())
		return
	case len(groups) == 0:
		c.line(1, "nothing in %s %s names it or a volume of its", plural(len(story.Files), "file"), story.looked())
		return
	}
	shown := groups
	if !c.AllLogs {
		shown = mostTelling(groups, shownLines)
	}
	var last time.Time
	for _, group := range shown {
		day := "          "
		if !sameDay(group.first.At, last) {
			day = group.first.At.Local().Format(time.DateOnly)
			last = group.first.At
		}
		at := group.first.At.Local().Format(time.TimeOnly)
		if group.first.At.IsZero() {
			day, at = "          ", "        "
		}
		c.line(1, "%s %s  %s", day, at, group.text())
	}
	hidden := 0
	for _, group := range groups {
		hidden += group.count
	}
	for _, group := range shown {
		hidden -= group.count
	}
	if hidden > 0 {
		c.line(1, "%d more: --all-logs", hidden)
	}
	if story.Older > 0 {
		c.line(1, "%d more, older ones, are left out", story.Older)
	}
}

// logGroup is a line, or one that comes several times in a row.
type logGroup struct {
	first logs.Line
	until time.Time
	count int
}

// grouped joins the lines that say the same in a row: what is asked again and
// again is told once. An act that several lines tell of is there once.
func grouped(lines []logs.Line) []logGroup {
	acts := logs.Story(lines)
	var groups []logGroup
	for _, line := range lines {
		isEvent := line.Event.Kind != ""
		if isEvent {
			if len(acts) == 0 || !acts[0].At.Equal(line.At) || acts[0].Event.Kind != line.Event.Kind || acts[0].File != line.File {
				continue
			}
			line, acts = acts[0], acts[1:]
		}
		if last := len(groups) - 1; last >= 0 && !isEvent && groups[last].same(line) {
			groups[last].count++
			groups[last].until = line.At
			continue
		}
		groups = append(groups, logGroup{first: line, until: line.At, count: 1})
	}
	return groups
}

func (g logGroup) same(line logs.Line) bool {
	return g.first.Event.Kind == "" && g.first.Source == line.Source && g.first.Message == line.Message &&
		slices.Equal(g.first.Handles, line.Handles)
}

// mostTelling are the newest groups that are understood, and as many of the
// newest others as there is room for.
func mostTelling(groups []logGroup, most int) []logGroup {
	keep := make([]bool, len(groups))
	for _, events := range []bool{true, false} {
		for i, group := range slices.Backward(groups) {
			if isEvent := group.first.Event.Kind != ""; isEvent == events && most > 0 {
				keep[i] = true
				most--
			}
		}
	}
	var kept []logGroup
	for i, group := range groups {
		if keep[i] {
			kept = append(kept, group)
		}
	}
	return kept
}

func (g logGroup) text() string {
	if text := g.first.Sentence(); text != "" {
		return clipped(text, 400)
	}
	var words []string
	if level := g.first.Level; level == "error" || level == "fatal" {
		words = append(words, level+":")
	}
	if source := g.first.Source; source != "" && !strings.HasPrefix(g.first.Message, source+".") {
		words = append(words, source)
	}
	words = append(words, clipped(g.first.Message, 160))
	if data := dataText(g.first.Data); data != "" {
		words = append(words, data)
	}
	if g.count > 1 {
		words = append(words, fmt.Sprintf("(%d times, until %s)", g.count, g.until.Local().Format(time.TimeOnly)))
	}
	return strings.Join(words, " ")
}

// dataText is what matters of a line's data, in short.
func dataText(data map[string]any) string {
	var texts []string
	for _, key := range slices.Sorted(maps.Keys(data)) {
		switch key {
		case "session", "trace-id", "span-id", "handle":
			continue
		}
		text, isText := data[key].(string)
		if !isText {
			encoded, _ := json.Marshal(data[key])
			text = string(encoded)
		}
		if text = oneLine(text); text != "" {
			texts = append(texts, key+"="+clipped(text, 80))
		}
	}
	return clipped(strings.Join(texts, " "), 200)
}

// clipped is the beginning of a long text.
func clipped(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func sameDay(a, b time.Time) bool {
	return a.Local().Format(time.DateOnly) == b.Local().Format(time.DateOnly)
}
