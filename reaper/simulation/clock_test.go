package simulation

import (
	"time"
	"unsafe"

	"code.cloudfoundry.org/clock"
)

// wallClock is the clock of the worker, with a wall clock that may be set.
type wallClock struct {
	clock.Clock
	*world
}

func (c wallClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.wall()
}

func (c wallClock) Since(t time.Time) time.Duration {
	return c.Now().Sub(t)
}

// withMonotonic gives a time a monotonic reading that setting the clock does
// not change, as those of time.Now have it outside of a bubble. Package time
// lets nobody make one, so it is laid out as package time does; TestMonotonic
// sees to it that this holds.
func withMonotonic(wall time.Time, reading time.Duration) time.Time {
	const (
		secondsTo1885 = (1884*365 + 1884/4 - 1884/100 + 1884/400) * 86400
		secondsTo1970 = (1969*365 + 1969/4 - 1969/100 + 1969/400) * 86400
	)
	made := struct {
		wall     uint64
		ext      int64
		location *time.Location
	}{
		wall:     1<<63 | uint64(wall.Unix()+secondsTo1970-secondsTo1885)<<30 | uint64(wall.Nanosecond()),
		ext:      int64(reading) + 1,
		location: time.Local,
	}
	return *(*time.Time)(unsafe.Pointer(&made))
}
