package backend

import (
	"slices"
	"sync"
)

// Points at which a hook can act: a call of that kind for its handle has come, and is answered
// when the hook has acted.
const (
	OnBulkInfo       = "on-bulk-info"
	OnBulkInfoSingle = "on-bulk-info-single"
	OnBulkMetrics    = "on-bulk-metrics"
	OnProperties     = "on-properties"
	OnDestroy        = "on-destroy"
)

// Points are all of them.
var Points = []string{OnBulkInfo, OnBulkInfoSingle, OnBulkMetrics, OnProperties, OnDestroy}

// Hook acts once, before a call is answered: so a test can change the worker between two looks.
type Hook struct {
	Point  string `json:"point"`
	Handle string `json:"handle"`
	// Skip is how many calls pass before it acts.
	Skip int `json:"skip"`
	// Fired is how often it has acted: 0 or 1.
	Fired int `json:"fired"`
	// Error is what came of it, if it failed.
	Error string `json:"error,omitempty"`
	// Act is called without any lock held.
	Act func() error `json:"-"`

	spent bool
}

// Hooks are those of a Backend. It is safe for concurrent use.
type Hooks struct {
	mutex sync.Mutex
	hooks []*Hook
}

// Add puts a hook behind those that are there.
func (h *Hooks) Add(hook Hook) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.hooks = append(h.hooks, &hook)
}

// List is every hook, those that have fired too.
func (h *Hooks) List() []Hook {
	h.mutex.Lock()
	defer h.mutex.Unlock()

	hooks := []Hook{}
	for _, hook := range h.hooks {
		hooks = append(hooks, *hook)
	}

	return hooks
}

// Remove drops the hooks at a point.
func (h *Hooks) Remove(point string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.hooks = slices.DeleteFunc(h.hooks, func(hook *Hook) bool { return hook.Point == point })
}

func (h *Hooks) fire(point string, handles ...string) {
	for _, hook := range h.due(point, handles) {
		err := hook.Act()

		h.mutex.Lock()
		hook.Fired++
		if err != nil {
			hook.Error = err.Error()
		}
		h.mutex.Unlock()
	}
}

func (h *Hooks) due(point string, handles []string) []*Hook {
	h.mutex.Lock()
	defer h.mutex.Unlock()

	var due []*Hook
	for _, hook := range h.hooks {
		if hook.Point != point || hook.spent || !slices.Contains(handles, hook.Handle) {
			continue
		}
		if hook.Skip > 0 {
			hook.Skip--
			continue
		}
		hook.spent = true
		due = append(due, hook)
	}

	return due
}
