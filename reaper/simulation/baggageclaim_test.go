package simulation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"weeder/reaper"
)

// baggageclaim is the server with its API and its reaper.
type baggageclaim struct {
	// reaps tells that the reaper goes on while the API is silent.
	reaps bool
}

// reapVolumes is what baggageclaim does every few seconds: volumes whose ttl is
// up are torn down, but for those with children.
func (w *world) reapVolumes() {
	if w.on(unmounted, unusable) || w.on(baggageclaimSilent) && !w.baggageclaim.reaps {
		return
	}
	for _, handle := range slices.Sorted(maps.Keys(w.disk.volumes)) {
		v := w.disk.volumes[handle]
		if v.expired(w.wall()) && v.childUntil < w.now() {
			w.tearDown(v, w.dice.of("tear down "+v.handle))
		}
	}
}

// tearDown takes a volume to dead, and away.
func (w *world) tearDown(v *volume, d dice) {
	if v.gone() {
		return
	}
	w.trace("volume %s is torn down", v.handle)
	w.move(v, reaper.VolumeDead)
	w.after(d.of("dead for").between(50*time.Millisecond, time.Minute), func() { w.move(v, reaper.VolumeMissing) })
}

// baggageclaimView is the API as one life of the daemon sees it.
type baggageclaimView struct{ *life }

var errSilent = errors.New("baggageclaim: connection refused")

func (b baggageclaimView) ask(ctx context.Context, volume string) error {
	b.world.mutex.Lock()
	latency, silent := 8*time.Millisecond, b.world.on(baggageclaimSilent)
	if b.world.on(baggageclaimSlow) {
		latency = 7 * time.Second
	}
	b.world.mutex.Unlock()
	if silent && b.world.dice.of("silence").chance(0.5) {
		latency = 10 * time.Second
	}
	if err := b.call(ctx, "ask "+volume, 0, latency); err != nil {
		return err
	}
	if silent {
		return errSilent
	}
	return nil
}

func (b baggageclaimView) Knows(ctx context.Context, handle string) (bool, error) {
	err := b.ask(ctx, handle)
	b.world.mutex.Lock()
	defer b.world.mutex.Unlock()
	if v := b.world.disk.volumes[handle]; err == nil && v != nil && v.damaged && v.state == reaper.VolumeLive {
		return false, fmt.Errorf("it answers 500: %w", reaper.ErrVolumeUntold)
	}
	b.world.heard(b.life, err)
	if err != nil {
		return false, err
	}
	if b.world.on(baggageclaimOther) {
		return b.world.dice.of("other").chance(0.5), nil
	}
	v, found := b.world.disk.volumes[handle]
	return found && v.state == reaper.VolumeLive && !b.world.on(unmounted), nil
}

func (b baggageclaimView) LivePaths(ctx context.Context) ([]string, error) {
	if err := b.ask(ctx, "all"); err != nil {
		return nil, err
	}
	b.world.mutex.Lock()
	defer b.world.mutex.Unlock()
	if b.world.on(baggageclaimOther) {
		return []string{"/elsewhere/live/some/volume"}, nil
	}
	var paths []string
	if !b.world.on(unmounted) {
		for _, v := range b.world.disk.volumes {
			if v.state == reaper.VolumeLive {
				paths = append(paths, volumesDir+"/live/"+v.handle+"/volume")
			}
		}
	}
	return paths, nil
}
