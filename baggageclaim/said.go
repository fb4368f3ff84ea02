package baggageclaim

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"weeder/reaper"
)

const (
	// settled is how old the last change of a file must be for its stamp to tell
	// each later one: the kernel stamps by a clock that ticks some hundred times a
	// second, some file systems in whole seconds, and before it writes.
	settled = 10 * time.Second
	// renewed is how long a TTL must still run for it to be recalled: nothing
	// recalled says that a volume has expired.
	renewed = time.Minute
)

// stamp tells one content of a file or directory from another, as the file
// system does.
type stamp struct {
	identity
	mode    uint32
	size    int64
	changed unix.Timespec
}

func (s stamp) isDirectory() bool { return s.mode&unix.S_IFMT == unix.S_IFDIR }

func (s stamp) isFile() bool { return s.mode&unix.S_IFMT == unix.S_IFREG }

// said keeps what ttl.json files said, and which volumes have none, so that who
// looks again and again reads only what was written since: a stat costs a third
// of opening, reading and closing. It is safe for concurrent use.
type said struct {
	now func() time.Time

	mutex sync.Mutex
	ttls  map[string]saidTTL
}

// saidTTL is what was read of a volume: of its ttl.json, which the stamp is of
// then, or that there was none in the volume's directory.
type saidTTL struct {
	stamp
	ttl       time.Duration
	expiresAt time.Time
}

// stampOf gives the stamp of what is at a path: flags are 0, or
// unix.AT_SYMLINK_NOFOLLOW.
func stampOf(path string, flags int) (stamp, error) {
	var stat unix.Stat_t
	if err := uninterrupted(func() error { return unix.Fstatat(unix.AT_FDCWD, path, &stat, flags) }); err != nil {
		return stamp{}, err
	}
	return stamp{
		identity: identity{device: uint64(stat.Dev), inode: stat.Ino}, mode: stat.Mode, size: stat.Size, changed: stat.Ctim,
	}, nil
}

// glimpse is a stamp, and when it was looked for.
type glimpse struct {
	stamp
	at time.Time
}

// glimpse is stampOf with the time.
func (s *said) glimpse(path string, flags int) (glimpse, error) {
	at := s.now()
	stamp, err := stampOf(path, flags)
	return glimpse{stamp: stamp, at: at}, err
}

// of gives what is remembered of a volume; its zero value, which has no stamp,
// is nothing.
func (s *said) of(handle string) saidTTL {
	if s == nil {
		return saidTTL{}
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.ttls[handle]
}

// any is some volume whose ttl.json is remembered; empty where there is none.
func (s *said) any() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for handle, ttl := range s.ttls {
		if ttl.isFile() {
			return handle
		}
	}
	return ""
}

// note keeps what was read of a volume after its ttl.json, or its directory, was
// looked at. What changed a moment ago may change again, and its stamp not show
// it.
func (s *said) note(seen glimpse, volume reaper.Volume) {
	changed := time.Unix(seen.changed.Unix())
	if seen.at.Sub(changed) <= settled {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.ttls[volume.Handle] = saidTTL{stamp: seen.stamp, ttl: volume.TTL, expiresAt: volume.ExpiresAt}
}

// expires tells that a TTL ends soon, or did.
func (s *said) expires(ttl saidTTL) bool {
	return ttl.ttl > 0 && ttl.expiresAt.Sub(s.now()) < renewed
}

// forgetOthers forgets the volumes that are no longer there. It waits until most
// of what is remembered is of such.
func (s *said) forgetOthers(there map[string]*place) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.ttls) <= 2*len(there) {
		return
	}
	for handle := range s.ttls {
		if there[handle] == nil {
			delete(s.ttls, handle)
		}
	}
}
