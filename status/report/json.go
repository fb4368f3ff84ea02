package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf16"
)

// Known is nil for the empty text, which means that it is not known.
func Known(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// OrEmpty has a list that is nil shown as an empty one.
func OrEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Seconds are those of a duration.
func Seconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}

// Timestamp is RFC 3339 in UTC; nil for the zero time.
func Timestamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339)
	return &text
}

// Encode gives a value as JSON for people and machines: indented, escaped, with
// a newline at its end. It fails for what JSON can't carry.
func Encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return Escape(text.Bytes()), nil
}

// Escape escapes what JSON allows as it is and could steer a terminal, such as
// DEL, C1 controls and the marks that turn the direction of writing.
func Escape(text []byte) []byte {
	plain := func(b byte) bool { return b == '\n' || b >= ' ' && b <= '~' }
	if !slices.ContainsFunc(text, func(b byte) bool { return !plain(b) }) {
		return text
	}
	var escaped bytes.Buffer
	for _, r := range string(text) {
		if r == '\n' || unicode.IsPrint(r) {
			escaped.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
	}
	return escaped.Bytes()
}
