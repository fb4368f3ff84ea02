package backend

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"code.cloudfoundry.org/garden"
)

// Create makes a container of a spec. Its root is the path of a plain or raw:// image URI; any
// other image is unpacked where GrootFS would. Over containerd there is no grace time at first.
//
// Errors: when the handle is taken, when there are MaxContainers already, when both RootFSPath and
// Image.URI are given.
func (b *Backend) Create(spec garden.ContainerSpec) (garden.Container, error) {
	if staged, ok := b.unstage(spec.Handle); ok {
		return b.container(spec.Handle), b.Add(staged)
	}
	b.Calls.add("create", spec.Handle)

	if spec.Handle == "" {
		spec.Handle = newHandle()
	}

	root, err := rootPath(spec)
	if err != nil {
		return nil, err
	}

	container := Container{
		Handle:     spec.Handle,
		Properties: spec.Properties,
		GraceTime:  spec.GraceTime,
		Root:       root,
		Env:        spec.Env,
		Image:      spec.Image,
		Privileged: spec.Privileged,
		Network:    spec.Network,
	}
	container.Image.URI += spec.RootFSPath
	if b.containerd() {
		container.GraceTime = 0
	}
	for _, mount := range spec.BindMounts {
		container.Binds = append(container.Binds, Bind{
			Source:      mount.SrcPath,
			Destination: mount.DstPath,
			ReadOnly:    mount.Mode == garden.BindMountModeRO,
			Origin:      originOf(mount),
		})
	}

	if err := b.Add(container); err != nil {
		return nil, err
	}

	return b.container(spec.Handle), nil
}

func originOf(mount garden.BindMount) string {
	if mount.Origin == garden.BindMountOriginContainer {
		return "Container"
	}

	return "Host"
}

func rootPath(spec garden.ContainerSpec) (string, error) {
	if spec.RootFSPath != "" && spec.Image.URI != "" {
		return "", errors.New("cannot provide both Image.URI and RootFSPath")
	}

	image, err := url.Parse(spec.RootFSPath + spec.Image.URI)
	if err != nil {
		return "", fmt.Errorf("parsing image uri: %w", err)
	}
	if image.Path == "" || image.Scheme != "" && image.Scheme != "raw" {
		return "/var/vcap/data/grootfs/store/unprivileged/images/" + spec.Handle + "/rootfs", nil
	}

	return image.Path, nil
}

// Destroy removes a container with its bundle, unless a fault says otherwise.
//
// Errors: garden.ContainerNotFoundError for an unknown handle, an untyped one over containerd.
func (b *Backend) Destroy(handle string) error {
	if b.isBeingRemoved(handle) {
		return b.remove(handle)
	}

	b.Calls.add("destroy", handle)
	b.Hooks.fire(OnDestroy, handle)

	if err := b.Faults.Hold("destroy-hangs", handle); err != nil {
		return err
	}
	if err := b.faultOfDestroy(handle); err != nil {
		return err
	}

	if err := b.destroy(handle); err != nil {
		return err
	}
	if b.Faults.Strike("destroy-untyped-gone", handle).Struck() {
		return errors.New("runc: exit status 1: container does not exist")
	}

	return nil
}

func (b *Backend) destroy(handle string) error {
	var err error = garden.ContainerNotFoundError{Handle: handle}
	// A bundle alone is no container over containerd.
	if !b.containerd() || b.known(handle) {
		err = b.remove(handle)
	}
	if notFound := (garden.ContainerNotFoundError{}); errors.As(err, &notFound) && b.containerd() {
		return notFoundInContainerd(handle)
	}
	if err != nil {
		return err
	}

	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.destroyed = append(b.destroyed, handle)

	return nil
}

// Destroyed are the handles of the containers that Garden has destroyed, for a client or for a
// grace time, in order.
func (b *Backend) Destroyed() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return slices.Clone(b.destroyed)
}

// ForgetDestroyed empties Destroyed.
func (b *Backend) ForgetDestroyed() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.destroyed = nil
}
