package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"code.cloudfoundry.org/garden"
	"github.com/containerd/containerd"
)

const (
	graceTimeKey  = "garden.grace-time"
	exitStatusKey = "garden.process-exit-status"
)

type container struct {
	backend   *backend
	container containerd.Container
}

var _ garden.Container = &container{}

func (c *container) Handle() string { return c.container.ID() }

func (c *container) Properties() (garden.Properties, error) {
	ctx, cancel := c.backend.within()
	defer cancel()
	labels, err := c.container.Labels(ctx)
	if err != nil {
		return nil, fmt.Errorf("labels retrieval: %w", err)
	}
	return fromLabels(labels), nil
}

func (c *container) Property(name string) (string, error) {
	properties, err := c.Properties()
	if err != nil {
		return "", err
	}
	value, found := properties[name]
	if !found {
		return "", fmt.Errorf("not found: %s", name)
	}
	return value, nil
}

func (c *container) SetProperty(name, value string) error {
	ctx, cancel := c.backend.within()
	defer cancel()
	if _, err := c.container.SetLabels(ctx, toLabels(garden.Properties{name: value})); err != nil {
		return fmt.Errorf("set label: %w", err)
	}
	return nil
}

func (c *container) SetGraceTime(grace time.Duration) error {
	if err := c.SetProperty(graceTimeKey, strconv.FormatInt(int64(grace), 10)); err != nil {
		return fmt.Errorf("set grace time: %w", err)
	}
	return nil
}

func (c *container) Stop(bool) error             { return errNotImplemented }
func (c *container) RemoveProperty(string) error { return errNotImplemented }
func (c *container) Info() (garden.ContainerInfo, error) {
	return garden.ContainerInfo{}, errNotImplemented
}
func (c *container) Metrics() (garden.Metrics, error)         { return garden.Metrics{}, errNotImplemented }
func (c *container) StreamIn(garden.StreamInSpec) error       { return errNotImplemented }
func (c *container) NetOut(garden.NetOutRule) error           { return errNotImplemented }
func (c *container) BulkNetOut([]garden.NetOutRule) error     { return errNotImplemented }
func (c *container) NetIn(_, _ uint32) (a, b uint32, _ error) { return 0, 0, errNotImplemented }

func (c *container) StreamOut(garden.StreamOutSpec) (io.ReadCloser, error) {
	return nil, errNotImplemented
}

func (c *container) Attach(string, garden.ProcessIO) (garden.Process, error) {
	return nil, errNotImplemented
}

func (c *container) CurrentBandwidthLimits() (garden.BandwidthLimits, error) {
	return garden.BandwidthLimits{}, nil
}

func (c *container) CurrentCPULimits() (garden.CPULimits, error) { return garden.CPULimits{}, nil }

func (c *container) CurrentDiskLimits() (garden.DiskLimits, error) { return garden.DiskLimits{}, nil }

func (c *container) CurrentMemoryLimits() (garden.MemoryLimits, error) {
	return garden.MemoryLimits{}, nil
}
