package console

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"unicode/utf8"
)

// certain is how much input, in bytes, Garden surely takes off a stream though
// the process reads none: less than any terminal or pipe holds.
const certain = 4000

// input hands on what it reads in whole runes: Garden's client makes JSON
// strings of the pieces, which would lose a rune that is cut.
type input struct {
	from  io.Reader
	warn  func(format string, args ...any)
	guard func()

	// rest is the beginning of a rune, and err what came behind it.
	rest   []byte
	err    error
	warned bool

	given atomic.Int64
	ended atomic.Bool
}

// clear tells that what follows on the stream of the input is seen by Garden.
func (i *input) clear() bool {
	return !i.ended.Load() && i.given.Load() <= certain
}

// Read implements io.Reader. Whoever reads here sees no error but the end.
func (i *input) Read(p []byte) (int, error) {
	defer i.guard()
	if len(p) < utf8.UTFMax {
		return 0, io.ErrShortBuffer
	}

	n := copy(p, i.rest)
	for i.err == nil {
		var read int
		read, i.err = i.from.Read(p[n:])
		n += read
		whole := n
		if i.err == nil {
			whole = wholeRunes(p[:n])
		}
		i.rest = append(i.rest[:0], p[whole:n]...)
		if whole > 0 {
			i.give(p[:whole])
			return whole, nil
		}
	}
	if !i.ended.Swap(true) && !errors.Is(i.err, io.EOF) {
		i.warn("stdin ends here for the process: %v", i.err)
	}
	return 0, io.EOF
}

func (i *input) give(piece []byte) {
	i.given.Add(int64(len(piece)))
	if !i.warned && !utf8.Valid(piece) {
		i.warned = true
		i.warn("stdin is not UTF-8: garden carries it as text, and puts U+FFFD for what is none; stream-in takes any bytes")
	}
}

// wholeRunes is how much of a text there is before a rune that its end cuts.
func wholeRunes(text []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		start := len(text) - back
		if utf8.RuneStart(text[start]) {
			if utf8.FullRune(text[start:]) {
				break
			}
			return start
		}
	}
	return len(text)
}

// output tells of the first error of a writer, after which Garden's client
// writes no more.
type output struct {
	name  string
	to    io.Writer
	full  chan<- error
	guard func()
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	defer o.guard()
	n, err := o.to.Write(p)
	if err != nil {
		o.full <- fmt.Errorf("%w: write %s: %w", ErrOutput, o.name, err)
	}
	return n, err
}
