package reaper

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
)

// Spec is the part of an OCI runtime spec (config.json) that can refer to
// volumes, and what it tells of the container's purpose.
type Spec struct {
	// Root is root.path. Empty: the spec names none.
	Root string
	// Binds are the bind mounts.
	Binds []Bind
	// Purpose is what the environment tells of it: all but the Step.
	Purpose Purpose
}

// Bind is a bind mount of an OCI spec.
type Bind struct {
	// Source on the worker.
	Source string
	// Destination in the container.
	Destination string
}

// ociSpec has the fields of the OCI runtime spec that Spec needs.
type ociSpec struct {
	Version string `json:"ociVersion"`
	Root    *struct {
		Path string `json:"path"`
	} `json:"root"`
	Process processSpec `json:"process"`
	Mounts  []struct {
		Destination string   `json:"destination"`
		Type        string   `json:"type"`
		Source      string   `json:"source"`
		Options     []string `json:"options"`
	} `json:"mounts"`
}

// DecodeSpec decodes an OCI runtime spec. What is JSON but no such spec, or
// one cut short, is an error: it must not pass for a spec without volumes.
func DecodeSpec(data []byte) (Spec, error) {
	var decoded ociSpec
	// Decoding these is most of the work of a first pass, which json v2 does in
	// half the time of encoding/json. It refuses members that are there twice
	// and text that is no UTF-8, too: neither says one thing.
	if err := json.Unmarshal(data, &decoded); err != nil {
		return Spec{}, fmt.Errorf("decode OCI spec: %w", err)
	}
	if decoded.Version == "" {
		return Spec{}, errors.New("decode OCI spec: no ociVersion in it")
	}
	if decoded.Root == nil || decoded.Root.Path == "" {
		return Spec{}, errors.New("decode OCI spec: no root.path in it")
	}

	spec := Spec{Root: decoded.Root.Path, Purpose: decoded.Process.purpose}
	for _, mount := range decoded.Mounts {
		if mount.Type == "bind" || slices.Contains(mount.Options, "bind") || slices.Contains(mount.Options, "rbind") {
			spec.Binds = append(spec.Binds, Bind{Source: mount.Source, Destination: mount.Destination})
		}
	}
	return spec, nil
}
