package worker

import (
	"path/filepath"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/volumes"
)

// modernLive is a container in use over containerd.
func (p *people) modernLive(i int) {
	root, bound := p.volume(), p.volume()
	container := p.modern(root.Handle, bound.Handle)

	switch i % 3 {
	case 0:
		root.Parent = p.imageVolume()
	case 2:
		container.Root = filepath.Join(container.Root, "rootfs")
	}
	p.volumes = append(p.volumes, root, bound)
	p.containers = append(p.containers, container)
}

// modernLeaked is a container over containerd that nobody needs any more, for one of three reasons.
func (p *people) modernLeaked(i int) {
	root, bound := p.volume(), p.volume()

	switch i % 3 {
	case 0:
		p.volumes = append(p.volumes, bound)
	case 1:
		p.volumes = append(p.volumes, root)
	case 2:
		root.State = volumes.Dead
		p.volumes = append(p.volumes, root, bound)
	}
	p.containers = append(p.containers, p.modern(root.Handle, bound.Handle))
}

// modernForeign is a container that another client of containerd's has made.
func (p *people) modernForeign() {
	p.containers = append(p.containers, backend.Container{
		Handle:    p.handles.next(),
		GraceTime: p.GraceTime,
		CreatedAt: p.nextCreatedAt(),
		// In its bundle.
		Root:  "rootfs",
		Binds: []backend.Bind{{Source: "/var/vcap/data/certificates", Destination: "/etc/certificates", ReadOnly: true}},
	})
}

// modern refers to its volumes in its OCI spec alone. Its one property is the user of its image,
// which every other image does not name.
func (p *people) modern(root, bound string) backend.Container {
	container := p.container(root, bound)
	container.Properties = garden.Properties{"user": ""}
	if len(p.containers)%2 == 0 {
		container.Properties["user"] = "root"
	}
	p.takeStep(&container)

	return container
}
