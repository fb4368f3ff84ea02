package reaper_test

import (
	"encoding/json"
	"slices"
	"time"

	"weeder/reaper"
)

// now is a second after the expires_at of the incident's ttl.json.
var now = time.Unix(1477060155, 0).UTC()

// uses is a container of Concourse 2.x that refers to volumes, the last of
// them its root.
func uses(volumes ...string) reaper.Container {
	container := reaper.Container{Handle: "c-1", Properties: map[string]string{}, CreatedAt: now.Add(-24 * time.Hour)}
	container.References, container.Doubts = reaper.PropertyReferences(propertiesOf(volumes...))
	return container
}

func propertiesOf(volumes ...string) map[string]string {
	list, err := json.Marshal(volumes)
	if err != nil {
		panic(err)
	}
	return map[string]string{reaper.VolumesProperty: string(list)}
}

func volume(handle string, state reaper.VolumeState) reaper.Volume {
	return reaper.Volume{Handle: handle, State: state}
}

func live(handle string) reaper.Volume {
	return volume(handle, reaper.VolumeLive)
}

// unreadable is a volume that can't be told, for a reason.
func unreadable(handle string, reason error) reaper.Volume {
	return reaper.Volume{Handle: handle, State: reaper.VolumeUnknown, Err: reason}
}

// expiring is a live volume with a ttl.json.
func expiring(handle string, ttl time.Duration, at time.Time) reaper.Volume {
	return reaper.Volume{Handle: handle, State: reaper.VolumeLive, HasTTL: true, TTL: ttl, ExpiresAt: at}
}

// disk is a volumes directory with these volumes and no others.
func disk(volumes ...reaper.Volume) func(string) reaper.Volume {
	return func(handle string) reaper.Volume {
		at := slices.IndexFunc(volumes, func(v reaper.Volume) bool { return v.Handle == handle })
		if at < 0 {
			return volume(handle, reaper.VolumeMissing)
		}
		return volumes[at]
	}
}

func codes(reasons []reaper.Reason) []reaper.Code {
	codes := []reaper.Code{}
	for _, reason := range reasons {
		codes = append(codes, reason.Code)
	}
	return codes
}

func protect(texts ...string) []reaper.Protection {
	protections := make([]reaper.Protection, 0, len(texts))
	for _, text := range texts {
		protection, err := reaper.ParseProtection(text)
		if err != nil {
			panic(err)
		}
		protections = append(protections, protection)
	}
	return protections
}
