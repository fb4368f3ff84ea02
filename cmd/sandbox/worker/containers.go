package worker

import (
	"encoding/json"
	"fmt"
	"time"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/volumes"
)

const (
	mountPath  = "/tmp/build/get"
	ttlSeconds = 36000
)

// live is a container in use, of one of three generations: its root is a copy-on-write child whose
// volumes expire later, its volumes never expire, or know no expiry.
func (p *people) live(i int) {
	root, bound := p.volume(), p.volume()
	later := p.Now.Add(ttlSeconds * time.Second)

	switch i % 3 {
	case 0:
		root.Parent = p.imageVolume()
		root.TTL, bound.TTL = volumes.Until(later, ttlSeconds), volumes.Until(later, ttlSeconds)
	case 1:
		root.TTL, bound.TTL = volumes.Forever(p.nextCreatedAt()), volumes.Forever(p.nextCreatedAt())
		root.TTL.Stray = i%2 == 0
		bound.TTL.Stray = !root.TTL.Stray
	}
	p.volumes = append(p.volumes, root, bound)

	container := p.container(root.Handle, bound.Handle)
	if i%3 == 2 {
		container.Properties = garden.Properties{"user": "root"}
		container.Processes = 1
		p.takeStep(&container)
	}
	p.containers = append(p.containers, container)
}

// leaked is a container that nobody needs any more, for one of four reasons.
func (p *people) leaked(i int) {
	root, bound := p.volume(), p.volume()
	container := p.container(root.Handle, bound.Handle)

	switch i % 4 {
	case 0:
		bound.TTL = volumes.Forever(p.nextCreatedAt())
		p.volumes = append(p.volumes, bound)
	case 1:
		container.Properties = garden.Properties{"user": "root"}
		p.takeStep(&container)
		p.volumes = append(p.volumes, root)
	case 2:
		const seconds = 300
		root.TTL = volumes.Until(p.expired(seconds*time.Second), seconds)
		bound.TTL = volumes.Forever(p.nextCreatedAt())
		p.volumes = append(p.volumes, root, bound)
	case 3:
		container.Properties = garden.Properties{"user": "root"}
		p.takeStep(&container)
		root.State = volumes.Dead
		p.volumes = append(p.volumes, root, bound)
	}
	p.containers = append(p.containers, container)
}

// expired is when a volume's time was up that nobody asked for since its container was made, or at
// half that container's age where that is earlier.
func (p *people) expired(ttl time.Duration) time.Time {
	since := p.nextCreatedAt()
	if half := p.Now.Sub(since) / 2; half < ttl {
		ttl = half
	}

	return since.Add(ttl)
}

// foreign is a container that Concourse has not made.
func (p *people) foreign() {
	handle := p.handles.next()
	p.containers = append(p.containers, backend.Container{
		Handle:     handle,
		Properties: garden.Properties{"network.app_id": handle},
		GraceTime:  p.GraceTime,
		CreatedAt:  p.nextCreatedAt(),
		Root:       "/var/vcap/data/grootfs/store/unprivileged/images/" + handle + "/rootfs",
		Binds:      []backend.Bind{{Source: "/var/vcap/data/certificates", Destination: "/etc/certificates", ReadOnly: true}},
	})
}

// container refers to a root volume and one bound at mountPath, both in its properties, as of
// Concourse 2, and in its bundle.
func (p *people) container(root, bound string) backend.Container {
	return backend.Container{
		Handle: p.handles.next(),
		Properties: garden.Properties{
			"user":                    "root",
			"concourse:volumes":       encode([]string{bound, root}),
			"concourse:volume-mounts": encode(map[string]string{bound: mountPath}),
		},
		GraceTime: p.GraceTime,
		CreatedAt: p.nextCreatedAt(),
		Root:      p.dir.Data(root),
		Binds:     []backend.Bind{{Source: p.dir.Data(bound), Destination: mountPath}},
		Env:       p.getEnvironment(),
	}
}

func (p *people) volume() volumes.Volume {
	return volumes.Volume{
		Handle:     p.handles.next(),
		Properties: map[string]string{},
		Privileged: true,
	}
}

// forever is the TTL of a volume that never expires: over containerd none at all.
func (p *people) forever() *volumes.TTL {
	if p.Containerd {
		return nil
	}

	return volumes.Forever(p.nextCreatedAt())
}

// imageVolume is what copy-on-write children are children of: one for all.
func (p *people) imageVolume() string {
	if p.image == "" {
		p.image = p.handles.next()
		p.volumes = append(p.volumes, volumes.Volume{
			Handle:     p.image,
			Properties: map[string]string{"initialized": "yep", "resource-type": "docker-image"},
			TTL:        p.forever(),
			Privileged: true,
		})
	}

	return p.image
}

func encode(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("encoding %v: %s", value, err))
	}

	return string(encoded)
}
