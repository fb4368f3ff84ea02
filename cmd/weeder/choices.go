package main

import (
	"fmt"
	"slices"
	"strings"

	"weeder/reaper"
)

// The options below take one of a few words. The parser's own choices would
// be printed into the help's column of options, which then leaves no room for
// what they mean.

// verdictFlag is a verdict.
type verdictFlag reaper.Verdict

// UnmarshalFlag implements flags.Unmarshaler.
func (f *verdictFlag) UnmarshalFlag(value string) error {
	return choose(f, value, "orphan", "unknown", "foreign", "live")
}

// overrideFlag is an interlock that a person can know better than.
type overrideFlag reaper.InterlockName

// UnmarshalFlag implements flags.Unmarshaler.
func (f *overrideFlag) UnmarshalFlag(value string) error {
	names := make([]string, len(reaper.Overridable))
	for i, name := range reaper.Overridable {
		names[i] = string(name)
	}
	return choose(f, value, names...)
}

// zeroTTLFlag is how to read a ttl of 0.
type zeroTTLFlag string

// UnmarshalFlag implements flags.Unmarshaler.
func (f *zeroTTLFlag) UnmarshalFlag(value string) error {
	return choose(f, value, "never", "expires-at")
}

// logLevelFlag is one of lager's log levels.
type logLevelFlag string

// UnmarshalFlag implements flags.Unmarshaler.
func (f *logLevelFlag) UnmarshalFlag(value string) error {
	return choose(f, value, "debug", "info", "error", "fatal")
}

func choose[T ~string](into *T, value string, words ...string) error {
	if !slices.Contains(words, value) {
		last := len(words) - 1
		return fmt.Errorf("%q: give %s or %s", value, strings.Join(words[:last], ", "), words[last])
	}
	*into = T(value)
	return nil
}
