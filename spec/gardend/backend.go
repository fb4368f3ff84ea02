package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"code.cloudfoundry.org/garden"
	"github.com/containerd/containerd"
	runc "github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/cio"
	"github.com/containerd/containerd/errdefs"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// reconnectAfter is soon, as specs wait for it.
const reconnectAfter = 50 * time.Millisecond

var (
	errEmptyHandle    = errors.New("empty handle")
	errNotImplemented = errors.New("not implemented")
)

type config struct {
	socket, namespace               string
	init                            string
	runcRoot, fifoDir, cgroupPrefix string
	timeout                         time.Duration
}

// backend is a garden.Backend. It keeps nothing: what there is, containerd
// knows.
type backend struct {
	config
	client *containerd.Client
}

var _ garden.Backend = &backend{}

func (b *backend) Start() error {
	delay := backoff.Config{BaseDelay: reconnectAfter, MaxDelay: reconnectAfter, Multiplier: 1}
	client, err := containerd.New(b.socket,
		containerd.WithDefaultNamespace(b.namespace),
		containerd.WithDialOpts([]grpc.DialOption{
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: delay}),
		}))
	if err != nil {
		return fmt.Errorf("connecting to containerd: %w", err)
	}
	b.client = client
	return nil
}

func (b *backend) Stop() error { return b.client.Close() }

// within is a context for the calls of a request.
func (b *backend) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), b.timeout)
}

func (b *backend) Ping() error {
	ctx, cancel := b.within()
	defer cancel()
	if _, err := b.client.Version(ctx); err != nil {
		return fmt.Errorf("getting containerd version: %w", err)
	}
	return nil
}

func (b *backend) Create(spec garden.ContainerSpec) (garden.Container, error) {
	ctx, cancel := b.within()
	defer cancel()
	oci, err := b.ociSpec(spec)
	if err != nil {
		return nil, fmt.Errorf("new container: garden spec to oci spec: %w", err)
	}
	made, err := b.client.NewContainer(ctx, spec.Handle,
		containerd.WithSpec(oci),
		containerd.WithContainerLabels(toLabels(spec.Properties)))
	if err != nil {
		return nil, fmt.Errorf("new container: %w", err)
	}
	// Where this fails the container stays, without a task.
	if _, err := b.startTask(ctx, made); err != nil {
		return nil, fmt.Errorf("starting task: %w", err)
	}
	return &container{backend: b, container: made}, nil
}

func (b *backend) startTask(ctx context.Context, in containerd.Container) (containerd.Task, error) {
	task, err := in.NewTask(ctx, cio.NullIO, func(_ context.Context, _ *containerd.Client, info *containerd.TaskInfo) error {
		info.Options = &runc.Options{NoNewKeyring: true, Root: b.runcRoot}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("new task: %w", err)
	}
	return task, task.Start(ctx)
}

func (b *backend) Destroy(handle string) error {
	if handle == "" {
		return errEmptyHandle
	}
	ctx, cancel := b.within()
	defer cancel()
	found, err := b.client.LoadContainer(ctx, handle)
	if err != nil {
		return fmt.Errorf("get container: %w", err)
	}
	task, err := found.Task(ctx, cio.Load)
	switch {
	case errdefs.IsNotFound(err):
	case err != nil:
		return fmt.Errorf("task lookup: %w", err)
	default:
		if err := endProcesses(ctx, task); err != nil {
			return fmt.Errorf("gracefully killing task: %w", err)
		}
		if _, err := task.Delete(ctx, containerd.WithProcessKill); err != nil {
			return fmt.Errorf("task remove: %w", err)
		}
	}
	if err := found.Delete(ctx); err != nil {
		return fmt.Errorf("deleting container: %w", err)
	}
	return nil
}

func (b *backend) Containers(properties garden.Properties) ([]garden.Container, error) {
	ctx, cancel := b.within()
	defer cancel()
	filters, err := toFilters(properties)
	if err != nil {
		return nil, err
	}
	found, err := b.client.Containers(ctx, filters...)
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	containers := []garden.Container{}
	for _, one := range found {
		containers = append(containers, &container{backend: b, container: one})
	}
	return containers, nil
}

func (b *backend) Lookup(handle string) (garden.Container, error) {
	if handle == "" {
		return nil, errEmptyHandle
	}
	ctx, cancel := b.within()
	defer cancel()
	found, err := b.client.LoadContainer(ctx, handle)
	if err != nil {
		return nil, fmt.Errorf("get container: %w", err)
	}
	return &container{backend: b, container: found}, nil
}

// GraceTime is none where the property can't be read.
func (b *backend) GraceTime(of garden.Container) time.Duration {
	property, err := of.Property(graceTimeKey)
	if err != nil {
		return 0
	}
	var grace time.Duration
	if _, err := fmt.Sscanf(property, "%d", &grace); err != nil {
		return 0
	}
	return grace
}

func (b *backend) Capacity() (garden.Capacity, error) { return garden.Capacity{}, errNotImplemented }

func (b *backend) BulkInfo([]string) (map[string]garden.ContainerInfoEntry, error) {
	return nil, errNotImplemented
}

func (b *backend) BulkMetrics([]string) (map[string]garden.ContainerMetricsEntry, error) {
	return nil, errNotImplemented
}

// rootDir is the directory that raw:///dir means.
func rootDir(uri string) (string, error) {
	dir, raw := strings.CutPrefix(uri, "raw://")
	if !raw || !filepath.IsAbs(dir) {
		return "", fmt.Errorf("rootfs %q: must be raw:// and an absolute path", uri)
	}
	return dir, nil
}
