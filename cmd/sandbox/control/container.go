package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/sandbox/backend"
)

// Container is the body that makes or changes a container, and part of what GET /containers tells.
// What a change does not name stays.
type Container struct {
	// Handle need not be given in a change, where it is in the path.
	Handle string `json:"handle,omitempty"`
	// Properties are added to those there are; null removes one. Guardian's own are set without
	// being asked for, the concourse: ones are not.
	Properties map[string]*string `json:"properties,omitempty"`
	// RootVolume is the handle of the volume that root.path leads to; RootPath any path instead.
	RootVolume string `json:"root_volume,omitempty"`
	RootPath   string `json:"root_path,omitempty"`
	// Volumes are bind mounts by volume handle, the value being the path in the container; Binds
	// are any others. Each list given replaces all bind mounts.
	Volumes map[string]string `json:"volumes,omitempty"`
	Binds   []backend.Bind    `json:"binds,omitempty"`
	// Env is the container's environment, NAME=value each.
	Env []string `json:"env,omitempty"`
	// CreatedAt, or an age, is what bulk_metrics and config.json's time tell.
	CreatedAt *time.Time `json:"created_at,omitempty"`
	Age       *Duration  `json:"age,omitempty"`
	// GraceTime; 0 means never. A change sets the property, not the server's timer.
	GraceTime *Duration `json:"grace_time,omitempty"`
	// NoTimer leaves the grace time a mere property, as when Garden's reaping failed once.
	NoTimer *bool `json:"no_timer,omitempty"`
	// Processes beside its init.
	Processes *int `json:"processes,omitempty"`
	// The others are as in backend.Container. BadConfig is written as config.json, as it is.
	// bulk_info does not look at it; Guardian has an error then, as for a zombie.
	Hidden    *bool   `json:"hidden,omitempty"`
	Zombie    *bool   `json:"zombie,omitempty"`
	DepotOnly *bool   `json:"depot_only,omitempty"`
	NoBundle  *bool   `json:"no_bundle,omitempty"`
	BadConfig *string `json:"bad_config,omitempty"`
}

// Told is what GET /containers tells: a Container, and what clients have asked Garden for.
type Told struct {
	Container
	// Env, Image (a rootfs too), Username, Password, Privileged and Network it was created with.
	Env        []string `json:"env,omitempty"`
	Image      string   `json:"image,omitempty"`
	Username   string   `json:"username,omitempty"`
	Password   string   `json:"password,omitempty"`
	Privileged bool     `json:"privileged"`
	Network    string   `json:"network,omitempty"`
	// MappedPorts and NetOut are what net-in and net-out came to, in order.
	MappedPorts []garden.PortMapping `json:"mapped_ports"`
	NetOut      []garden.NetOutRule  `json:"net_out"`
	// Runs are the processes that were asked for, in order, those that could not be run too.
	Runs []garden.ProcessSpec `json:"runs"`
}

// Duration is a time.Duration that JSON tells as "90s"; a number is taken as seconds.
type Duration time.Duration

// MarshalJSON writes it as Go prints it.
func (d Duration) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).String())
}

// UnmarshalJSON takes what Go prints, or seconds.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}

	switch value := value.(type) {
	case float64:
		*d = Duration(value * float64(time.Second))
	case string:
		parsed, err := time.ParseDuration(value)
		if err != nil {
			return err
		}
		*d = Duration(parsed)
	default:
		return fmt.Errorf("not a duration: %s", data)
	}

	return nil
}

// change applies what the body names to a container.
func (s Sandbox) change(body Container, container *backend.Container) {
	if container.Properties == nil {
		container.Properties = garden.Properties{}
	}
	for key, value := range body.Properties {
		if value == nil {
			delete(container.Properties, key)
		} else {
			container.Properties[key] = *value
		}
	}

	if body.RootVolume != "" {
		container.Root = s.Volumes.Data(body.RootVolume)
	}
	if body.RootPath != "" {
		container.Root = body.RootPath
	}
	if body.Volumes != nil || body.Binds != nil {
		container.Binds = slices.Clone(body.Binds)
		for _, handle := range slices.Sorted(maps.Keys(body.Volumes)) {
			bind := backend.Bind{Source: s.Volumes.Data(handle), Destination: body.Volumes[handle]}
			container.Binds = append(container.Binds, bind)
		}
	}
	if body.Env != nil {
		container.Env = slices.Clone(body.Env)
	}
	if body.BadConfig != nil {
		container.Config = []byte(*body.BadConfig)
	}

	if body.Age != nil {
		container.CreatedAt = s.Clock.Now().Add(-time.Duration(*body.Age))
	}
	set(&container.CreatedAt, body.CreatedAt)
	set(&container.GraceTime, (*time.Duration)(body.GraceTime))
	set(&container.NoTimer, body.NoTimer)
	set(&container.Processes, body.Processes)
	set(&container.Hidden, body.Hidden)
	set(&container.Zombie, body.Zombie)
	set(&container.DepotOnly, body.DepotOnly)
	set(&container.NoBundle, body.NoBundle)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func (s Sandbox) tell(container backend.Container) Told {
	body := Container{
		Handle:    container.Handle,
		RootPath:  container.Root,
		Binds:     container.Binds,
		Env:       container.Env,
		CreatedAt: &container.CreatedAt,
		Age:       new(Duration(s.Clock.Since(container.CreatedAt).Round(time.Second))),
		GraceTime: new(Duration(container.GraceTime)),
		NoTimer:   &container.NoTimer,
		Processes: &container.Processes,
		Hidden:    &container.Hidden,
		Zombie:    &container.Zombie,
		DepotOnly: &container.DepotOnly,
		NoBundle:  &container.NoBundle,

		Properties: map[string]*string{},
	}
	for key, value := range container.Properties {
		body.Properties[key] = &value
	}
	if container.Config != nil {
		body.BadConfig = new(string(container.Config))
	}

	return Told{
		Container:   body,
		Env:         container.Env,
		Image:       container.Image.URI,
		Username:    container.Image.Username,
		Password:    container.Image.Password,
		Privileged:  container.Privileged,
		Network:     container.Network,
		MappedPorts: container.MappedPorts(),
		NetOut:      append([]garden.NetOutRule{}, container.NetOut...),
		Runs:        append([]garden.ProcessSpec{}, s.Backend.Runs(container.Handle)...),
	}
}
