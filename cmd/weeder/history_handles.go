package main

import (
	"fmt"
	"slices"
	"time"

	"weeder/cmd/weeder/nearest"
	"weeder/journal"
)

// toldHandle is the handle of a container that the journal may tell of, on the
// command line. Nobody else need know it any more.
type toldHandle string

// since is from when the journal is asked for. Zero: whoever names a container
// and no time wants all that is told of it.
func (c *historyCommand) since(now time.Time) time.Time {
	switch {
	case c.Since != momentFlag{}:
		return c.Since.from(now)
	case len(c.Args.Handles) > 0:
		return time.Time{}
	}
	return now.Add(-usualSince)
}

// earliest is from when the journal tells anything; where it tells nothing, its
// end.
func earliest(entries []journal.Entry, until time.Time) time.Time {
	first := until
	for _, entry := range entries {
		if entry.Time.Before(first) {
			first = entry.Time
		}
	}
	return first
}

// about tells that an entry is one of those that are asked for.
func (c *historyCommand) about(entry journal.Entry) bool {
	return len(c.Args.Handles) == 0 || entry.Handle != "" && slices.Contains(c.Args.Handles, toldHandle(entry.Handle))
}

// sayNothing says on stderr about which containers the entries tell nothing: a
// wrong handle must not look like a container to which nothing happened.
func (c *historyCommand) sayNothing(entries []journal.Entry, span spanJSON) {
	when := fmt.Sprintf("since %s%s (%s)", span.Since, c.Until.said(span.Until), c.app.global.journalDir())
	if len(c.Args.Handles) == 0 {
		if len(entries) == 0 && c.By == "" && !c.JSON {
			fmt.Fprintln(c.app.stderr, "nothing in the journal", when)
		}
		return
	}
	told := toldHandles(entries)
	for _, handle := range c.Args.Handles {
		if slices.Contains(told, string(handle)) {
			continue
		}
		hint := ""
		if near := nearest.To(string(handle), told); len(near) > 0 {
			hint = ": did you mean " + oneOf(near) + "?"
		}
		fmt.Fprintln(c.app.stderr, printable(fmt.Sprintf("nothing in the journal about %s %s%s", handle, when, hint)))
	}
}

// toldHandles are the handles of the entries, each once, sorted.
func toldHandles(entries []journal.Entry) []string {
	var told []string
	for _, entry := range entries {
		if entry.Handle != "" {
			told = append(told, entry.Handle)
		}
	}
	slices.Sort(told)
	return slices.Compact(told)
}
