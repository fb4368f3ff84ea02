package backend

import (
	"errors"
	"maps"

	"code.cloudfoundry.org/garden"
)

// BulkInfo has an entry for each handle: what Guardian's Info says, or an untyped error.
func (b *Backend) BulkInfo(handles []string) (map[string]garden.ContainerInfoEntry, error) {
	b.Calls.add("bulk-info", handles...)
	b.Hooks.fire(OnBulkInfo, handles...)
	if len(handles) == 1 {
		b.Hooks.fire(OnBulkInfoSingle, handles[0])
	}

	if b.containerd() || b.Faults.Strike("bulk-not-implemented").Struck() {
		return nil, errNotImplemented
	}
	if err := b.Faults.Hold("bulk-info-hangs", handles...); err != nil {
		return nil, err
	}
	fails := b.Faults.Strike("bulk-info-fails", handles...)
	if fails.Every {
		return nil, errRuncState
	}

	entries := make(map[string]garden.ContainerInfoEntry, len(handles))
	for _, handle := range handles {
		info, err := b.info(handle)
		if err == nil && fails.At(handle) {
			info, err = garden.ContainerInfo{}, errRuncState
		}
		entries[handle] = garden.ContainerInfoEntry{Info: info, Err: untyped(err)}
	}

	return entries, nil
}

// BulkMetrics has an entry for each handle, with its age and its processes, or an untyped error.
func (b *Backend) BulkMetrics(handles []string) (map[string]garden.ContainerMetricsEntry, error) {
	b.Calls.add("bulk-metrics", handles...)
	b.Hooks.fire(OnBulkMetrics, handles...)

	if b.containerd() || b.Faults.Strike("bulk-not-implemented").Struck() {
		return nil, errNotImplemented
	}
	if err := b.Faults.Hold("metrics-hang", handles...); err != nil {
		return nil, err
	}
	fails := b.Faults.Strike("metrics-fail", handles...)
	if fails.Every {
		return nil, errRuncStats
	}
	old := b.Faults.Strike("old-guardian", handles...)

	entries := make(map[string]garden.ContainerMetricsEntry, len(handles))
	for _, handle := range handles {
		metrics, err := b.metrics(handle)
		if err == nil && fails.At(handle) {
			metrics, err = garden.Metrics{}, errRuncStats
		}
		if old.At(handle) {
			metrics = garden.Metrics{}
		}
		entries[handle] = garden.ContainerMetricsEntry{Metrics: metrics, Err: untyped(err)}
	}

	return entries, nil
}

func (b *Backend) info(handle string) (garden.ContainerInfo, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	found, ok := b.entries[handle]
	if !ok || found.container.DepotOnly {
		return garden.ContainerInfo{}, garden.ContainerNotFoundError{Handle: handle}
	}
	if found.container.Zombie {
		return garden.ContainerInfo{}, errRuncState
	}

	state := "active"
	if found.stopped {
		state = "stopped"
	}
	properties := maps.Clone(found.container.Properties)

	return garden.ContainerInfo{
		State:         state,
		HostIP:        properties["garden.network.host-ip"],
		ContainerIP:   properties["garden.network.container-ip"],
		ExternalIP:    properties["garden.network.external-ip"],
		ContainerPath: b.bundlePath(found.container),
		Properties:    properties,
		MappedPorts:   found.container.MappedPorts(),
	}, nil
}

func (b *Backend) metrics(handle string) (garden.Metrics, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	found, ok := b.entries[handle]
	if !ok || found.container.DepotOnly || found.container.Zombie {
		return garden.Metrics{}, errRuncStats
	}

	processes := 1 + found.container.Processes
	if found.room != nil {
		processes += found.room.processes.Running()
	}

	return garden.Metrics{
		Age:     b.options.Clock.Since(found.container.CreatedAt),
		PidStat: garden.ContainerPidStat{Current: uint64(processes)},
	}, nil
}

// untyped is what Guardian makes of an error in a bulk reply.
func untyped(err error) *garden.Error {
	if err == nil {
		return nil
	}

	return garden.NewError(err.Error())
}

var (
	errRuncState = errors.New("runc state: runc: exit status 1: container does not exist")
	errRuncStats = errors.New("runC stats: runc: exit status 1: container does not exist")
)
