package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jessevdk/go-flags"

	"weeder/reaper"
)

// The options below take one of a few words. The parser's own choices would
// be printed into the help's column of options, which then leaves no room for
// what they mean.

// verdictFlag is a verdict.
type verdictFlag reaper.Verdict

var verdictWords = []string{"orphan", "unknown", "foreign", "live"}

// UnmarshalFlag implements flags.Unmarshaler.
func (f *verdictFlag) UnmarshalFlag(value string) error { return choose(f, value, verdictWords...) }

// Complete implements flags.Completer.
func (*verdictFlag) Complete(typed string) []flags.Completion { return beginning(typed, verdictWords) }

// overrideFlag is an interlock that a person can know better than.
type overrideFlag reaper.InterlockName

func overrideWords() []string {
	names := make([]string, len(reaper.Overridable))
	for i, name := range reaper.Overridable {
		names[i] = string(name)
	}
	return names
}

// UnmarshalFlag implements flags.Unmarshaler.
func (f *overrideFlag) UnmarshalFlag(value string) error {
	return choose(f, value, overrideWords()...)
}

// Complete implements flags.Completer.
func (*overrideFlag) Complete(typed string) []flags.Completion {
	return beginning(typed, overrideWords())
}

// zeroTTLFlag is how to read a ttl of 0.
type zeroTTLFlag string

var zeroTTLWords = []string{"never", "expires-at"}

// UnmarshalFlag implements flags.Unmarshaler.
func (f *zeroTTLFlag) UnmarshalFlag(value string) error { return choose(f, value, zeroTTLWords...) }

// Complete implements flags.Completer.
func (*zeroTTLFlag) Complete(typed string) []flags.Completion { return beginning(typed, zeroTTLWords) }

// logLevelFlag is one of lager's log levels.
type logLevelFlag string

var logLevelWords = []string{"debug", "info", "error", "fatal"}

// UnmarshalFlag implements flags.Unmarshaler.
func (f *logLevelFlag) UnmarshalFlag(value string) error { return choose(f, value, logLevelWords...) }

// Complete implements flags.Completer.
func (*logLevelFlag) Complete(typed string) []flags.Completion {
	return beginning(typed, logLevelWords)
}

// shellFlag is a shell that can complete.
type shellFlag string

var shellWords = []string{"bash", "zsh", "fish"}

// UnmarshalFlag implements flags.Unmarshaler.
func (f *shellFlag) UnmarshalFlag(value string) error { return choose(f, value, shellWords...) }

// Complete implements flags.Completer.
func (*shellFlag) Complete(typed string) []flags.Completion { return beginning(typed, shellWords) }

// Complete implements flags.Completer.
func (*protocolFlag) Complete(typed string) []flags.Completion {
	return beginning(typed, []string{"tcp", "udp"})
}

func choose[T ~string](into *T, value string, words ...string) error {
	if !slices.Contains(words, value) {
		last := len(words) - 1
		return fmt.Errorf("%q: give %s or %s", value, strings.Join(words[:last], ", "), words[last])
	}
	*into = T(value)
	return nil
}

// beginning are the words that begin with what is typed.
func beginning(typed string, words []string) []flags.Completion {
	var found []flags.Completion
	for _, word := range words {
		if strings.HasPrefix(word, typed) {
			found = append(found, flags.Completion{Item: word})
		}
	}
	return found
}
