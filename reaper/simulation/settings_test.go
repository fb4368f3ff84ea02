package simulation

import (
	"time"

	"weeder/reaper"
)

// settings are a worker's and its daemon's, by the seed alone.
type settings struct {
	policy   reaper.Policy
	interval time.Duration
	dryRun   bool
	// witness tells that the daemon asks baggageclaim.
	witness bool
	// containerd runs the containers, beneath a Garden that tells of each but its
	// properties; otherwise Guardian does. bundles tells that the daemon sees what
	// containerd writes of each task.
	containerd, bundles bool
	// byProperty tells that a property protects, too: one whose properties can't be
	// read may have it.
	byProperty bool
	// ttl of new volumes. Zero: they never expire; negative: they have no
	// ttl.json.
	ttl time.Duration
	// busyFor is how long actions come, calmFor how long it is watched after.
	busyFor, calmFor time.Duration
}

// longestGrace is a container's own.
const longestGrace = 40 * time.Minute

func settingsOf(seed uint64) settings {
	d := dice(seed).of("settings")
	s := settings{
		policy: reaper.Policy{
			Grace:          pick(d.of("grace"), time.Minute, time.Minute, 5*time.Minute, 10*time.Minute, 30*time.Minute),
			BusyGrace:      pick(d.of("busy grace"), 24*time.Hour, 24*time.Hour, time.Hour),
			MaxInFlight:    1 + d.of("in flight").below(4),
			MaxPerPass:     pick(d.of("per pass"), 0, 1, 3, 20),
			DestroyTimeout: pick(d.of("timeout"), 30*time.Second, 2*time.Minute, 20*time.Minute),
		},
		interval: pick(d.of("interval"), 5*time.Second, 15*time.Second, 30*time.Second, 30*time.Second, time.Minute, 2*time.Minute),
		dryRun:   d.of("dry run").chance(0.08),
		witness:  !d.of("witness").chance(0.08),
		ttl:      pick(d.of("ttl"), 5*time.Minute, 5*time.Minute, 5*time.Minute, 0, -1),
		busyFor:  d.of("busy for").between(30*time.Minute, 4*time.Hour),
	}
	if s.containerd = d.of("containerd").chance(0.35); s.containerd {
		// No release that runs on it has TTLs.
		s.ttl = -1
		s.bundles = d.of("bundles").chance(0.7)
	}
	protections := []string{"protected-*"}
	if s.byProperty = d.of("by property").chance(0.5); s.byProperty {
		protections = append(protections, "team=main")
	}
	for _, text := range protections {
		protection, err := reaper.ParseProtection(text)
		if err != nil {
			panic(err)
		}
		s.policy.Protect = append(s.policy.Protect, protection)
	}
	if s.interval == 5*time.Second {
		s.busyFor = min(s.busyFor, time.Hour)
	}
	s.calmFor = 2*max(s.policy.Grace, longestGrace) + time.Hour
	return s
}

// starting is how long a daemon watches before it destroys anything.
func (s settings) starting() time.Duration {
	return max(s.interval, s.policy.Grace)
}

// grace that a container has to wait out.
func (s settings) grace(c *container) time.Duration {
	return max(s.policy.Grace, c.grace)
}
