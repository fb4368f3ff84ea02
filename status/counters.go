package status

import (
	"github.com/prometheus/client_golang/prometheus"

	"weeder/reaper"
)

// prefix of every metric's name.
const prefix = "weeder_"

// counters are the metrics that add up what has happened since the start.
type counters struct {
	destroyed, failed, wouldDestroy prometheus.Counter
	took                            prometheus.Histogram
}

func newCounters() counters {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	}
	return counters{
		destroyed: counter("destroyed_total",
			"Containers destroyed since weeder started."),
		failed: counter("destroy_failures_total",
			"Destroys that failed since weeder started, those included that Garden was at already."),
		wouldDestroy: counter("would_destroy_total",
			"Containers that a dry run would have destroyed since weeder started."),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    prefix + "scan_duration_seconds",
			Help:    "Time that a pass over the worker took, in seconds, whether it could judge or not.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}),
	}
}

func (c counters) register(registry prometheus.Registerer) {
	registry.MustRegister(c.destroyed, c.failed, c.wouldDestroy, c.took)
}

// count counts an event.
func (c counters) count(name reaper.EventName) {
	switch name {
	case reaper.EventDestroyed:
		c.destroyed.Inc()
	case reaper.EventDestroyFailed:
		c.failed.Inc()
	case reaper.EventWouldDestroy:
		c.wouldDestroy.Inc()
	}
}
