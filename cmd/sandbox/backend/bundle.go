package backend

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// recordedBundle is a config.json as Guardian wrote it over runc 1.1.5.
//
//go:embed testdata/embed/depot-config.json
var recordedBundle []byte

// template is the recorded bundle without the mounts that were that container's own.
var template = recorded(recordedBundle, "/proc")

// bundle is an OCI spec, as far as containers differ in it. What a runtime does not write is left
// out.
type bundle struct {
	OCIVersion  json.RawMessage   `json:"ociVersion"`
	Process     json.RawMessage   `json:"process"`
	Root        root              `json:"root"`
	Hostname    string            `json:"hostname"`
	Mounts      []mount           `json:"mounts"`
	Hooks       json.RawMessage   `json:"hooks,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Linux       json.RawMessage   `json:"linux"`
	Windows     json.RawMessage   `json:"windows,omitempty"`
}

type root struct {
	Path string `json:"path"`
}

type mount struct {
	Destination string   `json:"destination"`
	Type        string   `json:"type"`
	Source      string   `json:"source"`
	Options     []string `json:"options"`
}

type bundleFile struct {
	name    string
	mode    os.FileMode
	content []byte
}

// recorded is a recorded bundle with the mounts up to the last that every container has.
func recorded(config []byte, last string) bundle {
	var recorded bundle
	if err := json.Unmarshal(config, &recorded); err != nil {
		panic(fmt.Sprintf("recorded bundle: %s", err))
	}

	for i, mount := range recorded.Mounts {
		if mount.Destination == last {
			recorded.Mounts = recorded.Mounts[: i+1 : i+1]
			break
		}
	}

	return recorded
}

func (b *Backend) writeBundle(container Container) error {
	if container.NoBundle {
		return nil
	}
	if !isDirectoryName(container.Handle) {
		return fmt.Errorf("handle %q can't name a bundle's directory", container.Handle)
	}

	directory := filepath.Join(b.options.Depot, container.Handle)
	bundle, mode := container.guardianBundle, os.FileMode(0o755)
	if b.options.Containerd {
		bundle, mode = container.containerdBundle, 0o700
	}
	files, err := bundle(directory)
	if err != nil {
		return fmt.Errorf("encoding bundle: %w", err)
	}

	if err := os.MkdirAll(directory, mode); err != nil {
		return fmt.Errorf("making bundle: %w", err)
	}
	for _, file := range files {
		path := filepath.Join(directory, file.name)
		if err := writeFile(path, file.content, file.mode, container.CreatedAt); err != nil {
			return fmt.Errorf("writing bundle: %w", err)
		}
	}

	return nil
}

// writeFile replaces a file in one step: weeder may be reading it.
func writeFile(path string, content []byte, mode os.FileMode, written time.Time) error {
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, content, mode); err != nil {
		return err
	}
	if err := os.Chtimes(temporary, time.Time{}, written); err != nil {
		return err
	}

	return os.Rename(temporary, path)
}

// guardianBundle are the files of a bundle in a directory, as Guardian writes them.
func (c Container) guardianBundle(directory string) ([]bundleFile, error) {
	spec := c.spec(template)
	spec.Mounts = append(spec.Mounts,
		bindMount(filepath.Join(directory, "hosts"), "/etc/hosts", "rw"),
		bindMount(filepath.Join(directory, "resolv.conf"), "/etc/resolv.conf", "rw"),
	)
	config, err := c.config(spec)

	return []bundleFile{
		{"config.json", 0o600, config},
		{"hosts", 0o644, []byte("127.0.0.1 localhost\n")},
		{"resolv.conf", 0o644, []byte("nameserver 127.0.0.53\n")},
		{"pidfile", 0o644, []byte("2771")},
	}, err
}

// spec is a template with what is the container's own.
func (c Container) spec(template bundle) bundle {
	spec := template
	spec.Root.Path = c.Root
	spec.Hostname = c.Handle
	spec.Process = withEnvironment(spec.Process, c.Env)
	for _, bind := range c.Binds {
		access := "rw"
		if bind.ReadOnly {
			access = "ro"
		}
		spec.Mounts = append(spec.Mounts, bindMount(bind.Source, bind.Destination, access))
	}

	return spec
}

// withEnvironment is a recorded process with an environment in it, where there is one.
func withEnvironment(process json.RawMessage, env []string) json.RawMessage {
	if env == nil {
		return process
	}
	encoded, err := json.Marshal(env)
	if err != nil {
		panic(fmt.Sprintf("environment: %s", err))
	}

	return slices.Concat([]byte(`{"env":`), encoded, []byte(","), process[1:])
}

// config is the content of config.json: the spec, or what the container says instead.
func (c Container) config(spec bundle) ([]byte, error) {
	if c.Config != nil {
		return c.Config, nil
	}

	return json.Marshal(spec)
}

func bindMount(source, destination, access string) mount {
	return mount{Destination: destination, Type: "bind", Source: source, Options: []string{"bind", access}}
}

func (b *Backend) bundlePath(container Container) string {
	if container.NoBundle {
		return ""
	}

	return filepath.Join(b.options.Depot, container.Handle)
}

func (c Container) sameBundle(other Container) bool {
	return c.NoBundle == other.NoBundle && c.Root == other.Root && slices.Equal(c.Binds, other.Binds) && slices.Equal(c.Env, other.Env) &&
		bytes.Equal(c.Config, other.Config) && c.CreatedAt.Equal(other.CreatedAt)
}

func (b *Backend) rewriteBundle(container Container) error {
	if container.NoBundle {
		return b.removeBundle(container.Handle)
	}

	return b.writeBundle(container)
}

func (b *Backend) removeBundle(handle string) error {
	if !isDirectoryName(handle) {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(b.options.Depot, handle)); err != nil {
		return fmt.Errorf("removing bundle: %w", err)
	}

	return nil
}

func isDirectoryName(handle string) bool {
	return handle != "" && handle != "." && handle != ".." && !strings.ContainsAny(handle, "/\x00")
}
