// Package worker peoples a sandbox: volumes on disk, and the containers that refer to them, as
// three generations of Concourse leave them, some of them leaked.
package worker

import (
	"fmt"
	"slices"
	"time"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/volumes"
)

// DefaultAge is how old containers are where nobody says: past weeder's grace by far.
const DefaultAge = 6 * time.Hour

// Options say whom a sandbox is peopled with.
type Options struct {
	// Containers in all; 0 means none.
	Containers int
	// Leaked ones among them, the incident's included: containers whose root volume is missing, a
	// bound volume is missing, a volume is expired (not over containerd), a volume is only in dead/,
	// in turn.
	Leaked int
	// Containerd makes it a worker of today's over containerd: only the OCI specs name volumes, no
	// volume has a ttl.json, and there is no incident.
	Containerd bool
	// NoIncident leaves out the container of the 2016 incident, which is else the first of the
	// leaked.
	NoIncident bool
	// GraceTime of every container but the incident's; 0 means never.
	GraceTime time.Duration
	// Age of the youngest container, the others being up to an hour older; 0 means DefaultAge.
	Age time.Duration
	// Seed of the handles: the same seed makes the same handles.
	Seed uint64
	// Now is the time that ages and expiries count from.
	Now time.Time
}

// People writes volumes into a directory, twice as many as there are containers, and returns the
// containers that go with them.
//
// Of those that are not leaked one in twelve is foreign (of no volume), at least one where there
// are four; the others' volumes expire later, never, or know no expiry, in turn, and every third
// has a process beside its init. Over containerd the others' roots are a copy-on-write child, a
// volume, or an image artifact's, in turn.
func People(dir volumes.Dir, options Options) ([]backend.Container, error) {
	if options.Leaked > options.Containers {
		return nil, fmt.Errorf("%d leaked containers of %d", options.Leaked, options.Containers)
	}
	if options.Age == 0 {
		options.Age = DefaultAge
	}

	people := &people{Options: options, handles: newHandles(options.Seed), dir: dir}
	leaked, live, foreigner := people.leaked, people.live, people.foreign
	if options.Containerd {
		leaked, live, foreigner = people.modernLeaked, people.modernLive, people.modernForeign
	} else if options.Leaked > 0 && !options.NoIncident {
		people.incident()
	}
	for i := range options.Leaked - len(people.containers) {
		leaked(i)
	}

	healthy := options.Containers - options.Leaked
	foreign := healthy / 12
	if healthy >= 4 {
		foreign = max(foreign, 1)
	}
	for range foreign {
		foreigner()
	}
	for i := range healthy - foreign {
		live(i)
	}
	people.spares(2*options.Containers - len(people.volumes))

	if err := people.write(); err != nil {
		return nil, err
	}

	return people.containers, nil
}

type people struct {
	Options
	handles    *handles
	dir        volumes.Dir
	image      string
	containers []backend.Container
	volumes    []volumes.Volume
}

func (p *people) write() error {
	if err := p.dir.Make(); err != nil {
		return err
	}

	for _, volume := range p.volumes {
		if err := p.dir.Put(volume); err != nil {
			return err
		}
	}

	return nil
}

func (p *people) nextCreatedAt() time.Time {
	return p.Now.Add(-p.Age - time.Duration(len(p.containers)%60)*time.Minute)
}

// spares are volumes that no container refers to: one being made, one being torn down, the others
// live.
func (p *people) spares(count int) {
	states := append([]string{volumes.Init, volumes.Dead}, slices.Repeat([]string{volumes.Live}, max(count-2, 0))...)
	for _, state := range states[:max(count, 0)] {
		p.volumes = append(p.volumes, volumes.Volume{
			Handle:     p.handles.next(),
			State:      state,
			Properties: map[string]string{"initialized": "yep"},
			TTL:        p.forever(),
		})
	}
}
