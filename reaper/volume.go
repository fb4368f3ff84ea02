package reaper

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// VolumeState is where a volume stands on disk.
type VolumeState string

const (
	// VolumeLive is a directory in live/.
	VolumeLive VolumeState = "live"
	// VolumeInit is a directory in init/: it is being made.
	VolumeInit VolumeState = "init"
	// VolumeDead is a directory in dead/ alone: it is being torn down.
	VolumeDead VolumeState = "dead"
	// VolumeMissing is in none of the three, each of them readable.
	VolumeMissing VolumeState = "missing"
	// VolumeUnknown could not be told; Volume.Err says why.
	VolumeUnknown VolumeState = "unknown"
)

// Volume is what the disk says of one baggageclaim volume.
type Volume struct {
	Handle string
	State  VolumeState
	// Err is why State is VolumeUnknown.
	Err error
	// HasTTL tells that a ttl.json is there and was understood. From
	// Concourse 5.1 volumes have none, and never expire.
	HasTTL bool
	// TTL is how long the volume was to live from its last heartbeat. Zero
	// means for ever (baggageclaim's volume/ttl.go, IsUnlimited).
	TTL time.Duration
	// ExpiresAt is the ttl.json's expires_at. With a TTL of zero it is only
	// the time of writing.
	ExpiresAt time.Time
	// TTLErr is why a ttl.json that is there could not be understood.
	TTLErr error
}

// SafeVolumeHandle tells whether a volume handle may be joined to a path. One
// with U+FFFD in it is not: JSON puts that in the place of what it can't
// carry, so that another volume may be meant.
func SafeVolumeHandle(handle string) bool {
	// A pass asks about each volume, and most handles are plain.
	for i := range len(handle) {
		switch c := handle[i]; {
		case c == '/', c == 0, c == '.' && i > 0 && handle[i-1] == '.':
			return false
		case c >= utf8.RuneSelf:
			return !strings.ContainsAny(handle, "/\x00\uFFFD") && !strings.Contains(handle, "..")
		}
	}
	return handle != "" && handle != "."
}

// gone tells that the volume's data can no longer be used.
func (v Volume) gone() bool {
	return v.State == VolumeMissing || v.State == VolumeDead
}

// expired tells that baggageclaim would reap the volume at now. zeroTTL says
// whether a TTL of zero counts as an expiry, which baggageclaim never does.
func (v Volume) expired(now time.Time, zeroTTL bool) bool {
	if v.State != VolumeLive || !v.HasTTL || v.ExpiresAt.IsZero() {
		return false
	}
	return (v.TTL > 0 || zeroTTL) && v.ExpiresAt.Before(now)
}

// errDisputed is why a volume is VolumeUnknown that baggageclaim knows and the
// disk lacks, or the other way round.
var errDisputed = errors.New("baggageclaim and the disk contradict each other about it")

func (v Volume) disputed() bool {
	return errors.Is(v.Err, errDisputed)
}
