package simulation

import "time"

// shrink takes actions out of a schedule for as long as it fails without them,
// by ever smaller pieces, and for no longer than limit.
func shrink(s schedule, fails func(schedule) bool, limit time.Duration) schedule {
	end := time.Now().Add(limit)
	for size := len(s.Actions) / 2; size > 0; size /= 2 {
		for shorter := true; shorter; {
			shorter = false
			for from := 0; from < len(s.Actions) && time.Now().Before(end); {
				without := s
				to := min(from+size, len(s.Actions))
				without.Actions = append(append([]action(nil), s.Actions[:from]...), s.Actions[to:]...)
				if fails(without) {
					s, shorter = without, true
				} else {
					from += size
				}
			}
		}
	}
	return s
}
