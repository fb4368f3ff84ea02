package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"weeder/cmd/weeder/logs"
	"weeder/reaper"
)

// logOptions say where the logs are.
type logOptions struct {
	Logs    []string `long:"logs" value-name:"GLOB" env-delim:"," description:"read these logs, gzipped ones too; - is stdin, as in journalctl -u concourse-worker -o cat | weeder explain HANDLE --logs - (repeatable; default: where BOSH, Kubernetes and Docker have those of Garden, baggageclaim and Concourse)"`
	NoLogs  bool     `long:"no-logs" description:"read no logs"`
	AllLogs bool     `long:"all-logs" description:"show all lines that were found, not the most telling alone"`
}

// check finds what the parser can't.
func (o logOptions) check(app *app) error {
	var mistakes []error
	for _, glob := range o.Logs {
		switch _, err := filepath.Match(glob, ""); {
		case glob == "":
			mistakes = append(mistakes, usagef("--logs: give a pattern of files, such as '/var/vcap/sys/log/garden/*.log*'"))
		case err != nil:
			mistakes = append(mistakes, usagef("--logs: %q is no pattern of files: see weeder explain --help", glob))
		case glob == logs.Stdin && app.terminal.stdin && !o.NoLogs:
			mistakes = append(mistakes, usagef("--logs -: stdin is a terminal: give the log by a pipe"))
		}
	}
	return errors.Join(mistakes...)
}

// story is what the logs say.
type story struct {
	logs.Found
	// wanted tells that they were to be read.
	wanted bool
	// globs are where was looked.
	globs []string
	// synopsis is how it came about, in a sentence; empty: they don't tell.
	synopsis string
	// broken tells that reading was interrupted.
	broken bool
}

// err is what makes explain fail though it shows what it has.
func (s story) err() error {
	if s.broken {
		return errSaid
	}
	return nil
}

const (
	mebibyte  = 1 << 20
	largeLogs = 1 << 30
)

// readLogs reads what the logs say of a container, with progress, and says on
// stderr what could not be read.
func (c *explainCommand) readLogs(finding reaper.Finding) story {
	story := story{globs: c.Logs, wanted: !c.NoLogs}
	if c.NoLogs {
		return story
	}
	if len(story.globs) == 0 {
		story.globs = logs.Places
	}
	query := logs.Query{Globs: story.globs, Container: finding.Container.Handle}
	if slices.Contains(story.globs, logs.Stdin) {
		query.Stdin = &pollReader{app: c.app}
	}
	for _, volume := range finding.Volumes {
		query.Volumes = append(query.Volumes, volume.Handle)
	}
	// What is read here makes more garbage than a look at the worker.
	defer debug.SetGCPercent(debug.SetGCPercent(50))

	var read, of atomic.Int64
	query.Progress = func(r, o int64) { read.Store(r); of.Store(o) }
	progress := startProgress(c.app, func(time.Duration) string { return readingText(read.Load(), of.Load()) })
	found, err := logs.Search(c.app.ctx, query)
	progress.stop()

	story.Found = found
	for i, problem := range found.Problems {
		if i == 5 {
			c.app.warn("%d more logs can't be read whole", len(found.Problems)-i)
			break
		}
		c.app.warn("%v", problem)
	}
	if err != nil {
		story.broken = true
		c.app.warn("the logs were not read to their end: %v", err)
	}
	var accused []string
	for _, volume := range accusedVolumes(finding) {
		accused = append(accused, volume.Handle)
	}
	story.synopsis = logs.Synopsis(logs.Story(found.Lines), accused, clockText)
	return story
}

// readingText says how far the reading is, and, where that takes long, how to
// do without.
func readingText(read, of int64) string {
	text := fmt.Sprintf("reading logs: %d of %d MiB", read/mebibyte, of/mebibyte)
	if of >= largeLogs {
		text += "; --no-logs does without, an interrupt shows what was found"
	}
	return text
}

// pollReader is stdin, with reads that end with the app's context.
type pollReader struct{ app *app }

// Read implements io.Reader.
func (r *pollReader) Read(into []byte) (int, error) {
	const patience = 200 // milliseconds
	stdin := r.app.files.stdin
	for {
		if err := r.app.ctx.Err(); err != nil {
			return 0, err
		}
		ready := []unix.PollFd{{Fd: int32(stdin.Fd()), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, patience)
		switch {
		case errors.Is(err, unix.EINTR) || err == nil && n == 0:
		case err != nil:
			return 0, fmt.Errorf("wait for stdin: %w", err)
		default:
			return r.app.stdin.Read(into)
		}
	}
}

var _ io.Reader = (*pollReader)(nil)

// logsJSON is what explain prints of the logs as JSON.
type logsJSON struct {
	// Happened is how it came about, in a sentence; null: the logs don't tell.
	Happened *string   `json:"happened"`
	Logs     []logJSON `json:"logs"`
	// LogsOlder is how many lines more there were than are kept.
	LogsOlder int      `json:"logs_older"`
	LogFiles  []string `json:"log_files"`
	// LogsComplete tells that all was read that there is.
	LogsComplete bool `json:"logs_complete"`
}

// logJSON is one line of a log.
type logJSON struct {
	Time    *string        `json:"time"`
	File    string         `json:"file"`
	Source  *string        `json:"source"`
	Level   *string        `json:"level"`
	Message string         `json:"message"`
	Data    map[string]any `json:"data"`
	Handles []string       `json:"handles"`
	Event   *string        `json:"event"`
	Volume  *string        `json:"volume"`
	Text    *string        `json:"text"`
}

func (s story) json() logsJSON {
	out := logsJSON{
		Happened:     known(s.synopsis),
		Logs:         []logJSON{},
		LogsOlder:    s.Older,
		LogFiles:     orEmpty(s.Files),
		LogsComplete: s.wanted && !s.broken && len(s.Problems) == 0,
	}
	for _, line := range s.Lines {
		out.Logs = append(out.Logs, logJSON{
			Time: logTime(line.At), File: line.File, Source: known(line.Source), Level: known(line.Level),
			Message: line.Message, Data: line.Data, Handles: line.Handles,
			Event: known(string(line.Event.Kind)), Volume: known(line.Event.Volume), Text: known(line.Sentence()),
		})
	}
	return out
}

// logTime is as exact as the log is: lines of one second have an order.
func logTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return known(t.UTC().Format(time.RFC3339Nano))
}

// looked says where the logs were looked for.
func (s story) looked() string {
	if slices.Equal(s.globs, logs.Places) {
		return "in /var/vcap/sys/log, /var/log and /var/lib/docker/containers"
	}
	return "at " + strings.Join(s.globs, " ")
}
