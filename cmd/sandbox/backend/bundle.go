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

// bundle is an OCI spec, as far as containers differ in it.
type bundle struct {
	OCIVersion json.RawMessage `json:"ociVersion"`
	Process    json.RawMessage `json:"process"`
	Root       root            `json:"root"`
	Hostname   string          `json:"hostname"`
	Mounts     []mount         `json:"mounts"`
	Linux      json.RawMessage `json:"linux"`
	Windows    json.RawMessage `json:"windows"`
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

// template is the recorded bundle without the mounts that were that container's own.
var template = func() bundle {
	var recorded bundle
	if err := json.Unmarshal(recordedBundle, &recorded); err != nil {
		panic(fmt.Sprintf("recorded bundle: %s", err))
	}

	for i, mount := range recorded.Mounts {
		if mount.Destination == "/proc" {
			recorded.Mounts = recorded.Mounts[: i+1 : i+1]
			break
		}
	}

	return recorded
}()

func (b *Backend) writeBundle(container Container) error {
	if container.NoBundle {
		return nil
	}
	if !isDirectoryName(container.Handle) {
		return fmt.Errorf("handle %q can't name a bundle's directory", container.Handle)
	}

	directory := filepath.Join(b.options.Depot, container.Handle)
	config := container.Config
	if config == nil {
		var err error
		if config, err = container.config(directory); err != nil {
			return err
		}
	}

	if err := os.MkdirAll(directory, 0o755); err != nil {
		return fmt.Errorf("making bundle: %w", err)
	}

	files := []struct {
		name    string
		mode    os.FileMode
		content []byte
	}{
		{"config.json", 0o600, config},
		{"hosts", 0o644, []byte("127.0.0.1 localhost\n")},
		{"resolv.conf", 0o644, []byte("nameserver 127.0.0.53\n")},
		{"pidfile", 0o644, []byte("2771")},
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

func (c Container) config(directory string) ([]byte, error) {
	spec := template
	spec.Root.Path = c.Root
	spec.Hostname = c.Handle

	for _, bind := range c.Binds {
		access := "rw"
		if bind.ReadOnly {
			access = "ro"
		}
		spec.Mounts = append(spec.Mounts, bindMount(bind.Source, bind.Destination, access))
	}
	spec.Mounts = append(spec.Mounts,
		bindMount(filepath.Join(directory, "hosts"), "/etc/hosts", "rw"),
		bindMount(filepath.Join(directory, "resolv.conf"), "/etc/resolv.conf", "rw"),
	)

	config, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encoding bundle: %w", err)
	}

	return config, nil
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
	return c.NoBundle == other.NoBundle && c.Root == other.Root && slices.Equal(c.Binds, other.Binds) &&
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
