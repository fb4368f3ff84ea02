// Package logs finds what the logs of a worker say of a container and its
// volumes: those of Garden, baggageclaim and Concourse, as lager writes them in
// its two formats, rotated and compressed too.
//
// Files are read once, from their beginning, in memory that does not grow with
// them, whatever is in them. A line is one's if it names a handle as a whole
// word. What is found is for people alone, and no ingredient of a verdict:
// whoever can write to a log can write this, too.
package logs

import (
	"context"
	"io"
	"slices"
	"time"
)

// DefaultLimit is how many lines are kept where Query does not say.
const DefaultLimit = 1000

// Query is what to look for, and where.
type Query struct {
	// Globs are patterns of files, as of path/filepath; "-" is Stdin.
	Globs []string
	// Stdin is read where Globs have a "-". Nil: it holds nothing.
	Stdin io.Reader
	// Container is its handle.
	Container string
	// Volumes are the handles of its volumes.
	Volumes []string
	// Limit is how many of the lines that are understood are kept, and how many of
	// the others: the newest. Zero: DefaultLimit.
	Limit int
	// Progress is told, now and then, how many bytes of how many are read; those
	// of compressed files as they are on disk, and of stdin once they were read.
	// Nil: nobody is.
	Progress func(read, of int64)
}

// Line is one line of a log. Long texts in it are cut, so that no line has much
// more than 8 KiB.
type Line struct {
	// At is when it was written, or when the one found before it in the file was,
	// where it does not tell. Zero: nothing tells.
	At time.Time
	// File is where it was found.
	File string
	// Source is the component that wrote it: guardian, baggageclaim, atc. Empty:
	// it is no line of lager's.
	Source string
	// Level is debug, info, error or fatal; empty where Source is.
	Level string
	// Message is lager's, such as baggageclaim.tick.reaping; else all of the line.
	Message string
	// Data is lager's; numbers are json.Numbers.
	Data map[string]any
	// Handles are those asked for that it names.
	Handles []string
	// Event is what it comes to. Zero: it is not understood.
	Event Event
}

// Names tells that a line names a handle.
func (l Line) Names(handle string) bool {
	return slices.Contains(l.Handles, handle)
}

// Found is what a search found.
type Found struct {
	// Lines are in the order of time.
	Lines []Line
	// Older is how many more there were than Query.Limit.
	Older int
	// Files are those that were read, or begun to.
	Files []string
	// Problems are files, or parts of them, that could not be read.
	Problems []error
}

// Search reads the files and gives the lines that name a handle. It fails only
// with the context, and for a malformed pattern; what was found so far comes
// with the error.
func Search(ctx context.Context, query Query) (Found, error) {
	files, problems, err := resolve(query)
	found := Found{Problems: problems}
	if err != nil {
		return found, err
	}
	if query.Limit <= 0 {
		query.Limit = DefaultLimit
	}
	// What is asked of a container again and again, and debug lines that list all
	// handles, must not push out what happened to it.
	events, others := newest{limit: query.Limit}, newest{limit: query.Limit}
	needles := newNeedles(append([]string{query.Container}, query.Volumes...))
	meter := meter{tell: query.Progress, of: total(files)}
	var seen []file
	number := 0

	for _, file := range files {
		if ctx.Err() != nil {
			break
		}
		found.Files = append(found.Files, file.path)
		last := time.Time{}
		err := file.read(ctx, &meter, &seen, needles, func(text []byte, handles []string) {
			number++
			line := parse(text)
			line.File, line.Handles = file.path, handles
			if line.At.IsZero() {
				line.At = last
			}
			last = line.At
			line.Event = line.understood(query.Container, query.Volumes)
			line.cut()
			if line.Event.Kind != "" {
				events.add(line, number)
			} else {
				others.add(line, number)
			}
		})
		if err != nil && ctx.Err() == nil {
			found.Problems = append(found.Problems, err)
		}
	}
	found.Lines, found.Older = merged(events, others), events.dropped+others.dropped
	return found, ctx.Err()
}
