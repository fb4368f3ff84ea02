// Command floor does the work of a first pass as barely as it can be done:
// list, bulk_info, each bundle's config.json, one readdir for each state of
// the volumes, one read of each referenced ttl.json. It judges nothing and
// checks nothing. What weeder takes is measured against it.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: floor HOST:PORT VOLUMES-DIR")
	}
	garden, volumes := "http://"+os.Args[1], os.Args[2]

	var list struct{ Handles []string }
	get(garden+"/containers", &list)

	var infos map[string]struct {
		Info struct {
			ContainerPath string
			Properties    map[string]string
		}
	}
	get(garden+"/containers/bulk_info?handles="+url.QueryEscape(strings.Join(list.Handles, ",")), &infos)

	referenced := map[string]bool{}
	for _, entry := range infos {
		var handles []string
		_ = json.Unmarshal([]byte(entry.Info.Properties["concourse:volumes"]), &handles)
		for _, handle := range handles {
			referenced[handle] = true
		}
		var spec struct {
			Root   struct{ Path string }
			Mounts []struct{ Source string }
		}
		data, err := os.ReadFile(filepath.Join(entry.Info.ContainerPath, "config.json"))
		if err != nil {
			log.Fatal(err)
		}
		if err := json.Unmarshal(data, &spec); err != nil {
			log.Fatal(err)
		}
		refer(referenced, volumes, spec.Root.Path)
		for _, mount := range spec.Mounts {
			refer(referenced, volumes, mount.Source)
		}
	}

	there := map[string]bool{}
	for _, state := range []string{"init", "live", "dead"} {
		entries, err := os.ReadDir(filepath.Join(volumes, state))
		if err != nil {
			log.Fatal(err)
		}
		for _, entry := range entries {
			there[entry.Name()] = true
		}
	}
	expiring := 0
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
	fmt.Println(len(infos), len(referenced), len(there), expiring)
}

func get(from string, into any) {
	reply, err := http.Get(from)
	if err != nil {
		log.Fatal(err)
	}
	defer reply.Body.Close()
	if err := json.NewDecoder(reply.Body).Decode(into); err != nil {
		log.Fatal(err)
	}
}

func refer(referenced map[string]bool, volumes, path string) {
	if rest, under := strings.CutPrefix(path, volumes+"/live/"); under {
		handle, _, _ := strings.Cut(rest, "/")
		referenced[handle] = true
	}
}
