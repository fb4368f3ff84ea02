package page

import (
	"fmt"
	"html"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// maxError bounds an error that somebody has to act on.
	maxError = 200
	// maxRunes and maxBytes bound a text that others wrote, the latter as it is
	// in HTML; maxDetail bounds one of weeder's own, with what others said in it.
	maxRunes  = 100
	maxBytes  = 110
	maxDetail = 300
)

// clip makes a text of others fit to be shown: bounded, and without what steers
// a terminal or turns the direction of writing.
func clip(text string) string { return clipTo(text, maxRunes, maxBytes) }

// clipDetail is clip for a text with what to do in it.
func clipDetail(text string) string { return clipTo(text, maxDetail, 2*maxDetail) }

func clipTo(text string, runes, bytes int) string {
	var out strings.Builder
	const ellipsis = '…'
	bytes -= utf8.RuneLen(ellipsis)
	for _, r := range text {
		switch {
		case unicode.IsPrint(r):
		case unicode.IsSpace(r) && r < utf8.RuneSelf:
			r = ' '
		default:
			r = unicode.ReplacementChar
		}
		runes, bytes = runes-1, bytes-len(html.EscapeString(string(r)))
		if runes < 0 || bytes < 0 {
			out.WriteRune(ellipsis)
			break
		}
		out.WriteRune(r)
	}
	return out.String()
}

// span says a duration as people do, by its two largest units.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	two := func(large time.Duration, largeName string, small time.Duration, smallName string) string {
		text := fmt.Sprintf("%d %s", d/large, largeName)
		if rest := d % large / small; rest > 0 {
			text += fmt.Sprintf(" %d %s", rest, smallName)
		}
		return text
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, d/time.Second))
	case d < 10*time.Minute:
		return two(time.Minute, "min", time.Second, "s")
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return two(time.Hour, "h", time.Minute, "min")
	}
	return two(day, "d", time.Hour, "h")
}

// plural is a number of things.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// moment is a time as it is shown.
type moment struct {
	// Machine is RFC 3339 in UTC. Empty: the time is not known.
	Machine string
	// Clock is the time of day where it is today, else with the date.
	Clock string
	// Ago is for how long it has been, or in how long it will be.
	Ago string
}

// moment says when something is, seen from now.
func (v View) moment(at time.Time) moment {
	if at.IsZero() {
		return moment{}
	}
	local := at.In(v.At.Location())
	layout := "15:04:05"
	if !sameDay(local, v.At) {
		layout = "2 Jan 15:04"
	}
	said := moment{Machine: at.UTC().Format(time.RFC3339), Clock: local.Format(layout)}
	if away := at.Sub(v.At); away > 0 {
		said.Ago = "in " + span(away)
	} else {
		said.Ago = span(-away) + " ago"
	}
	return said
}

func sameDay(a, b time.Time) bool {
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}
