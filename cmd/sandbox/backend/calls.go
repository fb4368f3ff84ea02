package backend

import (
	"maps"
	"sync"
)

// Calls counts what garden/server has asked of a Backend. It is safe for concurrent use.
type Calls struct {
	mutex  sync.Mutex
	counts CallCounts
}

// CallCounts are numbers of calls by kind, and by kind and handle for those that name any. A bulk
// call counts once for each of its handles.
//
// The kinds are list, list-all (with garden.state=all), bulk-info, bulk-metrics, properties,
// property, set-property, remove-property, info, metrics, limits, set-grace-time, create, destroy
// (timers' too), stop, run, attach, stream-in, stream-out, net-in, net-out, ping, capacity.
type CallCounts struct {
	Counts  map[string]int            `json:"counts"`
	Handles map[string]map[string]int `json:"handles"`
}

func newCalls() *Calls {
	calls := &Calls{}
	calls.Reset()

	return calls
}

// Counts is a copy of the counters.
func (c *Calls) Counts() CallCounts {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	counts := CallCounts{Counts: maps.Clone(c.counts.Counts), Handles: map[string]map[string]int{}}
	for kind, handles := range c.counts.Handles {
		counts.Handles[kind] = maps.Clone(handles)
	}

	return counts
}

// Reset puts every counter to 0.
func (c *Calls) Reset() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.counts = CallCounts{Counts: map[string]int{}, Handles: map[string]map[string]int{}}
}

func (c *Calls) add(kind string, handles ...string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	c.counts.Counts[kind]++
	for _, handle := range handles {
		if c.counts.Handles[kind] == nil {
			c.counts.Handles[kind] = map[string]int{}
		}
		c.counts.Handles[kind][handle]++
	}
}
