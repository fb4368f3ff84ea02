package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"syscall"
	"time"

	"weeder/reaper"
)

// volumesDir is where the volumes directory is.
const volumesDir = "/volumes"

// volume is one of baggageclaim's, as it is.
type volume struct {
	handle string
	state  reaper.VolumeState
	// ttl as in settings; expires is in the seconds of the wall clock.
	ttl     time.Duration
	expires time.Time
	// accusedAt is since when it is dead, gone or expired. Unaccused: it is
	// not, or its expiry tells.
	accusedAt time.Duration
	// childUntil is how long a child keeps baggageclaim from reaping it.
	childUntil time.Duration
	// err and ttlErr are why it, or its ttl.json, can't be read.
	err, ttlErr error
	// damaged has baggageclaim not understand its properties.json.
	damaged bool
}

const unaccused = time.Duration(-1)

// disk has the volumes directory.
type disk struct {
	volumes map[string]*volume
	// mount counts what was mounted at the volumes directory.
	mount int
}

func newDisk() disk {
	return disk{volumes: map[string]*volume{}}
}

// identity of live/ as it is.
func (w *world) identity() string {
	if w.on(unmounted) {
		return "1:2"
	}
	return fmt.Sprintf("8:%d", w.disk.mount)
}

func (v *volume) gone() bool {
	return v.state == reaper.VolumeDead || v.state == reaper.VolumeMissing
}

// expired tells that its time is up by the wall clock.
func (v *volume) expired(wall time.Time) bool {
	return v.state == reaper.VolumeLive && v.ttl > 0 && v.expires.Before(wall)
}

// move takes a volume to another state.
func (w *world) move(v *volume, to reaper.VolumeState) {
	switch {
	case v.gone():
	case v.expired(w.wall()):
		v.accusedAt = w.accusedSince(v)
	case to == reaper.VolumeDead || to == reaper.VolumeMissing:
		v.accusedAt = w.now()
	}
	v.state = to
}

// accusedSince is since when a volume that is dead, gone or expired speaks
// against its container.
func (w *world) accusedSince(v *volume) time.Duration {
	if v.accusedAt != unaccused {
		return v.accusedAt
	}
	return v.expires.Sub(w.began.Add(w.offset))
}

// beat has a volume live for another ttl.
func (w *world) beat(v *volume) {
	if v.state == reaper.VolumeLive && v.ttl > 0 {
		v.expires, v.accusedAt = w.wall().Add(v.ttl).Truncate(time.Second), unaccused
	}
}

// prolong has a container's volumes live on. Those that are gone make it an
// orphan without a break, where an expired one did so far.
func (w *world) prolong(c *container) {
	since, orphan := w.orphanSince(c)
	for _, v := range c.volumes {
		w.beat(v)
		if orphan && v.gone() {
			v.accusedAt = min(v.accusedAt, since)
		}
	}
}

// setClock sets the wall clock by a step.
func (w *world) setClock(step time.Duration) {
	before := w.wall()
	w.offset += step
	for _, v := range w.disk.volumes {
		switch {
		case v.state != reaper.VolumeLive:
		case !v.expired(w.wall()):
			v.accusedAt = unaccused
		case !v.expired(before):
			v.accusedAt = w.now()
		case v.accusedAt == unaccused:
			v.accusedAt = v.expires.Sub(w.began.Add(w.offset - step))
		}
	}
}

// diskView is the volumes directory as one life of the daemon sees it.
type diskView struct{ *life }

func (d diskView) Snapshot(ctx context.Context) (reaper.Snapshot, error) {
	glance, err := d.look(ctx)
	if err != nil {
		return nil, err
	}
	d.world.mutex.Lock()
	defer d.world.mutex.Unlock()
	snapshot := snapshot{glance: glance, states: map[string]reaper.VolumeState{}}
	if !d.world.on(unmounted) {
		for handle, v := range d.world.disk.volumes {
			snapshot.states[handle] = v.state
		}
	}
	d.sawIdentity, d.snapshotAt = glance.identity, d.world.now()
	return snapshot, nil
}

func (d diskView) Fresh(ctx context.Context) (reaper.Glance, error) {
	return d.look(ctx)
}

func (d diskView) look(ctx context.Context) (glance, error) {
	d.world.mutex.Lock()
	slow := d.world.on(diskSlow)
	d.world.mutex.Unlock()
	latency := 3 * time.Millisecond
	if slow {
		ctx, latency = context.WithoutCancel(ctx), 9*time.Second
	}
	if err := d.call(ctx, "disk", 0, latency); err != nil {
		return glance{}, err
	}
	d.world.mutex.Lock()
	defer d.world.mutex.Unlock()
	if d.world.on(unusable) {
		return glance{}, pick(d.world.dice.of("unusable", int(d.world.calmAt)), syscall.EIO, syscall.EACCES, syscall.ENOENT)
	}
	return glance{world: d.world, identity: d.world.identity()}, nil
}

func (d diskView) Under(path string) (handle string, other bool) {
	dir, rest, found := strings.Cut(path, "/live/")
	if !found {
		return "", false
	}
	handle, _, _ = strings.Cut(rest, "/")
	return handle, dir != volumesDir
}

type glance struct {
	world    *world
	identity string
}

func (g glance) Identity() string { return g.identity }

func (g glance) Volume(handle string) reaper.Volume {
	g.world.mutex.Lock()
	defer g.world.mutex.Unlock()
	v, found := g.world.disk.volumes[handle]
	seen := reaper.Volume{Handle: handle, State: reaper.VolumeMissing}
	switch {
	case g.world.on(unmounted) || !found:
		return seen
	case v.err != nil:
		seen.State, seen.Err = reaper.VolumeUnknown, v.err
		return seen
	}
	seen.State = v.state
	if v.state == reaper.VolumeLive && v.ttl >= 0 {
		seen.HasTTL, seen.TTL, seen.ExpiresAt, seen.TTLErr = true, v.ttl, v.expires, v.ttlErr
	}
	return seen
}

type snapshot struct {
	glance
	states map[string]reaper.VolumeState
}

func (s snapshot) Empty() bool {
	return s.Counts()[reaper.VolumeLive] == 0
}

func (s snapshot) Counts() map[reaper.VolumeState]int {
	counts := map[reaper.VolumeState]int{}
	for state := range maps.Values(s.states) {
		counts[state]++
	}
	delete(counts, reaper.VolumeMissing)
	return counts
}

func (s snapshot) Holds(path string) bool {
	return strings.HasPrefix(path, volumesDir+"/live/") && s.Counts()[reaper.VolumeLive] > 0
}

var errTTL = errors.New("ttl.json: unexpected end of JSON input")
