package main

import (
	"slices"
	"strings"
	"time"

	"weeder/baggageclaim"
	"weeder/reaper"
)

type volumesCommand struct {
	app  *app
	JSON bool `long:"json" description:"print JSON"`
}

// volumesJSON is what volumes prints as JSON; a figure not known is null.
type volumesJSON struct {
	VolumesDir string           `json:"volumes_dir"`
	Volumes    []diskVolumeJSON `json:"volumes"`
}

type diskVolumeJSON struct {
	Handle     string             `json:"handle"`
	State      reaper.VolumeState `json:"state"`
	TTLSeconds *float64           `json:"ttl_seconds"`
	ExpiresAt  *string            `json:"expires_at"`
	Parent     *string            `json:"parent"`
	Privileged *bool              `json:"privileged"`
	Properties map[string]string  `json:"properties"`
	// Containers that refer to it; null where Garden could not be asked.
	Containers []string `json:"containers"`
	// Error is what could not be read of it; null where all was.
	Error *string `json:"error"`
}

// Execute runs the command.
func (c *volumesCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	site := c.app.connect()
	defer site.close()

	containers, gardenErr := reaper.NewInventory(site.garden, site.worker.Runtime, site.volumes, site.worker.Clock).Containers(c.app.ctx)
	if gardenErr != nil {
		c.app.warn("the containers that refer to the volumes are not known: %v", gardenErr)
	}
	users := usersOf(containers)
	snapshot, err := site.volumes.Read(c.app.ctx)
	if err != nil {
		return err
	}
	infos := snapshot.Volumes()
	if c.JSON {
		return c.app.printJSON(volumesJSON{VolumesDir: site.volumesDir(), Volumes: diskVolumes(infos, users)})
	}

	now := site.worker.Clock.Now()
	out := table{headers: []string{"handle", "state", "ttl", "expires", "parent", "containers"}}
	for _, info := range infos {
		out.rows = append(out.rows, []cell{
			{text: info.Handle},
			{text: string(info.State)},
			{text: ttlText(info)},
			{text: expiryText(info, now)},
			{text: info.Parent},
			{text: usersText(users, info.Handle)},
		})
	}
	out.write(c.app.stdout, c.app.terminal.stdout)
	return nil
}

// usersOf says for each volume which containers refer to it; nil where no
// containers are known.
func usersOf(containers []reaper.Container) map[string][]string {
	if containers == nil {
		return nil
	}
	users := map[string][]string{}
	for _, container := range containers {
		for _, reference := range container.References {
			if !slices.Contains(users[reference.Volume], container.Handle) {
				users[reference.Volume] = append(users[reference.Volume], container.Handle)
			}
		}
	}
	for _, handles := range users {
		slices.Sort(handles)
	}
	return users
}

func diskVolumes(infos []baggageclaim.Info, users map[string][]string) []diskVolumeJSON {
	out := make([]diskVolumeJSON, 0, len(infos))
	for _, info := range infos {
		volume := diskVolumeJSON{
			Handle:     info.Handle,
			State:      info.State,
			Privileged: info.Privileged,
			Properties: info.Properties,
		}
		if info.HasTTL {
			volume.TTLSeconds, volume.ExpiresAt = seconds(info.TTL), timestamp(info.ExpiresAt)
		}
		if info.Parent != "" {
			volume.Parent = &info.Parent
		}
		if users != nil {
			volume.Containers = orEmpty(users[info.Handle])
		}
		for _, err := range []error{info.Err, info.TTLErr, info.ParentErr, info.PropertiesErr, info.PrivilegedErr} {
			if err != nil {
				text := err.Error()
				volume.Error = &text
				break
			}
		}
		out = append(out, volume)
	}
	return out
}

func ttlText(info baggageclaim.Info) string {
	switch {
	case info.TTLErr != nil:
		return "unreadable"
	case !info.HasTTL:
		return ""
	case info.TTL == 0:
		return "never expires"
	}
	return short(info.TTL)
}

func expiryText(info baggageclaim.Info, now time.Time) string {
	switch {
	case !info.HasTTL || info.TTL == 0:
		return ""
	case info.ExpiresAt.Before(now):
		return short(now.Sub(info.ExpiresAt)) + " ago"
	}
	return "in " + short(info.ExpiresAt.Sub(now))
}

func usersText(users map[string][]string, volume string) string {
	if users == nil {
		return "not known"
	}
	return strings.Join(users[volume], ", ")
}
