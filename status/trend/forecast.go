package trend

import (
	"math"
	"time"
)

const (
	// fitOver is how far back samples count for a Forecast.
	fitOver = 6 * time.Hour
	// fitSpan is the least that they must span, and fitSamples the least that
	// there must be.
	fitSpan    = time.Hour
	fitSamples = 6
	// leastRise is by how many containers the line must have risen at least over
	// the samples: less is the coming and going of builds.
	leastRise = 2
	// Horizon is how far ahead a Forecast looks: what is further away no line
	// through some hours can tell.
	Horizon = 7 * Day
)

// Outlook is what a Forecast says.
type Outlook int

const (
	// TooEarly is an outlook that too few samples forbid, or too old ones.
	TooEarly Outlook = iota
	// NoLimit is that of a worker that nobody knows the slots of.
	NoLimit
	// Steady is that the slots don't run out at this rate.
	Steady
	// Distant is that they do, but not within the Horizon.
	Distant
	// RunsOut is that they do.
	RunsOut
	// Full is that they have.
	Full
)

// Forecast is when the slots run out at the rate of the last hours.
type Forecast struct {
	Outlook Outlook
	// At is when they run out, which is not before now. Zero: the outlook is not
	// RunsOut.
	At time.Time
	// PerHour is how many more containers there are each hour. 0: the outlook is
	// neither RunsOut nor Distant.
	PerHour float64
	// Over is the time that the rate was taken over. 0: as for PerHour.
	Over time.Duration
}

// Look says when the slots run out, at now: by the straight line that fits best
// through the samples of the last six hours. The samples are in the order of time.
func Look(samples []Sample, now time.Time) Forecast {
	for len(samples) > 0 && samples[0].At.Before(now.Add(-fitOver)) {
		samples = samples[1:]
	}
	if len(samples) == 0 || now.Sub(samples[len(samples)-1].At) > fitSpan {
		return Forecast{Outlook: TooEarly}
	}
	last := samples[len(samples)-1]
	over := last.At.Sub(samples[0].At)
	switch {
	case last.Slots <= 0:
		return Forecast{Outlook: NoLimit}
	case last.Used() >= last.Slots:
		return Forecast{Outlook: Full}
	case over < fitSpan || len(samples) < fitSamples:
		return Forecast{Outlook: TooEarly}
	}

	rate, scatter := fit(samples)
	if rise := rate * over.Hours(); rise < leastRise || rise < 2*scatter {
		return Forecast{Outlook: Steady}
	}
	found := Forecast{Outlook: Distant, PerHour: rate, Over: over}
	if hours := float64(last.Slots-last.Used()) / rate; hours <= Horizon.Hours() {
		found.Outlook = RunsOut
		found.At = last.At.Add(time.Duration(hours * float64(time.Hour)))
		if found.At.Before(now) {
			found.At = now
		}
	}
	return found
}

// fit is by how many containers an hour the line of least squares through the
// samples rises, and how far they lie from it: their standard deviation. The
// samples are at two times at least.
func fit(samples []Sample) (rate, scatter float64) {
	n := float64(len(samples))
	var sumX, sumY float64
	x := func(s Sample) float64 { return s.At.Sub(samples[0].At).Hours() }
	y := func(s Sample) float64 { return float64(s.Used()) }
	for _, sample := range samples {
		sumX += x(sample)
		sumY += y(sample)
	}
	meanX, meanY := sumX/n, sumY/n
	var xx, xy, yy float64
	for _, sample := range samples {
		dx, dy := x(sample)-meanX, y(sample)-meanY
		xx, xy, yy = xx+dx*dx, xy+dx*dy, yy+dy*dy
	}
	rate = xy / xx
	return rate, math.Sqrt(max(0, yy-rate*xy) / n)
}
