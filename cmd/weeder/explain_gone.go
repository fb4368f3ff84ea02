package main

import (
	"fmt"
	"slices"
	"time"

	"weeder/journal"
	"weeder/reaper"
)

// unknown is the error about a handle that is none of the worker's, with what
// the journal told of it last: whoever asks in the morning about a container of
// the night wants to know that weeder destroyed it, not which one is named like
// it.
func (c *explainCommand) unknown(report reaper.Report) error {
	handle := c.handle()
	// Without a journal there is nothing to add, which is no failure of its own.
	account, _ := journal.Read(c.app.global.journalDir(), time.Time{})
	for _, entry := range slices.Backward(account.Entries) {
		if entry.Handle == handle {
			return unknownHandle(handle, nil, lastTold(entry), "weeder history "+handle)
		}
	}
	return unknownHandle(handle, handlesOf(report.Findings), "", "weeder scan")
}

func lastTold(entry journal.Entry) string {
	text := fmt.Sprintf("the journal told of it last at %s, %s", clockText(entry.Time), entry.Event)
	if why := entryWhy(entry); why != "" {
		text += " (" + clipped(why, 200) + ")"
	}
	return text
}
