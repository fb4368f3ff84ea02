// Package trend keeps how a worker's containers were over the last day, and says
// when its slots run out if that goes on.
package trend

import (
	"slices"
	"time"
)

const (
	// Day is how far back a Series goes.
	Day = 24 * time.Hour
	// Step is how far apart its samples are.
	Step = 5 * time.Minute
	// most is how many samples there are room for: a day's, with both its ends.
	most = int(Day/Step) + 1
)

// Sample is how many containers of each verdict a worker had at one time.
type Sample struct {
	At                             time.Time
	Live, Foreign, Unknown, Orphan int
	// Slots are how many containers the worker takes. 0: not known.
	Slots int
}

// Used is how many slots were in use.
func (s Sample) Used() int {
	return s.Live + s.Foreign + s.Unknown + s.Orphan
}

// slot is the number of the Step that a time lies in.
func slot(at time.Time) int64 {
	return at.Unix() / int64(Step/time.Second)
}

// Series is the samples of the last day, the newest of each Step. Its zero value
// has none. It is not safe for use by several goroutines.
type Series struct {
	samples []Sample
}

// Add takes in a sample. The clock it was taken by may have been set: what
// seems to lie ahead of it, or a day back, goes.
func (s *Series) Add(sample Sample) {
	// Without its monotonic reading, so that comparing shows steps.
	sample.At = sample.At.Round(0)
	s.samples = slices.DeleteFunc(s.samples, func(other Sample) bool {
		return slot(other.At) >= slot(sample.At) || other.At.Before(sample.At.Add(-Day))
	})
	if s.samples == nil {
		s.samples = make([]Sample, 0, most)
	}
	s.samples = append(s.samples, sample)
}

// Samples are those that there are, in the order of time: a copy.
func (s *Series) Samples() []Sample {
	return slices.Clone(s.samples)
}

// Runs are the samples by stretches over which the worker was watched, by looks
// that were an interval apart. A stretch ends where the next sample is missing.
func Runs(samples []Sample, interval time.Duration) [][]Sample {
	var runs [][]Sample
	for i, sample := range samples {
		if i == 0 || sample.At.Sub(samples[i-1].At) > lasts(interval) {
			runs = append(runs, nil)
		}
		last := len(runs) - 1
		runs[last] = append(runs[last], sample)
	}
	return runs
}

// lasts is for how long a sample tells how things are: until the next at the
// latest, which passes that are jittered may have late.
func lasts(interval time.Duration) time.Duration {
	return Step + interval + interval/2
}
