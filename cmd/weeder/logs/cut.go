package logs

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// What is kept of a line, in bytes: many are, and anybody can write long ones.
const (
	longestText = 2 << 10
	longestData = 4 << 10
)

// cut shortens what is long in a line.
func (l *Line) cut() {
	l.Message, l.Source, l.Level = cutText(l.Message, longestText), cutText(l.Source, 100), cutText(l.Level, 100)
	l.Event.Detail = cutText(l.Event.Detail, longestText)
	room := longestData
	data := make(map[string]any, min(len(l.Data), 16))
	for _, key := range slices.Sorted(maps.Keys(l.Data)) {
		value := l.Data[key]
		text, isText := value.(string)
		if !isText {
			encoded, err := json.Marshal(value)
			if err != nil {
				continue
			}
			text = string(encoded)
		}
		key = cutText(key, 100)
		if isText || len(text) > room {
			text = cutText(text, min(longestText, room))
			value = text
		}
		data[key] = value
		if room -= len(key) + len(text); room <= 0 {
			break
		}
	}
	if l.Data != nil {
		l.Data = data
	}
}

// cutText is the beginning of a text that has more bytes than that. It is a
// copy: what is kept must not hold the rest in memory.
func cutText(text string, most int) string {
	if len(text) <= most {
		return strings.Clone(text)
	}
	end := max(most, 0)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
