package control

import (
	"maps"
	"net/http"
	"slices"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/faults"
	"weeder/cmd/sandbox/volumes"
)

// Kinds are all the faults there are.
var Kinds = slices.Concat(backend.Kinds, volumes.Kinds)

func (s Sandbox) faults(*http.Request) (any, error) {
	states := s.Backend.Faults.States()
	maps.Copy(states, s.Baggageclaim.States())

	return states, nil
}

func (s Sandbox) faultOn(r *http.Request) (any, error) {
	var fault faults.Fault
	if err := decode(r.Body, &fault); err != nil {
		return nil, err
	}

	return done, s.faultSet(r).On(r.PathValue("name"), fault)
}

func (s Sandbox) faultOff(r *http.Request) (any, error) {
	return done, s.faultSet(r).Off(r.PathValue("name"))
}

func (s Sandbox) faultSet(r *http.Request) *faults.Set {
	if _, ok := s.Baggageclaim.States()[r.PathValue("name")]; ok {
		return s.Baggageclaim
	}

	return s.Backend.Faults
}

func (s Sandbox) calls(*http.Request) (any, error) {
	return s.Backend.Calls.Counts(), nil
}

func (s Sandbox) resetCalls(*http.Request) (any, error) {
	s.Backend.Calls.Reset()
	return done, nil
}

func (s Sandbox) destroyed(*http.Request) (any, error) {
	return append([]string{}, s.Backend.Destroyed()...), nil
}

func (s Sandbox) forgetDestroyed(*http.Request) (any, error) {
	s.Backend.ForgetDestroyed()
	return done, nil
}
