package leftovers

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

const (
	// maxExamples is how many leftovers of a kind are shown.
	maxExamples = 5
	// maxProblems is how many problems of a kind are told: a directory of many
	// that can't be read would fill the screen.
	maxProblems = 5
)

// Status tells how far one kind could be judged.
type Status string

const (
	// Judged is a kind that was looked at wherever the worker has it.
	Judged Status = "judged"
	// Partly is a kind of which something could not be judged: there may be more
	// than was counted.
	Partly Status = "partly"
	// Absent is a kind that this worker has no place for.
	Absent Status = "absent"
	// NotJudged is a kind of which nothing is known.
	NotJudged Status = "not-judged"
)

// Leftover is one thing that was left.
type Leftover struct {
	// Path of it; of a shim, its directory in /proc.
	Path string
	// Since is when it last changed or, for a shim, was started.
	Since time.Time
	// Inodes it holds on disk.
	Inodes uint64
	// Note is what else is worth knowing of it. Empty: nothing.
	Note string
}

// Finding is what was found of one kind.
type Finding struct {
	Kind Kind
	// Count of the leftovers.
	Count int
	// Inodes that they hold together, without what is mounted in them.
	Inodes uint64
	// InodesAtLeast tells that there may be more Inodes than were counted.
	InodesAtLeast bool
	// FreeInodes of their file system; of the scarcer, where they are on more
	// than one. Nil: there are no leftovers, or it has no such bound.
	FreeInodes *uint64
	// Oldest is the Since of the oldest. Zero: there are no leftovers.
	Oldest time.Time
	// Examples are the oldest few, those first.
	Examples []Leftover
	// Places are the directories that were judged.
	Places []string
	// Problems are why something could not be.
	Problems []string
}

// Status tells how far the kind could be judged.
func (f Finding) Status() Status {
	switch {
	case len(f.Places) == 0 && len(f.Problems) == 0:
		return Absent
	case len(f.Places) == 0:
		return NotJudged
	case len(f.Problems) > 0:
		return Partly
	}
	return Judged
}

// hurt is how many inodes are held for each that is free.
func (f Finding) hurt() float64 {
	if f.FreeInodes == nil {
		return 0
	}
	return float64(f.Inodes) / float64(max(1, *f.FreeInodes))
}

// collection gathers the leftovers of one kind.
type collection struct {
	*scan
	Finding
	// counted is the Count when the place before was judged.
	counted int
	// toWalk is how many entries may still be walked.
	toWalk int
	// untold are the problems beyond maxProblems.
	untold int
}

func (s *scan) collect(kind Kind) *collection {
	return &collection{scan: s, Finding: Finding{Kind: kind}, toWalk: s.MaxEntries}
}

func (c *collection) add(l Leftover) {
	c.Count++
	c.Inodes += l.Inodes
	if c.Oldest.IsZero() || l.Since.Before(c.Oldest) {
		c.Oldest = l.Since
	}
	at, _ := slices.BinarySearchFunc(c.Examples, l, func(a, b Leftover) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Path, b.Path))
	})
	if at < maxExamples {
		c.Examples = slices.Insert(c.Examples, at, l)
		c.Examples = c.Examples[:min(len(c.Examples), maxExamples)]
	}
}

// judged notes that a place was looked at, and how much room is left there.
func (c *collection) judged(place string) {
	c.Places = append(c.Places, place)
	if c.Count == c.counted {
		return
	}
	c.counted = c.Count
	free := readFileSystem(place).FreeInodes
	if c.FreeInodes == nil || free != nil && *free < *c.FreeInodes {
		c.FreeInodes = free
	}
}

func (c *collection) problem(format string, args ...any) {
	if len(c.Problems) == maxProblems {
		c.untold++
		return
	}
	c.Problems = append(c.Problems, fmt.Sprintf(format, args...))
}

func (c *collection) finding() Finding {
	if c.untold > 0 {
		c.Problems = append(c.Problems, fmt.Sprintf("and %d more like these", c.untold))
	}
	return c.Finding
}
