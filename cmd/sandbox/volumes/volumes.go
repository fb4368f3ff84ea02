// Package volumes lays out baggageclaim volumes on disk, in the layout of every release
// (volume/filesystem.go and volume/metadata.go there), and answers for them over HTTP.
package volumes

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// States of a volume: the directory of a volumes directory that it is in.
const (
	Init = "init"
	Live = "live"
	Dead = "dead"
)

// States are all of them, in the order in which a volume goes through them.
var States = []string{Init, Live, Dead}

// Dir is a volumes directory.
type Dir string

// Volume is a volume to be written.
type Volume struct {
	Handle string `json:"handle"`
	// State is Init, Live or Dead; "" means Live.
	State string `json:"state,omitempty"`
	// TTL is what ttl.json says; nil means that there is none, as of Concourse 5.1.
	TTL *TTL `json:"ttl,omitempty"`
	// Properties are written as properties.json; RawProperties instead of them, as they are.
	Properties    map[string]string `json:"properties,omitempty"`
	RawProperties string            `json:"raw_properties,omitempty"`
	Privileged    bool              `json:"privileged,omitempty"`
	// Parent is the handle of the volume that this is a copy-on-write child of; "" means none.
	Parent string `json:"parent,omitempty"`
}

// TTL is the content of a ttl.json.
type TTL struct {
	// Seconds to live since the last write; 0 means for ever.
	Seconds uint `json:"seconds"`
	// ExpiresAt is in Unix seconds. Without a time to live it is the time of writing.
	ExpiresAt int64 `json:"expires_at"`
	// Stray leaves a brace behind the value, as the rewriting of a longer one did.
	Stray bool `json:"stray,omitempty"`
	// Raw is written instead, whatever it is.
	Raw string `json:"raw,omitempty"`
}

// Make makes the directories of the three states where they are missing.
func (d Dir) Make() error {
	for _, state := range States {
		if err := os.MkdirAll(filepath.Join(string(d), state), 0o755); err != nil {
			return fmt.Errorf("making volumes directory: %w", err)
		}
	}

	return nil
}

// Data is the path of a live volume's data.
func (d Dir) Data(handle string) string {
	return filepath.Join(string(d), Live, handle, "volume")
}

// Put writes a volume, instead of one with its handle in any state.
func (d Dir) Put(volume Volume) error {
	if volume.State == "" {
		volume.State = Live
	}
	if !slices.Contains(States, volume.State) {
		return fmt.Errorf("volume %s: no such state: %s", volume.Handle, volume.State)
	}
	if err := d.Remove(volume.Handle); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}

	directory := filepath.Join(string(d), volume.State, volume.Handle)
	if err := volume.write(directory); err != nil {
		return fmt.Errorf("writing volume: %w", err)
	}
	if volume.Parent == "" {
		return nil
	}

	parent := filepath.Join(string(d), Live, volume.Parent)
	if err := os.Symlink(parent, filepath.Join(directory, "parent")); err != nil {
		return fmt.Errorf("linking parent: %w", err)
	}

	return nil
}

// Remove takes a volume away, in whatever state.
//
// Errors: fs.ErrNotExist is wrapped where there is none; a handle that is no directory's name.
func (d Dir) Remove(handle string) error {
	if handle == "" || handle == "." || handle == ".." || strings.ContainsAny(handle, "/\x00") {
		return fmt.Errorf("handle %q can't name a volume's directory", handle)
	}

	found := false
	for _, state := range States {
		directory := filepath.Join(string(d), state, handle)
		if _, err := os.Lstat(directory); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		found = true
		if err := os.RemoveAll(directory); err != nil {
			return fmt.Errorf("removing volume: %w", err)
		}
	}
	if !found {
		return fmt.Errorf("volume %s: %w", handle, fs.ErrNotExist)
	}

	return nil
}

func (v Volume) write(directory string) error {
	if err := os.MkdirAll(filepath.Join(directory, "volume"), 0o755); err != nil {
		return err
	}

	properties := v.Properties
	if properties == nil {
		properties = map[string]string{}
	}
	encoded, err := json.Marshal(properties)
	if err != nil {
		return err
	}
	content := map[string]string{
		"properties.json": string(encoded) + "\n",
		"privileged.json": fmt.Sprintln(v.Privileged),
	}
	if v.RawProperties != "" {
		content["properties.json"] = v.RawProperties
	}
	if v.TTL != nil {
		content["ttl.json"] = v.TTL.content()
	}

	for name, text := range content {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
			return err
		}
	}

	return nil
}

func (t TTL) content() string {
	if t.Raw != "" {
		return t.Raw
	}

	content := fmt.Sprintf("{\"ttl\":%d,\"expires_at\":%d}\n", t.Seconds, t.ExpiresAt)
	if t.Stray {
		content += "}\n"
	}

	return content
}

// Forever is a TTL that was set to 0 at a time.
func Forever(written time.Time) *TTL { return &TTL{ExpiresAt: written.Unix()} }

// Until is a TTL of so many seconds that ends at a time.
func Until(expires time.Time, seconds uint) *TTL {
	return &TTL{Seconds: seconds, ExpiresAt: expires.Unix()}
}
