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
	// hindsight is what a daemon on this worker remembers.
	hindsight reaper.Hindsight
	// policy of this run.
	policy reaper.Policy
}

// connect wires up the worker. Nothing is dialled or read yet: what is missing
// shows as an interlock when it is asked for.
func (a *app) connect() *site {
	s := &site{global: a.global, garden: a.garden(), volumes: baggageclaim.NewDir(a.global.Volumes)}
	s.worker = &reaper.Worker{Garden: s.garden, Volumes: s.volumes, Clock: clock.NewClock(), Elapsed: journal.Elapsed}
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
	return s
}

// remember has the worker judged with what the daemon remembers.
func (s *site) remember(a *app) {
	past, err := journal.Load(a.global.journalDir())
	if err != nil {
		a.warn("what the daemon remembers can't be read, so every orphan counts as first seen now: %v", err)
		s.worker.Sightings = firstSeenNow{}
		return
	}
	s.hindsight = reaper.Hindsight{Past: past, Now: journal.Elapsed()}
	s.worker.Sightings = s.hindsight
}

// firstSeenNow are the sightings of who can't read the daemon's: nothing that
// it may hold is eligible then.
type firstSeenNow struct{}

func (firstSeenNow) Remember(_ reaper.Container, now time.Time) reaper.Remembered {
	return reaper.Remembered{FirstSeen: now}
}

func (s *site) close() {
	s.garden.Close()
	if s.baggageclaim != nil {
		s.baggageclaim.Close()
	}
	if s.containerd != nil {
		s.containerd.Close()
	}
}

// policyOf is the policy of this run, given what the daemon here goes by, and has
// it remembered what the daemon remembers.
func (s *site) policyOf(a *app, policy reaper.Policy) reaper.Policy {
	s.remember(a)
	s.policy = policy.Beside(s.hindsight.Policy, a.given)
	return s.policy
}

// asDaemon tells that this run goes by the same policy as the daemon, as far as
// that is known.
func (s *site) asDaemon() bool {
	daemons := s.hindsight.Policy
	return s.policy.Grace == daemons.Grace && s.policy.BusyGrace == daemons.BusyGrace &&
		len(s.policy.Protect) == len(daemons.Protect)
}

// look is a pass for commands that destroy nothing: it shows what the daemon
// would do.
func (s *site) look(a *app, policy reaper.Policy) reaper.Report {
	policy = s.policyOf(a, policy)
	return s.judge(a, reaper.Question{Policy: policy, Standing: s.hindsight.Interlocks(s.worker.Clock.Now())}, nil)
}

// pass is a pass for who is about to destroy.
func (s *site) pass(a *app, question reaper.Question) reaper.Report {
	return s.judge(a, question, reaper.Overridable)
}

// judge judges the worker, and says on stderr what kept it from seeing all, and
// which of the interlocks can be overridden.
func (s *site) judge(a *app, question reaper.Question, overridable []reaper.InterlockName) reaper.Report {
	report := s.worker.Pass(a.ctx, question)
	s.sayFallback(a)
	a.sayInterlocks(report, overridable)
	return report
}

// sayFallback says on stderr where containerd's bundles had to do.
func (s *site) sayFallback(a *app) {
	if s.containerd != nil && s.containerd.Fallback() != nil {
		a.warn("containerd can't be asked, so its bundles are read instead: %v", s.containerd.Fallback())
	}
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

// gardenSockets are where Guardian listens unless it is told otherwise: that of
// garden-runc-release, and gdn's own.
var gardenSockets = []string{"/var/vcap/data/garden/garden.sock", "/tmp/garden.sock"}

// garden makes the client that every command talks through; the target has
// been checked.
func (a *app) garden() *gardenclient.Client {
	target, _ := gardenclient.ParseTarget(a.global.Target)
	config := gardenclient.Config{
		Target:  target,
		Origin:  "from " + a.global.targetFrom,
		Timeout: a.global.Timeout,
		Depot:   a.global.Depot,
		Logger:  a.logger(),
	}
	if a.global.targetFrom == "" {
		config.Origin, config.Elsewhere = "the default", gardenSockets
	}
	return gardenclient.New(config)
}
