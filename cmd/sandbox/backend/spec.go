package backend

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"code.cloudfoundry.org/garden"
)

// Container is one container, in all the states that a worker can leave it in.
type Container struct {
	Handle string
	// Properties of the container. A Backend adds those that Guardian sets by itself.
	Properties garden.Properties
	// GraceTime is kept in the property garden.grace-time; 0 means never reaped, and no property.
	GraceTime time.Duration
	// CreatedAt is what its age counts from, and the time of its config.json. Zero means when it
	// was added.
	CreatedAt time.Time
	// Root is root.path in its config.json.
	Root string
	// Binds are bind mounts in its config.json, beside those that Guardian adds.
	Binds []Bind
	// Env is process.env in its config.json, and in the environment of what a client runs. Nil: as
	// recorded, none.
	Env []string
	// Config is written as config.json instead of the real one, whatever it is.
	Config []byte
	// Processes that run in it beside its init and those that a client has run.
	Processes int
	// Image (a rootfs too), Privileged and Network are what a client has created it with. They do
	// nothing.
	Image      garden.ImageRef
	Privileged bool
	Network    string
	// NetOut are the rules that a client has asked for, in order.
	NetOut []garden.NetOutRule
	// Hidden is half-created: in no plain list, but in that of garden.state=all.
	Hidden bool
	// Zombie has a bundle, but its runc state fails: bulk_info has an error and no path.
	Zombie bool
	// DepotOnly is in no list and unknown to bulk_info; only its bundle is there. It can be
	// destroyed, as on Guardian, but not over containerd.
	DepotOnly bool
	// NoBundle has nothing in the depot, and no ContainerPath: over containerd, one without a task.
	NoBundle bool
	// NoTimer is a container whose grace timer has gone off, failed and been dropped. Only
	// Server.Create heeds it.
	NoTimer bool
}

// Bind is a bind mount.
type Bind struct {
	Source      string `json:"source"`
	Destination string `json:"destination"`
	ReadOnly    bool   `json:"read_only,omitempty"`
	// Origin is Container where Source is a path in the container; Host or empty where it is one in the
	// host.
	Origin string `json:"origin,omitempty"`
}

// snapshot is a copy of the container as its properties say it is.
func (e *entry) snapshot() Container {
	container := e.container
	container.Properties = maps.Clone(container.Properties)
	container.Binds = slices.Clone(container.Binds)
	container.Env = slices.Clone(container.Env)
	container.NetOut = slices.Clone(container.NetOut)
	container.GraceTime = graceTime(container.Properties)
	container.Hidden = container.Properties[stateKey] != stateCreated

	return container
}

// intoProperties tells in the properties what has changed of the fields that they tell.
func (c *Container) intoProperties(before Container) {
	if c.GraceTime != before.GraceTime {
		delete(c.Properties, graceTimeKey)
		if c.GraceTime != 0 {
			c.Properties[graceTimeKey] = strconv.FormatInt(int64(c.GraceTime), 10)
		}
	}

	if c.Hidden != before.Hidden {
		delete(c.Properties, stateKey)
		if !c.Hidden {
			c.Properties[stateKey] = stateCreated
		}
	}
}

func graceTime(properties garden.Properties) time.Duration {
	nanoseconds, err := strconv.ParseInt(properties[graceTimeKey], 10, 64)
	if err != nil {
		return 0
	}

	return time.Duration(nanoseconds)
}
