package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"weeder/cmd/weeder/tarstream"
)

// errInterrupted is a stream that a signal ended.
var errInterrupted = errors.New("interrupted")

// localError is an error of stdin or stdout, and not of Garden's.
type localError struct{ error }

// Unwrap gives the error itself.
func (e localError) Unwrap() error { return e.error }

// soFar says how far a stream is.
func soFar(doing string, bytes *atomic.Uint64) func(time.Duration) string {
	return func(since time.Duration) string {
		n := bytes.Load()
		rate := uint64(float64(n) / since.Seconds())
		return fmt.Sprintf("%s: %s, %s/s, %s", doing, binaryBytes(n), binaryBytes(rate), short(since))
	}
}

// source is a file on its way to Garden. Unlike the file's, its Read ends when
// it is closed; that of the file under way then is left behind for the
// process's end.
type source struct {
	*io.PipeReader
	from  io.Reader
	to    *io.PipeWriter
	begin sync.Once
	sent  atomic.Uint64
	// read gets what reading the file to its end came to.
	read chan error
}

func newSource(from io.Reader) *source {
	s := &source{from: from, read: make(chan error, 1)}
	s.PipeReader, s.to = io.Pipe()
	return s
}

// Read implements io.Reader. The first has the file read.
func (s *source) Read(b []byte) (int, error) {
	s.begin.Do(func() { go s.pump() })
	n, err := s.PipeReader.Read(b)
	s.sent.Add(uint64(n))
	return n, err
}

func (s *source) pump() {
	_, err := tarstream.Copy(s.to, s.from)
	s.read <- err
	if tarstream.IsJudgement(err) {
		// It is for Garden's tar to take or refuse.
		err = nil
	}
	if err != nil {
		err = localError{err}
	}
	s.to.CloseWithError(err)
}

// cut tells that all was read and is not a whole archive.
func (s *source) cut() bool {
	select {
	case err := <-s.read:
		return errors.Is(err, tarstream.ErrCut)
	default:
		return false
	}
}

// sink is a file on its way from Garden.
type sink struct {
	to      io.Writer
	written atomic.Uint64
}

// Write implements io.Writer.
func (s *sink) Write(b []byte) (int, error) {
	n, err := s.to.Write(b)
	s.written.Add(uint64(n))
	if err != nil {
		err = localError{err}
	}
	return n, err
}
