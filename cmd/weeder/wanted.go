package main

import "regexp"

// wanted is what to give for an option, by the Go type of its value. The other
// types say it themselves.
var wanted = map[string]string{
	"bool":          "want true or false",
	"int":           "want a whole number",
	"uint16":        "want a whole number from 0 to 65535",
	"uint64":        "want a whole number from 0 on",
	"time.Duration": "want a duration such as 30s, 10m or 24h",
}

var (
	// expected is the Go type of a value in the parser's words.
	expected = regexp.MustCompile(` \(expected \*?([^)]*)\)`)
	// unread is what packages strconv and time say of a value.
	unread = regexp.MustCompile(`: (?:strconv\.\w+: parsing|time: .*?) ("(?:[^"\\]|\\.)*")(?:: [a-z ]*)?$`)
)

// inWords has a mistake in a value say what to give, in the place of Go's words.
func inWords(message string) string {
	kind := expected.FindStringSubmatch(message)
	if kind == nil {
		return message
	}
	message = expected.ReplaceAllLiteralString(message, "")
	if want, is := wanted[kind[1]]; is {
		message = unread.ReplaceAllString(message, ": $1: "+want)
	}
	return message
}
