package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"weeder/reaper"
)

// stats is what was simulated.
type stats struct {
	Schedules, Lives, Passes int
	// OnContainerd are the schedules of workers that run on it.
	OnContainerd int
	Simulated    time.Duration
	// Destroys are the calls of Garden's Destroy; GoneBefore those for a
	// container that was gone then.
	Destroys, GoneBefore int
	// Wrong are the destroys that should not have been.
	Wrong int
	// Account tells one course of things from another.
	Account uint64
	Faults  map[kind]int
	Events  map[reaper.EventName]int
}

func newStats() stats {
	return stats{Faults: map[kind]int{}, Events: map[reaper.EventName]int{}}
}

func (s *stats) add(other stats) {
	s.Schedules += other.Schedules
	s.OnContainerd += other.OnContainerd
	s.Lives += other.Lives
	s.Passes += other.Passes
	s.Simulated += other.Simulated
	s.Destroys += other.Destroys
	s.GoneBefore += other.GoneBefore
	s.Wrong += other.Wrong
	for kind, count := range other.Faults {
		s.Faults[kind] += count
	}
	for name, count := range other.Events {
		s.Events[name] += count
	}
}

func (s stats) String() string {
	faults := 0
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(s.Faults)) {
		faults += s.Faults[kind]
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, s.Faults[kind]))
	}
	var events []string
	for _, name := range slices.Sorted(maps.Keys(s.Events)) {
		events = append(events, fmt.Sprintf("%s %d", name, s.Events[name]))
	}
	return fmt.Sprintf("simulated: %d schedules (%d on containerd), %d passes, %.0f worker-hours, %d daemons, %d destroys, wrong destroys: %d, %d faults\n"+
		"faults: %s\nevents: %s", s.Schedules, s.OnContainerd, s.Passes, s.Simulated.Hours(), s.Lives, s.Destroys, s.Wrong, faults,
		strings.Join(kinds, ", "), strings.Join(events, ", "))
}
