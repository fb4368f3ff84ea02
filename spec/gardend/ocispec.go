package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"code.cloudfoundry.org/garden"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// initPath is where each container has its init.
const initPath = "/tmp/gdn-init"

// capabilities are those of Concourse's unprivileged containers. A privileged
// one has CAP_SYS_RESOURCE too, which the root of many a virtual machine lacks:
// runc fails for who asks for more than it has itself.
var capabilities = []string{
	"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
	"CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
}

// ociSpec is the OCI spec of a container.
func (b *backend) ociSpec(of garden.ContainerSpec) (*specs.Spec, error) {
	if of.Handle == "" {
		return nil, errors.New("handle must be specified")
	}
	uri := of.RootFSPath
	if uri == "" {
		uri = of.Image.URI
	}
	root, err := rootDir(uri)
	if err != nil {
		return nil, err
	}
	binds, err := bindMounts(of.BindMounts)
	if err != nil {
		return nil, err
	}
	return &specs.Spec{
		Version:  specs.Version,
		Hostname: of.Handle,
		Root:     &specs.Root{Path: root},
		Process: &specs.Process{
			Args: []string{initPath},
			Env:  of.Env,
			Cwd:  "/",
			Capabilities: &specs.LinuxCapabilities{
				Bounding: capabilities, Effective: capabilities, Inheritable: capabilities, Permitted: capabilities,
			},
		},
		Mounts:      append(b.mounts(), binds...),
		Annotations: of.Properties,
		Linux: &specs.Linux{
			CgroupsPath: filepath.Join("/", b.cgroupPrefix+of.Handle),
			Namespaces: []specs.LinuxNamespace{
				{Type: specs.PIDNamespace}, {Type: specs.IPCNamespace}, {Type: specs.UTSNamespace},
				{Type: specs.MountNamespace}, {Type: specs.NetworkNamespace},
			},
		},
	}, nil
}

// mounts are those that each container has.
func (b *backend) mounts() []specs.Mount {
	return []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
		{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
		{Destination: "/dev/shm", Type: "tmpfs", Source: "shm", Options: []string{"nosuid", "noexec", "nodev", "mode=1777"}},
		{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: []string{"nosuid", "noexec", "nodev"}},
		{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", "ro"}},
		{Destination: initPath, Type: "bind", Source: b.init, Options: []string{"bind"}},
	}
}

func bindMounts(of []garden.BindMount) ([]specs.Mount, error) {
	mounts := []specs.Mount{}
	for _, bind := range of {
		if !filepath.IsAbs(bind.SrcPath) || !filepath.IsAbs(bind.DstPath) {
			return nil, fmt.Errorf("bind mount %q to %q: both must be absolute paths", bind.SrcPath, bind.DstPath)
		}
		mode := "ro"
		if bind.Mode == garden.BindMountModeRW {
			mode = "rw"
		}
		mounts = append(mounts, specs.Mount{
			Source: bind.SrcPath, Destination: bind.DstPath, Type: "bind", Options: []string{"bind", mode},
		})
	}
	return mounts, nil
}
