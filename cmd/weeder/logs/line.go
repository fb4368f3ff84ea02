package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// lagerLine is a line as lager writes it. Of old, timestamp is seconds since
// 1970, with log_level; with --time-format=rfc3339 it is that, with level
// (lager/v3's LogFormat and its ToJSON).
type lagerLine struct {
	Timestamp string         `json:"timestamp"`
	Source    string         `json:"source"`
	Message   string         `json:"message"`
	Level     string         `json:"level"`
	LogLevel  *int           `json:"log_level"`
	Error     string         `json:"error"`
	Data      map[string]any `json:"data"`
}

var levels = []string{"debug", "info", "error", "fatal"}

// dockerLine is what Docker's json-file driver makes of a line.
type dockerLine struct {
	Log  *string   `json:"log"`
	Time time.Time `json:"time"`
}

// parse reads a line of a log: lager's, with or without what a container
// runtime writes before it, or any other.
func parse(text []byte) Line {
	text = bytes.TrimSpace(text)
	line, rest := framed(text)
	object := bytes.IndexByte(rest, '{')
	var read lagerLine
	if object >= 0 && decode(rest[object:], &read) && read.Message != "" {
		if at := timeOf(read.Timestamp); !at.IsZero() {
			line.At = at
		}
		line.Source, line.Message, line.Level, line.Data = read.Source, read.Message, read.Level, read.Data
		if read.LogLevel != nil && *read.LogLevel >= 0 && *read.LogLevel < len(levels) {
			line.Level = levels[*read.LogLevel]
		}
		if read.Error != "" && line.Data["error"] == nil {
			if line.Data == nil {
				line.Data = map[string]any{}
			}
			line.Data["error"] = read.Error
		}
		return line
	}

	line.Message = string(rest)
	if line.At.IsZero() {
		first, _, _ := strings.Cut(line.Message, " ")
		line.At = timeOf(strings.Trim(first, "[]"))
	}
	return line
}

// decode leaves numbers as they are: a grace time of minutes in nanoseconds is
// none to be rounded.
func decode(text []byte, into any) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into) == nil
}

// framed takes off what a container runtime put around a line: Docker's JSON,
// or Kubernetes' `TIME stdout F `.
func framed(text []byte) (Line, []byte) {
	var docker dockerLine
	if bytes.HasPrefix(text, []byte(`{"log":`)) && json.Unmarshal(text, &docker) == nil && docker.Log != nil {
		return Line{At: docker.Time}, []byte(strings.TrimSpace(*docker.Log))
	}
	fields := bytes.SplitN(text, []byte{' '}, 4)
	if len(fields) == 4 && (string(fields[1]) == "stdout" || string(fields[1]) == "stderr") {
		if at := timeOf(string(fields[0])); !at.IsZero() {
			return Line{At: at}, fields[3]
		}
	}
	return Line{}, text
}

// timeOf reads a time: RFC 3339, or seconds since 1970 with a fraction.
func timeOf(text string) time.Time {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at
	}
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	// Later than 2001: a number that is none is taken for no time.
	if err != nil || seconds < 1e9 || seconds > math.MaxInt32*4 {
		return time.Time{}
	}
	nanoseconds, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, nanoseconds)
}

// Text is a value of Data as text, a path of keys leading to it, such as
// request.Handle; empty where there is none.
func (l Line) Text(path string) string {
	var value any = l.Data
	for key := range strings.SplitSeq(path, ".") {
		object, isObject := value.(map[string]any)
		if !isObject {
			return ""
		}
		value = object[key]
	}
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	default:
		return strings.TrimSpace(fmt.Sprint(value))
	}
}
