package reaper

import (
	"errors"
	"time"
)

const (
	firstBackoff = 30 * time.Second
	maxBackoff   = time.Hour
)

// backoff is how long a container is left alone after so many failures, at
// most an hour: half a minute, doubling, less up to a tenth, so that those that
// failed together are not tried together.
func backoff(failures int, random float64) time.Duration {
	wait := firstBackoff
	for range failures - 1 {
		wait = min(2*wait, maxBackoff)
	}
	return time.Duration(float64(wait) * (1 - random/10))
}

// begin notes that a container is about to be destroyed, unless it is already.
func (m *Memory) begin(handle string) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.underWay[handle] {
		return false
	}
	m.underWay[handle] = true
	return true
}

// wouldDestroy are the containers that a dry run is through with.
func (m *Memory) wouldDestroy() map[string]bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	handles := map[string]bool{}
	for handle, orphan := range m.past.Orphans {
		if orphan.WouldDestroy {
			handles[handle] = true
		}
	}
	return handles
}

// settle notes how an attempt ended, and gives the number of failures where it
// was one.
func (m *Memory) settle(handle string, err error, random float64) (failures int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.underWay, handle)
	delete(m.usages, handle)

	orphan := m.past.Orphans[handle]
	var look lookError
	switch {
	case errors.Is(err, errVanished), errors.Is(err, errKept), errors.Is(err, errStopped), errors.As(err, &look):
		return 0
	case err == nil || errors.Is(err, ErrGone):
		m.drop(handle)
		m.ended[handle] = m.elapsed()
		return 0
	case errors.Is(err, errWouldDestroy):
		orphan.WouldDestroy = true
	case errors.Is(err, errLeft):
		orphan.Tried = true
	default:
		// One that Garden is at for ever is as stuck as one that fails.
		orphan.Tried = true
		orphan.Failures++
		orphan.LastError = err.Error()
		orphan.RetryAt = m.elapsed() + backoff(orphan.Failures, random)
		failures = orphan.Failures
	}
	m.past.Orphans[handle] = orphan
	return failures
}
