package backend

import (
	"encoding/json"
	"errors"
	"slices"

	"code.cloudfoundry.org/garden"
)

const (
	firstPort      = 60000
	mappedPortsKey = "garden.network.mapped-ports"
)

// DefaultPorts is how many host ports there are from 60000 on.
const DefaultPorts = 1<<16 - firstPort

// ports are the host's that can be mapped, by how many have been handed out and what came back. A
// port that a client has named is not among them, as with Guardian's pool.
type ports struct {
	all  int
	used int
	free []uint32
}

func (p *ports) acquire() (uint32, error) {
	if p.used < p.all {
		p.used++
		return uint32(firstPort + p.used - 1), nil
	}
	if len(p.free) == 0 {
		// In Guardian's words.
		return 0, errors.New("port pool is exhausted")
	}
	port := p.free[0]
	p.free = p.free[1:]

	return port, nil
}

func (p *ports) release(port uint32) {
	handedOut := port >= firstPort && port < uint32(firstPort+p.used)
	if handedOut && !slices.Contains(p.free, port) {
		p.free = append(p.free, port)
	}
}

// NetIn takes a port for one of 0, and keeps the mapping where Guardian does: in a property.
func (c *container) NetIn(hostPort, containerPort uint32) (uint32, uint32, error) {
	c.backend.Calls.add("net-in", c.handle)
	if c.backend.containerd() {
		return 0, 0, errNotImplemented
	}
	if _, _, err := c.room(errNoNetwork); err != nil {
		return 0, 0, err
	}

	var err error
	c.change(func(found *entry) {
		if hostPort == 0 {
			if hostPort, err = c.backend.ports.acquire(); err != nil {
				return
			}
		}
		if containerPort == 0 {
			containerPort = hostPort
		}
		found.container.mapPort(garden.PortMapping{HostPort: hostPort, ContainerPort: containerPort})
	})
	if err != nil {
		return 0, 0, err
	}

	return hostPort, containerPort, nil
}

var errNoNetwork = errors.New("property not found: kawasaki.host-interface")

// MappedPorts are what the property of that name says; none means an empty list.
func (c Container) MappedPorts() []garden.PortMapping {
	mappings := []garden.PortMapping{}
	// As Guardian's: a property that is no list is none.
	_ = json.Unmarshal([]byte(c.Properties[mappedPortsKey]), &mappings)

	return mappings
}

func (c *Container) mapPort(mapping garden.PortMapping) {
	encoded, err := json.Marshal(append(c.MappedPorts(), mapping))
	if err != nil {
		panic("encoding port mappings: " + err.Error())
	}
	c.Properties[mappedPortsKey] = string(encoded)
}

// NetOut keeps the rule.
func (c *container) NetOut(rule garden.NetOutRule) error {
	return c.netOut(rule)
}

// BulkNetOut keeps the rules.
func (c *container) BulkNetOut(rules []garden.NetOutRule) error {
	return c.netOut(rules...)
}

func (c *container) netOut(rules ...garden.NetOutRule) error {
	c.backend.Calls.add("net-out", c.handle)
	if c.backend.containerd() {
		return errNotImplemented
	}
	if _, _, err := c.room(errNoNetwork); err != nil {
		return err
	}
	c.change(func(found *entry) { found.container.NetOut = append(found.container.NetOut, rules...) })

	return nil
}
