package backend

import (
	"io"

	"code.cloudfoundry.org/garden"
)

// What needs a real container is not implemented: the calls are counted and refused.

func (c *container) Run(garden.ProcessSpec, garden.ProcessIO) (garden.Process, error) {
	c.backend.Calls.add("run", c.handle)
	return nil, errNotImplemented
}

func (c *container) Attach(string, garden.ProcessIO) (garden.Process, error) {
	c.backend.Calls.add("attach", c.handle)
	return nil, errNotImplemented
}

func (c *container) StreamIn(garden.StreamInSpec) error {
	c.backend.Calls.add("stream-in", c.handle)
	return errNotImplemented
}

func (c *container) StreamOut(garden.StreamOutSpec) (io.ReadCloser, error) {
	c.backend.Calls.add("stream-out", c.handle)
	return nil, errNotImplemented
}

func (c *container) NetIn(uint32, uint32) (uint32, uint32, error) {
	c.backend.Calls.add("net-in", c.handle)
	return 0, 0, errNotImplemented
}

func (c *container) NetOut(garden.NetOutRule) error {
	c.backend.Calls.add("net-out", c.handle)
	return errNotImplemented
}

func (c *container) BulkNetOut([]garden.NetOutRule) error {
	c.backend.Calls.add("net-out", c.handle)
	return errNotImplemented
}
