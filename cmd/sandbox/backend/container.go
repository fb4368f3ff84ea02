package backend

import (
	"fmt"
	"maps"
	"time"

	"code.cloudfoundry.org/garden"
)

// container is a handle with the calls that garden/server makes for it. As with Guardian, there
// need be no container of that handle.
type container struct {
	backend *Backend
	handle  string
}

func (c *container) Handle() string { return c.handle }

func (c *container) Info() (garden.ContainerInfo, error) {
	c.backend.Calls.add("info", c.handle)
	if c.backend.containerd() {
		return garden.ContainerInfo{}, errNotImplemented
	}

	return c.backend.info(c.handle)
}

func (c *container) Metrics() (garden.Metrics, error) {
	c.backend.Calls.add("metrics", c.handle)
	if c.backend.containerd() {
		return garden.Metrics{}, errNotImplemented
	}

	fails := c.backend.Faults.Strike("metrics-fail", c.handle)
	old := c.backend.Faults.Strike("old-guardian", c.handle)
	metrics, err := c.backend.metrics(c.handle)
	switch {
	case err != nil:
		return garden.Metrics{}, err
	case fails.Struck():
		return garden.Metrics{}, errRuncStats
	case old.Struck():
		return garden.Metrics{}, nil
	}

	return metrics, nil
}

func (c *container) Properties() (garden.Properties, error) {
	c.backend.Calls.add("properties", c.handle)
	c.backend.Hooks.fire(OnProperties, c.handle)

	return c.properties(), nil
}

func (c *container) Property(name string) (string, error) {
	c.backend.Calls.add("property", c.handle)

	value, ok := c.properties()[name]
	if !ok {
		return "", fmt.Errorf("property does not exist: %s", name)
	}

	return value, nil
}

// properties are nil for an unknown handle, which is no error on Guardian.
func (c *container) properties() garden.Properties {
	var properties garden.Properties
	c.change(func(found *entry) { properties = maps.Clone(found.container.Properties) })
	if c.backend.containerd() {
		properties = labels(properties)
	}

	return properties
}

func (c *container) SetProperty(name, value string) error {
	c.backend.Calls.add("set-property", c.handle)
	c.change(func(found *entry) { found.container.Properties[name] = value })

	return nil
}

func (c *container) RemoveProperty(name string) error {
	c.backend.Calls.add("remove-property", c.handle)
	if c.backend.containerd() {
		return errNotImplemented
	}

	c.change(func(found *entry) { delete(found.container.Properties, name) })

	return nil
}

// SetGraceTime writes the property; 0 is written too, and makes the server reap at once.
func (c *container) SetGraceTime(graceTime time.Duration) error {
	c.backend.Calls.add("set-grace-time", c.handle)
	c.change(func(found *entry) {
		found.container.Properties[graceTimeKey] = fmt.Sprintf("%d", graceTime)
	})

	return nil
}

// Stop ends its processes, those that SIGTERM does not end in ten seconds with SIGKILL.
func (c *container) Stop(kill bool) error {
	c.backend.Calls.add("stop", c.handle)
	var room *room
	c.change(func(found *entry) {
		found.stopped = true
		found.container.Processes = 0
		room = found.room
	})

	if room != nil {
		room.stop(kill)
	}

	return nil
}

func (c *container) CurrentBandwidthLimits() (garden.BandwidthLimits, error) {
	c.backend.Calls.add("limits", c.handle)
	return garden.BandwidthLimits{}, nil
}

func (c *container) CurrentCPULimits() (garden.CPULimits, error) {
	c.backend.Calls.add("limits", c.handle)
	return garden.CPULimits{}, nil
}

func (c *container) CurrentDiskLimits() (garden.DiskLimits, error) {
	c.backend.Calls.add("limits", c.handle)
	return garden.DiskLimits{}, nil
}

func (c *container) CurrentMemoryLimits() (garden.MemoryLimits, error) {
	c.backend.Calls.add("limits", c.handle)
	return garden.MemoryLimits{}, nil
}

func (c *container) change(change func(*entry)) {
	c.backend.mutex.Lock()
	defer c.backend.mutex.Unlock()

	if found, ok := c.backend.entries[c.handle]; ok && !found.container.DepotOnly {
		change(found)
	}
}
