// Package faults keeps the switches by which a sandbox is made to misbehave: which are on, for
// which handles, how many times still, and the calls that they hold.
package faults

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// ErrStopping is what a held call gets when the sandbox stops before its fault was removed.
var ErrStopping = errors.New("sandbox is stopping")

// ErrUnknown is wrapped by the errors of On and Off for a name that is no fault.
var ErrUnknown = errors.New("no such fault")

// Kind is one fault that can be switched on.
type Kind struct {
	Name string
	// Help says in one line what the fault does.
	Help string
	// OncePerHandle makes the fault strike each handle a single time.
	OncePerHandle bool
}

// Fault says whom a fault strikes, and how often.
type Fault struct {
	// Handles that it strikes; none means every call.
	Handles []string `json:"handles,omitempty"`
	// Times that it strikes before it is spent; 0 means until it is removed.
	Times int `json:"times,omitempty"`
}

// State is a fault as it stands.
type State struct {
	On      bool     `json:"on"`
	Handles []string `json:"handles,omitempty"`
	// TimesLeft is how often it still strikes; nil means no limit.
	TimesLeft *int `json:"times_left,omitempty"`
	// Hits is how many calls it has struck since it was switched on.
	Hits int `json:"hits"`
	// Holding is how many calls wait for its removal.
	Holding int    `json:"holding"`
	Help    string `json:"help"`
}

// Set is a number of faults, all off at first. It is safe for concurrent use.
type Set struct {
	mutex    sync.Mutex
	switches map[string]*switched
	stopping chan struct{}
}

type switched struct {
	kind     Kind
	fault    Fault
	on       bool
	left     int
	hits     int
	holding  int
	struck   map[string]bool
	released chan struct{}
}

// New is a set of the faults of kinds.
func New(kinds ...Kind) *Set {
	set := &Set{switches: map[string]*switched{}, stopping: make(chan struct{})}
	for _, kind := range kinds {
		set.switches[kind.Name] = &switched{kind: kind}
	}

	return set
}

// On switches a fault on. One that is on already starts anew, and lets go of the calls it holds.
func (s *Set) On(name string, fault Fault) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	found, ok := s.switches[name]
	if !ok {
		return fmt.Errorf("%w: %s", ErrUnknown, name)
	}

	found.release()
	found.fault = Fault{Handles: slices.Clone(fault.Handles), Times: fault.Times}
	found.on, found.left, found.hits = true, fault.Times, 0
	found.struck = map[string]bool{}
	found.released = make(chan struct{})

	return nil
}

// Off switches a fault off and lets go of the calls it holds.
func (s *Set) Off(name string) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	found, ok := s.switches[name]
	if !ok {
		return fmt.Errorf("%w: %s", ErrUnknown, name)
	}
	found.release()

	return nil
}

// Stop lets go of every held call, with ErrStopping, for good.
func (s *Set) Stop() {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	select {
	case <-s.stopping:
	default:
		close(s.stopping)
	}
}

// States are all faults by name.
func (s *Set) States() map[string]State {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	states := map[string]State{}
	for name, found := range s.switches {
		state := State{On: found.on, Hits: found.hits, Holding: found.holding, Help: found.kind.Help}
		if found.on {
			state.Handles = found.fault.Handles
		}
		if found.on && found.fault.Times > 0 {
			state.TimesLeft = new(found.left)
		}
		states[name] = state
	}

	return states
}

func (f *switched) release() {
	if f.released != nil {
		close(f.released)
	}
	f.on, f.released = false, nil
}
