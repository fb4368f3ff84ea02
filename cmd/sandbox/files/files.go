// Package files streams into and out of the directory that stands for a container's root file
// system, with tar, as Guardian's nstar does (rundmc/nstar.go, rundmc/nstar/nstar.c).
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Dir is the directory. A path in it is absolute or not, and is never outside: every home is /.
type Dir string

var errStopped = errors.New("stream-out: nstar: error streaming out: signal: killed")

// Make finds a directory of the container's, and makes it with its parents where it is missing, as
// Guardian does; its path on the host is returned.
//
// Errors: something that is no directory is in the way; a link that leads out.
func (d Dir) Make(path string) (string, error) {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return "", err
	}
	defer root.Close()

	inside := inside(path)
	if err := root.MkdirAll(inside, 0o755); err != nil {
		return "", err
	}
	found, err := root.Stat(inside)
	if err != nil {
		return "", err
	}
	if !found.IsDir() {
		return "", &os.PathError{Op: "chdir", Path: path, Err: errors.New("not a directory")}
	}

	return filepath.Join(string(d), inside), nil
}

// In unpacks a tar stream into a directory of the container's, which is made where it is missing. When
// the context ends, the stream may be read from still, until its next read ends.
//
// Errors: in Guardian's words, with those of tar.
func (d Dir) In(ctx context.Context, path string, stream io.Reader) error {
	destination, err := d.Make(path)
	if err != nil {
		return fmt.Errorf("stream-in: nstar: error streaming in: exit status 1. Output: %w", err)
	}

	read, stop := until(ctx, stream)
	defer stop()

	said := &beginning{}
	command := tar(ctx, destination, said, "-xf", "-")
	command.Stdin = read
	command.Stdout = said
	if err := command.Run(); err != nil {
		return fmt.Errorf("stream-in: nstar: error streaming in: %w. Output: %s", err, said)
	}

	return nil
}

// Discard reads a stream to its end, or the context's, and makes nothing of it.
func Discard(ctx context.Context, stream io.Reader) {
	read, stop := until(ctx, stream)
	defer stop()
	_, _ = io.Copy(io.Discard, read)
}

// until has a stream end with the context, too. A client that says nothing more can't be told to stop:
// what is read from can. It must be stopped when nothing is read any more.
func until(ctx context.Context, stream io.Reader) (read io.Reader, stop func()) {
	reader, writer := io.Pipe()
	go func() {
		_, err := io.Copy(writer, stream)
		writer.CloseWithError(err)
	}()
	forget := context.AfterFunc(ctx, func() { reader.CloseWithError(context.Cause(ctx)) })

	return reader, func() {
		forget()
		reader.Close()
	}
}

// Out packs what is at a path of the container's: a directory's contents where the path ends in a
// slash, else the directory or the file by its name. The reader must be read to its end or closed;
// where tar fails, or the context ends, it ends with an error. What is to be done when tar has ended is
// called then, unless Out fails.
//
// Errors: nothing is there, where Guardian sends an empty archive and says so in its log only.
func (d Dir) Out(ctx context.Context, path string, ended func()) (io.ReadCloser, error) {
	if err := d.there(path); err != nil {
		return nil, fmt.Errorf("stream-out: nstar: error streaming out: exit status 2. Output: tar: %w", err)
	}

	from, name := filepath.Split(inside(path))
	if strings.HasSuffix(path, "/") {
		from, name = inside(path), "."
	}

	said := &beginning{}
	command := tar(ctx, filepath.Join(string(d), from), said, "-cf", "-", "--", name)
	read, write := io.Pipe()
	command.Stdout = write
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("stream-out: nstar: error streaming out: %w", err)
	}

	done := make(chan struct{})
	go func() {
		defer close(done)
		defer ended()
		// Nobody may be reading.
		defer context.AfterFunc(ctx, func() { write.CloseWithError(errStopped) })()
		err := command.Wait()
		if err != nil {
			err = fmt.Errorf("stream-out: nstar: error streaming out: %w. Output: %s", err, said)
		}
		write.CloseWithError(err)
	}()

	return &outgoing{PipeReader: read, done: done}, nil
}

func (d Dir) there(path string) error {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return err
	}
	defer root.Close()

	if strings.HasSuffix(path, "/") {
		_, err = root.Stat(inside(path) + "/.")
	} else {
		_, err = root.Lstat(inside(path))
	}
	if errors.Is(err, fs.ErrNotExist) {
		// In tar's words.
		return fmt.Errorf("%s: Cannot stat: No such file or directory", filepath.Base(path))
	}

	return err
}

func inside(path string) string {
	return filepath.Join(".", filepath.Clean("/"+path))
}

// tar is nstar's, with its environment: none.
func tar(ctx context.Context, dir string, said io.Writer, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "tar", append([]string{
		"--no-same-permissions", "--no-same-owner", "--xattrs", "--xattrs-include=*",
	}, args...)...)
	command.Dir = dir
	command.Env = []string{}
	command.Stderr = said

	return command
}

// outgoing is the reading end of a tar.
type outgoing struct {
	*io.PipeReader
	done chan struct{}
}

// Close ends a tar that has not ended, and waits for it.
func (o *outgoing) Close() error {
	err := o.PipeReader.Close()
	<-o.done

	return err
}

// beginning keeps the first 4 kB of what is written.
type beginning struct{ strings.Builder }

func (b *beginning) Write(data []byte) (int, error) {
	b.Builder.Write(data[:min(len(data), max(4096-b.Len(), 0))])

	return len(data), nil
}
