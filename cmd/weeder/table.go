package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

var colours = map[string]string{
	"red":    "\x1b[31m",
	"green":  "\x1b[32m",
	"yellow": "\x1b[33m",
	"bold":   "\x1b[1m",
}

const colourReset = "\x1b[0m"

// colourWanted honours https://no-color.org.
func colourWanted() bool {
	return os.Getenv("NO_COLOR") == ""
}

// cell is one field of a table.
type cell struct {
	text   string
	colour string
}

// table prints rows in columns, two spaces between; headers and colour are
// for terminals.
type table struct {
	headers []string
	rows    [][]cell
}

func (t table) write(to *bufio.Writer, terminal bool) {
	coloured := terminal && colourWanted()
	rows := t.rows
	if terminal {
		header := make([]cell, len(t.headers))
		for i, text := range t.headers {
			header[i] = cell{text: text, colour: "bold"}
		}
		rows = append([][]cell{header}, rows...)
	}

	widths := make([]int, len(t.headers))
	for _, row := range rows {
		for i := range row {
			row[i].text = printable(row[i].text)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].text))
		}
	}
	for _, row := range rows {
		for i, field := range row {
			text := field.text
			if text == "" {
				text = "-"
			}
			padding := ""
			if i < len(row)-1 {
				padding = strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text))+2)
			}
			if coloured && field.colour != "" {
				text = colours[field.colour] + text + colourReset
			}
			fmt.Fprint(to, text, padding)
		}
		fmt.Fprintln(to)
	}
}

// printable keeps what others say from steering the terminal or breaking a
// line.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r) && r < utf8.RuneSelf:
			return ' '
		}
		return '\uFFFD'
	}, text)
}

// short says a duration as people do: its two largest units.
func short(d time.Duration) string {
	if d < 0 {
		return "-" + short(-d)
	}
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return units(d, time.Minute, "m", time.Second, "s")
	case d < day:
		return units(d, time.Hour, "h", time.Minute, "m")
	}
	return units(d, day, "d", time.Hour, "h")
}

func units(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d%s", d/large, largeName)
	if rest := d % large / small; rest > 0 {
		text += fmt.Sprintf("%d%s", rest, smallName)
	}
	return text
}
