package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"code.cloudfoundry.org/lager/v3"
	"golang.org/x/term"
)

// app is what every command works with.
type app struct {
	ctx    context.Context
	stdin  io.Reader
	stdout *bufio.Writer
	stderr io.Writer
	// log is where the daemon logs: stdout, unbuffered.
	log io.Writer
	// daemonLog is the daemon's. Nil: the command is another.
	daemonLog lager.Logger
	// files are the standard files themselves, for what streams.
	files    standardFiles
	terminal terminalSet
	global   globalOptions
	// variables are those of the environment that options have.
	variables variables
	// origins are the variables, by the long names of the options that have their
	// values of them.
	origins map[string]string
	// given tells of an option of the command whether it was given, on the command
	// line or by its variable.
	given func(longName string) bool
	// command is the name of the one that was given; empty until it is known.
	command string
	// listed are the handles that hints are made from, asked for once: many may
	// be unknown.
	listed   []string
	askedFor sync.Once
}

type standardFiles struct{ stdin, stdout, stderr *os.File }

// terminalSet tells which of the standard files are terminals.
type terminalSet struct{ stdin, stdout, stderr bool }

func terminals(stdin, stdout, stderr *os.File) terminalSet {
	return terminalSet{
		stdin:  term.IsTerminal(int(stdin.Fd())),
		stdout: term.IsTerminal(int(stdout.Fd())),
		stderr: term.IsTerminal(int(stderr.Fd())),
	}
}

// complain writes one line to stderr: a label, in red on a terminal, and what
// is the matter.
func (a *app) complain(label, format string, args ...any) {
	label += ":"
	if a.terminal.stderr && colourWanted() {
		label = colours["red"] + label + colourReset
	}
	fmt.Fprintln(a.stderr, label, printable(oneLine(fmt.Sprintf(format, args...))))
}

// asShown is text that gaol prints as it is: so it goes to a pipe, and made
// printable to a terminal.
func (a *app) asShown(text string) string {
	if a.terminal.stdout {
		return printable(text)
	}
	return text
}

// flush writes out what stdout has so far, for what follows on stderr to come
// after it. An error stays with the writer, and run finds it.
func (a *app) flush() {
	_ = a.stdout.Flush()
}

func (a *app) warn(format string, args ...any) {
	a.complain("warning", format, args...)
}

// logger writes lager's JSON to stderr from the level that --log-level asks
// for. Without it the log is silent: commands tell people what they do. A daemon's
// is its own.
func (a *app) logger() lager.Logger {
	if a.daemonLog != nil {
		return a.daemonLog
	}
	logger := lager.NewLogger("weeder")
	if a.global.LogLevel != "" {
		// The parser admits lager's own names alone.
		level, _ := lager.LogLevelFromString(string(a.global.LogLevel))
		logger.RegisterSink(lager.NewWriterSink(a.stderr, level))
	}
	return logger
}

// oneLine joins the lines of a text, as Guardian's errors have some.
func oneLine(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// lowerFirst makes a sentence of a library fit for "error: …".
func lowerFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return strings.TrimSuffix(string(unicode.ToLower(first))+text[size:], ".")
}
