package main

import (
	"errors"
	"fmt"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/weeder/tarstream"
	"weeder/gardenclient"
)

type streamInCommand struct {
	app *app
	oneHandle
	Destination string `short:"d" long:"destination" description:"destination path in the container" required:"yes"`
	User        string `short:"u" long:"user" description:"user to write the files as"`
}

// Execute runs the command.
func (c *streamInCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	if c.app.terminal.stdin {
		return usagef("stdin is a terminal: pipe a tar stream in, such as tar c FILE | weeder stream-in …")
	}
	client := c.app.garden()
	defer client.Close()

	stream := newSource(c.app.files.stdin)
	progress := startProgress(c.app, soFar("streaming in", &stream.sent))
	err := client.StreamIn(c.app.ctx, c.handle(), garden.StreamInSpec{
		Path: c.Destination, User: c.User, TarStream: stream,
	})
	progress.stop()

	var local localError
	switch {
	case err == nil:
		if stream.cut() {
			c.app.warn("garden took the stream, but it has no end of the archive: see whether what wrote it failed")
		}
		return nil
	case errors.As(err, &local):
		err = local
	case c.app.ctx.Err() != nil:
		err = errInterrupted
	default:
		err = c.app.aboutStream(client, c.handle(), err)
	}
	if sent := stream.sent.Load(); sent > 0 {
		return fmt.Errorf("%w (after %s, of which garden may have unpacked a part)", err, binaryBytes(sent))
	}
	return err
}

type streamOutCommand struct {
	app *app
	oneHandle
	Source string `short:"s" long:"source" description:"source path in the container" required:"yes"`
	User   string `short:"u" long:"user" description:"user to read the files as"`
}

// Execute runs the command.
func (c *streamOutCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	if c.app.terminal.stdout {
		return usagef("stdout is a terminal: pipe the tar stream on, such as weeder stream-out … | tar x")
	}
	client := c.app.garden()
	defer client.Close()
	stream, err := client.StreamOut(c.app.ctx, c.handle(), garden.StreamOutSpec{Path: c.Source, User: c.User})
	switch {
	case err != nil && c.app.ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return c.app.aboutStream(client, c.handle(), err)
	}
	defer stream.Close()

	out := &sink{to: c.app.files.stdout}
	progress := startProgress(c.app, soFar("streaming out", &out.written))
	defer progress.stop()
	copied := make(chan error, 1)
	go func() {
		_, err := tarstream.Copy(out, stream)
		copied <- err
	}()
	select {
	case err = <-copied:
	case <-c.app.ctx.Done():
		// A write to a pipe that nobody reads is left behind for the process's end.
		err = c.app.ctx.Err()
	}
	return c.outcome(err, out.written.Load())
}

// outcome is what the end of the copying comes to.
func (c *streamOutCommand) outcome(err error, written uint64) error {
	var local localError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &local):
		return fmt.Errorf("%w (after %s)", err, binaryBytes(written))
	case c.app.ctx.Err() != nil:
		return fmt.Errorf("%w (after %s)", errInterrupted, binaryBytes(written))
	case errors.Is(err, tarstream.ErrEmpty):
		return fmt.Errorf("%w: is there %s in the container?", err, c.Source)
	case errors.Is(err, tarstream.ErrUnknown):
		return fmt.Errorf("garden sent %d bytes: %w", written, err)
	}
	return fmt.Errorf("the stream ended early after %d bytes: %w", written, err)
}

// aboutStream makes an error of a stream as helpful as can be.
func (a *app) aboutStream(client *gardenclient.Client, handle string, err error) error {
	if gardenclient.IsNotImplemented(err) {
		return fmt.Errorf("this Garden streams nothing, as Concourse's own over containerd: %w", err)
	}
	return a.aboutHandle(client, handle, err)
}
