package backend

import (
	"errors"
	"io"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/sandbox/files"
)

// breaksAfter is how many bytes a stream out that is to break lets pass.
const breaksAfter = 100_000

// StreamIn unpacks a tar stream below the container's directory. The user counts for nothing.
func (c *container) StreamIn(spec garden.StreamInSpec) error {
	c.backend.Calls.add("stream-in", c.handle)
	if c.backend.containerd() {
		return errNotImplemented
	}
	room, _, err := c.room(errors.New("stream-in: pid not found for container"))
	if err != nil {
		return err
	}
	closed, done, err := room.stream()
	if err != nil {
		return err
	}
	defer done()

	if c.backend.Faults.Strike("stream-in-fails", c.handle).Struck() {
		// As tar does. And where something is left unread the connection is reset, which the client may hear of first.
		files.Discard(closed, spec.TarStream)
		return errStreamIn
	}

	return room.files.In(closed, spec.Path, spec.TarStream)
}

// StreamOut packs what is below the container's directory. The user counts for nothing.
func (c *container) StreamOut(spec garden.StreamOutSpec) (io.ReadCloser, error) {
	c.backend.Calls.add("stream-out", c.handle)
	if c.backend.containerd() {
		return nil, errNotImplemented
	}
	room, _, err := c.room(errors.New("stream-out: pid not found for container"))
	if err != nil {
		return nil, err
	}
	closed, done, err := room.stream()
	if err != nil {
		return nil, err
	}

	archive, err := room.files.Out(closed, spec.Path, done)
	if err != nil {
		done()
		return nil, err
	}
	if c.backend.Faults.Strike("stream-out-breaks", c.handle).Struck() {
		return breaking{io.MultiReader(io.LimitReader(archive, breaksAfter), broken{}), archive}, nil
	}

	return archive, nil
}

type breaking struct {
	io.Reader
	io.Closer
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errStreamOut }

var (
	errStreamIn  = errors.New("stream-in: nstar: error streaming in: exit status 2. Output: tar: Cannot write: No space left on device")
	errStreamOut = errors.New("stream-out: nstar: error streaming out: signal: killed")
)
