// Package tarstream passes tar streams on and tells whole ones from others.
//
// Garden ends a stream that its backend broke off as it ends any other: only
// the archive itself says that it is whole.
package tarstream

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrCut says that the stream ended before its archive did.
	ErrCut = errors.New("no end of the archive")
	// ErrEmpty says that the archive is whole and holds nothing. Guardian sends
	// such a one where its tar found no such file.
	ErrEmpty = errors.New("the archive is empty")
	// ErrUnknown says that there is neither an entry that can be read nor an end.
	ErrUnknown = errors.New("no tar archive")
)

// IsJudgement tells that an error of Copy is about a stream that was passed on
// to its end.
func IsJudgement(err error) bool {
	return errors.Is(err, ErrCut) || errors.Is(err, ErrEmpty) || errors.Is(err, ErrUnknown)
}

const (
	// bufferSize is how much is read at once at most.
	bufferSize = 64 << 10
	// endSize are the two blocks of zeros with which an archive ends.
	endSize = 1024
)

// Copy passes a stream on to its end, byte for byte whatever it is, in constant
// memory, and gives how many bytes were written.
//
// A stream that is no whole archive is told by ErrCut, ErrEmpty or ErrUnknown.
// What archive/tar can't read counts as whole if it ends in two blocks of zeros,
// as archives do. Errors of src and dst come as they are.
func Copy(dst io.Writer, src io.Reader) (int64, error) {
	p := &passer{dst: dst, src: src}
	buffered := bufio.NewReaderSize(p, bufferSize)
	found := read(buffered)
	for p.err == nil {
		// What Discard fails with is p's.
		_, _ = buffered.Discard(bufferSize)
	}
	if p.err != io.EOF {
		return p.written, p.err
	}
	return p.written, found.judge(p.zeros >= endSize)
}

// found is what could be read of an archive.
type found struct {
	// whole: its end came. cut: the stream ended before. Neither: the rest can't
	// be read.
	whole, cut bool
	// entries: there is one. last is the name of the last.
	entries bool
	last    string
}

// judge says what is wrong with a stream that ends in zeros, or doesn't.
func (f found) judge(zeros bool) error {
	switch {
	case f.cut && f.entries:
		return fmt.Errorf("%w, whose last entry here is %s", ErrCut, f.last)
	case f.cut:
		return ErrCut
	case zeros && f.whole && !f.entries:
		return ErrEmpty
	case zeros:
		return nil
	case f.whole || f.entries:
		return ErrCut
	}
	return ErrUnknown
}

// read reads an archive to its end, or as far as it can be read.
func read(stream io.Reader) (found found) {
	watched := &endWatcher{stream: stream}
	archive := tar.NewReader(watched)
	for {
		header, err := archive.Next()
		switch {
		case err == nil, errors.Is(err, tar.ErrInsecurePath):
			found.entries, found.last = true, header.Name
		case watched.ended:
			found.cut = true
			return found
		default:
			// Of the stream's end, too, archive/tar says io.EOF.
			found.whole = err == io.EOF
			return found
		}
	}
}

// endWatcher notices that a stream's end was met.
type endWatcher struct {
	stream io.Reader
	ended  bool
}

// Read implements io.Reader.
func (w *endWatcher) Read(b []byte) (int, error) {
	n, err := w.stream.Read(b)
	w.ended = err == io.EOF
	return n, err
}

// passer writes all that is read of a stream.
type passer struct {
	dst     io.Writer
	src     io.Reader
	written int64
	// zeros is how many of the last bytes are zero; those of one Read at most
	// count, beyond endSize.
	zeros int
	// err is the first of reading and writing.
	err error
}

// Read implements io.Reader.
func (p *passer) Read(b []byte) (int, error) {
	n, err := p.src.Read(b)
	if n > 0 {
		written, writeErr := p.dst.Write(b[:n])
		p.written += int64(written)
		p.count(b[:n])
		if writeErr != nil {
			err = writeErr
		}
	}
	p.err = err
	return n, err
}

func (p *passer) count(b []byte) {
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != 0 {
			p.zeros = len(b) - 1 - i
			return
		}
		if len(b)-i == endSize {
			p.zeros = endSize
			return
		}
	}
	p.zeros += len(b)
}
