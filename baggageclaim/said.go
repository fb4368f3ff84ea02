package baggageclaim

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"weeder/reaper"
)

// settled is how old the last change of a file must be for its stamp to tell
// each later one: the kernel's clock for files ticks some hundred times a second.
const settled = time.Second

// stamp tells one content of a file from another, as the file system does.
type stamp struct {
	identity
	size    int64
	changed unix.Timespec
}

// said keeps what ttl.json files said, so that who looks again and again reads
// only those that were written since: a stat costs a third of opening, reading
// and closing. It is safe for concurrent use.
type said struct {
	now func() time.Time

	mutex sync.Mutex
	ttls  map[string]saidTTL
}

type saidTTL struct {
	stamp
	ttl       time.Duration
	expiresAt time.Time
}

// stampOf gives the stamp of a file, symlinks followed.
func stampOf(path string) (stamp, error) {
	var stat unix.Stat_t
	if err := uninterrupted(func() error { return unix.Stat(path, &stat) }); err != nil {
		return stamp{}, err
	}
	return stamp{
		identity: identity{device: uint64(stat.Dev), inode: stat.Ino}, size: stat.Size, changed: stat.Ctim,
	}, nil
}

// recall puts into a volume what its ttl.json said under this stamp.
func (s *said) recall(stamp stamp, volume *reaper.Volume) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	ttl, found := s.ttls[volume.Handle]
	if !found || ttl.stamp != stamp {
		return false
	}
	volume.HasTTL, volume.TTL, volume.ExpiresAt = true, ttl.ttl, ttl.expiresAt
	return true
}

// note keeps what a volume's ttl.json said that was read after it had this
// stamp. One that changed a moment ago may change again, and its stamp not show
// it.
func (s *said) note(stamp stamp, volume reaper.Volume) {
	changed := time.Unix(stamp.changed.Unix())
	if s.now().Sub(changed) <= settled {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.ttls[volume.Handle] = saidTTL{stamp: stamp, ttl: volume.TTL, expiresAt: volume.ExpiresAt}
}

// forgetOthers forgets the volumes that are no longer there.
func (s *said) forgetOthers(there map[string]*place) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for handle := range s.ttls {
		if there[handle] == nil {
			delete(s.ttls, handle)
		}
	}
}
