package faults

import "slices"

// Strike is what a fault does to one call. The zero value is no strike.
type Strike struct {
	// Every says that the whole call is struck, whatever its handles.
	Every bool
	// Handles of the call that are struck, where not the whole call is.
	Handles []string
}

// Struck says whether the call is struck at all.
func (s Strike) Struck() bool { return s.Every || len(s.Handles) > 0 }

// At says whether the call is struck at a handle.
func (s Strike) At(handle string) bool { return s.Every || slices.Contains(s.Handles, handle) }

// Strike asks whether a fault strikes a call about handles, and counts it if so. A fault that is
// limited to some handles strikes only calls that name one of them. The name must be one of the
// set's.
func (s *Set) Strike(name string, handles ...string) Strike {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	return s.switches[name].strike(handles)
}

// Hold is Strike for a fault that hangs: a struck call waits until the fault is removed (nil) or
// the set stops (ErrStopping). A fault that is spent goes on holding what it has.
func (s *Set) Hold(name string, handles ...string) error {
	s.mutex.Lock()
	found := s.switches[name]
	if !found.strike(handles).Struck() {
		s.mutex.Unlock()
		return nil
	}
	released := found.released
	found.holding++
	s.mutex.Unlock()

	defer func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		found.holding--
	}()

	select {
	case <-released:
		return nil
	case <-s.stopping:
		return ErrStopping
	}
}

func (f *switched) strike(handles []string) Strike {
	if !f.on || f.fault.Times > 0 && f.left == 0 {
		return Strike{}
	}

	strike := Strike{Every: len(f.fault.Handles) == 0 && !f.kind.OncePerHandle}
	if !strike.Every {
		strike.Handles = slices.DeleteFunc(slices.Clone(handles), func(handle string) bool { return !f.strikes(handle) })
	}

	if strike.Struck() {
		f.hits++
		f.left--
	}

	return strike
}

func (f *switched) strikes(handle string) bool {
	if len(f.fault.Handles) > 0 && !slices.Contains(f.fault.Handles, handle) {
		return false
	}
	if !f.kind.OncePerHandle {
		return true
	}

	before := f.struck[handle]
	f.struck[handle] = true

	return !before
}
