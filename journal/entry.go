package journal

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"weeder/reaper"
)

// longestText bounds an error and a note, so that no line grows beyond what
// a reader takes for an entry.
const longestText = 8 << 10

// Entry is one line of the journal.
type Entry struct {
	Time  time.Time        `json:"time"`
	Event reaper.EventName `json:"event"`
	// Handle of the container. Empty: the event is about none.
	Handle  string          `json:"handle,omitempty"`
	Reasons []reaper.Reason `json:"reasons,omitempty"`
	// Purpose of the container in short, such as "main/web-ui/unit #42 get".
	// Empty: nothing is known.
	Purpose string `json:"purpose,omitempty"`
	// AgeSeconds of the container. Nil: not known.
	AgeSeconds *float64 `json:"age_seconds"`
	// GraceSeconds that the container has to wait out.
	GraceSeconds float64 `json:"grace_seconds"`
	// Error of a failure. Empty: it was none.
	Error string `json:"error,omitempty"`
	// Failures is how many destroys of the container had failed.
	Failures int `json:"failures,omitempty"`
	// Interlock that changed. Empty: the event is about none.
	Interlock reaper.InterlockName `json:"interlock,omitempty"`
	// On tells whether the interlock came on or went off. Nil: the event is
	// about none.
	On *bool `json:"on,omitempty"`
	// Note says more in words. Empty: nothing.
	Note string `json:"note,omitempty"`
}

func newEntry(event reaper.Event) Entry {
	entry := Entry{
		Time:         event.Time.UTC(),
		Event:        event.Name,
		Handle:       event.Handle,
		Reasons:      event.Reasons,
		Purpose:      event.Purpose.String(),
		GraceSeconds: event.Grace.Seconds(),
		Failures:     event.Failures,
		Interlock:    event.Interlock,
		Note:         shorten(event.Note),
	}
	if event.Age > 0 {
		age := event.Age.Seconds()
		entry.AgeSeconds = &age
	}
	if event.Err != nil {
		entry.Error = shorten(event.Err.Error())
	}
	if event.Name == reaper.EventInterlock {
		entry.On = &event.On
	}
	return entry
}

func shorten(text string) string {
	if len(text) <= longestText {
		return text
	}
	return strings.ToValidUTF8(text[:longestText], "") + "…"
}

// encode makes the line of an event, with its end.
func encode(event reaper.Event) ([]byte, error) {
	line, err := json.Marshal(newEntry(event))
	if err != nil {
		return nil, fmt.Errorf("encode journal entry: %w", err)
	}
	return append(line, '\n'), nil
}

// decode tells whether a line is an entry, and which.
func decode(line []byte) (Entry, bool) {
	var entry Entry
	err := json.Unmarshal(line, &entry)
	return entry, err == nil && !entry.Time.IsZero()
}
