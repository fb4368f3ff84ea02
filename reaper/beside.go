package reaper

import (
	"slices"
	"time"
)

// KeptPolicy is the part of a daemon's policy that others on its worker go by,
// too: what it protects, and how long it waits. Its zero value: not known.
type KeptPolicy struct {
	Grace, BusyGrace time.Duration
	// Protect are the protections, as ParseProtection reads them.
	Protect []string
}

// kept is what others are to know of the policy.
func (p Policy) kept() KeptPolicy {
	kept := KeptPolicy{Grace: p.Grace, BusyGrace: p.BusyGrace}
	for _, protection := range p.Protect {
		kept.Protect = append(kept.Protect, protection.String())
	}
	return kept
}

// Beside is the policy of a single run on a daemon's worker: what the daemon
// protects is protected, and where nobody gave the run a grace of its own it is
// the daemon's. given tells of an option, by its long name, whether somebody did.
func (p Policy) Beside(daemon KeptPolicy, given func(option string) bool) Policy {
	if daemon.Grace > 0 && !given("grace") {
		p.Grace = daemon.Grace
	}
	if daemon.BusyGrace > 0 && !given("busy-grace") {
		p.BusyGrace = daemon.BusyGrace
	}
	p.Protect = slices.Clone(p.Protect)
	for _, text := range daemon.Protect {
		protection, err := ParseProtection(text)
		if err == nil && !slices.Contains(p.Protect, protection) {
			p.Protect = append(p.Protect, protection)
		}
	}
	return p
}
