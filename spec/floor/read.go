package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

func get(from string, into any) error {
	reply, err := http.Get(from)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	return json.NewDecoder(reply.Body).Decode(into)
}

func list(garden string) ([]string, error) {
	var reply struct{ Handles []string }
	return reply.Handles, get(garden+"/containers", &reply)
}

// referenced are the volumes that the containers refer to, in their properties
// or their bundles.
func referenced(garden, volumes string, handles []string) (map[string]bool, error) {
	var infos map[string]struct {
		Info struct {
			ContainerPath string
			Properties    map[string]string
		}
	}
	if err := get(garden+"/containers/bulk_info?handles="+url.QueryEscape(strings.Join(handles, ",")), &infos); err != nil {
		return nil, err
	}

	found := map[string]bool{}
	for _, entry := range infos {
		var named []string
		_ = json.Unmarshal([]byte(entry.Info.Properties["concourse:volumes"]), &named)
		for _, volume := range named {
			found[volume] = true
		}
		var spec struct {
			Root   struct{ Path string }
			Mounts []struct{ Source string }
		}
		data, err := os.ReadFile(filepath.Join(entry.Info.ContainerPath, "config.json"))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &spec); err != nil {
			return nil, err
		}
		refer(found, volumes, spec.Root.Path)
		for _, mount := range spec.Mounts {
			refer(found, volumes, mount.Source)
		}
	}
	return found, nil
}

func refer(found map[string]bool, volumes, path string) {
	if rest, under := strings.CutPrefix(path, volumes+"/live/"); under {
		handle, _, _ := strings.Cut(rest, "/")
		found[handle] = true
	}
}

// onDisk tells how many volumes there are, and how many of those referred to
// can expire.
func onDisk(volumes string, referenced map[string]bool) (there, expiring int, err error) {
	for _, state := range []string{"init", "live", "dead"} {
		entries, err := os.ReadDir(filepath.Join(volumes, state))
		if err != nil {
			return 0, 0, fmt.Errorf("read volumes: %w", err)
		}
		there += len(entries)
	}
	for handle := range referenced {
		var ttl struct {
			TTL       int64 `json:"ttl"`
			ExpiresAt int64 `json:"expires_at"`
		}
		if data, err := os.ReadFile(filepath.Join(volumes, "live", handle, "ttl.json")); err == nil {
			_ = json.Unmarshal(data, &ttl)
			if ttl.TTL > 0 {
				expiring++
			}
		}
	}
	return there, expiring, nil
}
