package main

import (
	"context"
	"path/filepath"
	"time"

	"code.cloudfoundry.org/clock"

	"weeder/baggageclaim"
	"weeder/containerd"
	"weeder/gardenclient"
	"weeder/journal"
	"weeder/reaper"
)

// site is the worker that the global options point at.
type site struct {
	global       globalOptions
	garden       *gardenclient.Client
	volumes      *baggageclaim.Dir
	baggageclaim *baggageclaim.API
	// containerd is nil where --containerd is empty.
	containerd *containerd.Source
	worker     *reaper.Worker
}

// connect wires up the worker. Nothing is dialled or read yet but the journal:
// what is missing shows as an interlock when it is asked for.
func (a *app) connect() *site {
	s := &site{global: a.global, garden: a.garden(), volumes: baggageclaim.NewDir(a.global.Volumes)}
	s.worker = &reaper.Worker{Garden: s.garden, Volumes: s.volumes, Clock: clock.NewClock()}
	if address := a.global.Baggageclaim; address != "" {
		s.baggageclaim = baggageclaim.NewAPI(address, a.global.Timeout)
		s.worker.Baggageclaim = s.baggageclaim
	}
	if socket := a.global.Containerd; socket != "" {
		s.containerd = containerd.NewSource(containerd.Config{
			Socket:    socket,
			Namespace: a.global.ContainerdNamespace,
			Timeout:   a.global.Timeout,
			Logger:    a.logger(),
		})
		s.worker.Runtime = s.containerd
	}
	sightings, err := journal.ReadSightings(a.global.journalDir())
	s.worker.Sightings = sightings
	if err != nil {
		a.warn("first sightings can't be read, so every orphan counts as first seen now: %v", err)
		s.worker.Sightings = seenAt(s.worker.Clock.Now())
	}
	return s
}

// seenAt are the sightings of who can't read the journal: nothing that it may
// hold back is eligible then.
type seenAt time.Time

func (s seenAt) FirstSeen(string) (time.Time, bool) { return time.Time(s), true }

func (s *site) close() {
	s.garden.Close()
	if s.baggageclaim != nil {
		s.baggageclaim.Close()
	}
	if s.containerd != nil {
		s.containerd.Close()
	}
}

// pass judges the worker, and says on stderr what kept it from seeing all.
func (s *site) pass(a *app, question reaper.Question) reaper.Report {
	report := s.worker.Pass(a.ctx, question)
	if s.containerd != nil && s.containerd.Fallback() != nil {
		a.warn("containerd can't be asked, so its bundles are read instead: %v", s.containerd.Fallback())
	}
	a.sayInterlocks(report)
	return report
}

// volumesDir is the volumes directory as it was given or found; empty where
// none was.
func (s *site) volumesDir() string {
	path, err := s.volumes.Path()
	if err != nil {
		return s.global.Volumes
	}
	return path
}

// bundle is where weeder sees a container's bundle; empty where nobody tells.
func (s *site) bundle(container reaper.Container) string {
	if s.global.Depot != "" {
		return filepath.Join(s.global.Depot, container.Handle)
	}
	return container.BundlePath
}

// maxContainers asks Garden for the worker's slots, and takes
// --max-containers where it does not say.
func (s *site) maxContainers(ctx context.Context) uint64 {
	capacity, err := s.garden.Capacity(ctx)
	if err != nil || capacity.MaxContainers == 0 {
		return s.global.MaxContainers
	}
	return capacity.MaxContainers
}

// garden makes the client that every command talks through; the target has
// been checked.
func (a *app) garden() *gardenclient.Client {
	target, _ := gardenclient.ParseTarget(a.global.Target)
	return gardenclient.New(gardenclient.Config{
		Target:  target,
		Timeout: a.global.Timeout,
		Depot:   a.global.Depot,
		Logger:  a.logger(),
	})
}
