package control

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/volumes"
)

// Hook is the body that adds a hook: when a call of its point's kind comes for Handle, the actions
// are done, once, and then the call is answered. The points are on-bulk-info (Handle among
// others), on-bulk-info-single (Handle alone), on-bulk-metrics, on-properties and on-destroy.
type Hook struct {
	Handle string `json:"handle"`
	// Skip is how many such calls pass first.
	Skip int `json:"skip,omitempty"`
	// Action is what is done to a container: delete, patch (with Patch), recreate (deleted, and made
	// of Patch), or volume (Volume is written, or taken away where its state is missing).
	Action string          `json:"action"`
	Patch  Container       `json:"patch"`
	Volume *volumes.Volume `json:"volume,omitempty"`
	// Target is the container acted on; Handle where it is empty.
	Target string `json:"target,omitempty"`
}

var errNoPoint = errors.New("no such point")

const missing = "missing"

func (s Sandbox) hooks(*http.Request) (any, error) {
	return s.Backend.Hooks.List(), nil
}

func (s Sandbox) addHook(r *http.Request) (any, error) {
	point := r.PathValue("point")
	if !slices.Contains(backend.Points, point) {
		return nil, fmt.Errorf("%w: %s", errNoPoint, point)
	}

	var hook Hook
	if err := decode(r.Body, &hook); err != nil {
		return nil, err
	}
	if hook.Target == "" {
		hook.Target = hook.Handle
	}

	act, err := s.act(hook)
	if err != nil {
		return nil, err
	}
	s.Backend.Hooks.Add(backend.Hook{Point: point, Handle: hook.Handle, Skip: hook.Skip, Act: act})

	return done, nil
}

func (s Sandbox) removeHooks(r *http.Request) (any, error) {
	point := r.PathValue("point")
	if !slices.Contains(backend.Points, point) {
		return nil, fmt.Errorf("%w: %s", errNoPoint, point)
	}
	s.Backend.Hooks.Remove(point)

	return done, nil
}

func (s Sandbox) act(hook Hook) (func() error, error) {
	switch {
	case hook.Handle == "":
		return nil, errors.New("a hook needs a handle")
	case hook.Action == "delete":
		return func() error { return s.Server.Remove(hook.Target) }, nil
	case hook.Action == "patch":
		return func() error { return s.patchFrom(hook.Target, hook.Patch) }, nil
	case hook.Action == "recreate":
		hook.Patch.Handle = hook.Target
		return func() error {
			if err := s.Server.Remove(hook.Target); err != nil {
				return err
			}
			return s.createFrom(hook.Patch)
		}, nil
	case hook.Action == "volume" && hook.Volume != nil:
		return func() error {
			if hook.Volume.State == missing {
				return s.Volumes.Remove(hook.Volume.Handle)
			}
			return s.Volumes.Put(*hook.Volume)
		}, nil
	}

	return nil, fmt.Errorf("no such action: %q", hook.Action)
}
