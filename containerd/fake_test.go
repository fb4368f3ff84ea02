package containerd_test

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/containerd/containerd/api/services/containers/v1"
	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/services/version/v1"
	"github.com/containerd/containerd/api/types/task"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"weeder/containerd"
)

// fakeContainerd serves containerd's own API from what a spec puts in, and
// remembers what it was asked. It leaves out everything that changes something,
// lists, filters, events and leases; a task of it has no shim.
type fakeContainerd struct {
	socket string
	server *grpc.Server

	// containers and tasks by namespace, then id.
	containers map[string][]*containers.Container
	tasks      map[string]*fakeTask
	// refusals are what is answered for an id, instead.
	refusals map[string]error
	// endsList is what a list ends with, after all containers.
	endsList error

	mu    sync.Mutex
	asked []string
}

type fakeTask struct {
	process *task.Process
	pids    int
	// hangs lets what it is asked for the pids wait for the caller.
	hangs bool
	// asked is called when it is asked for.
	asked func()
}

func newFake() *fakeContainerd {
	GinkgoHelper()
	fake := &fakeContainerd{
		socket:     filepath.Join(shortDir(), "containerd.sock"),
		containers: map[string][]*containers.Container{},
		tasks:      map[string]*fakeTask{},
		refusals:   map[string]error{},
	}
	fake.server = grpc.NewServer()
	containers.RegisterContainersServer(fake.server, fakeContainers{fake: fake})
	tasks.RegisterTasksServer(fake.server, fakeTasks{fake: fake})
	version.RegisterVersionServer(fake.server, fakeVersion{})
	serve(fake.server, fake.socket)
	return fake
}

// serve serves gRPC on a socket until the spec ends.
func serve(server *grpc.Server, socket string) {
	GinkgoHelper()
	listener, err := net.Listen("unix", socket)
	Expect(err).NotTo(HaveOccurred())
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()
	DeferCleanup(func() {
		server.Stop()
		Eventually(done).Should(Receive())
	})
}

func (f *fakeContainerd) client() *containerd.Client {
	return newClient(containerd.Config{Socket: f.socket, Namespace: "concourse", Timeout: time.Minute})
}

// has puts containers into the namespace concourse.
func (f *fakeContainerd) has(containers ...*containers.Container) {
	f.containers["concourse"] = append(f.containers["concourse"], containers...)
}

func (f *fakeContainerd) was(asked string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, asked)
}

func (f *fakeContainerd) wasAsked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func namespace(ctx context.Context) string {
	incoming, _ := metadata.FromIncomingContext(ctx)
	names := incoming.Get("containerd-namespace")
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

type fakeVersion struct {
	version.UnimplementedVersionServer
}

func (fakeVersion) Version(context.Context, *emptypb.Empty) (*version.VersionResponse, error) {
	return &version.VersionResponse{Version: "1.6.20~ds1", Revision: "1.6.20~ds1-1+deb12u3"}, nil
}

type fakeContainers struct {
	containers.UnimplementedContainersServer
	fake *fakeContainerd
}

func (c fakeContainers) Get(ctx context.Context, request *containers.GetContainerRequest) (*containers.GetContainerResponse, error) {
	c.fake.was("get " + request.ID)
	if err := c.fake.refusals[request.ID]; err != nil {
		return nil, err
	}
	for _, container := range c.fake.containers[namespace(ctx)] {
		if container.ID == request.ID {
			return &containers.GetContainerResponse{Container: container}, nil
		}
	}
	return nil, status.Errorf(codes.NotFound, "container %q in namespace %q: not found", request.ID, namespace(ctx))
}

func (c fakeContainers) ListStream(_ *containers.ListContainersRequest, stream containers.Containers_ListStreamServer) error {
	c.fake.was("list")
	for _, container := range c.fake.containers[namespace(stream.Context())] {
		if err := stream.Send(&containers.ListContainerMessage{Container: container}); err != nil {
			return err
		}
	}
	return c.fake.endsList
}

type fakeTasks struct {
	tasks.UnimplementedTasksServer
	fake *fakeContainerd
}

func (t fakeTasks) find(ctx context.Context, id string) (*fakeTask, error) {
	found := t.fake.tasks[id]
	if found == nil || namespace(ctx) != "concourse" {
		return nil, status.Errorf(codes.NotFound, "task %v not found: not found", id)
	}
	return found, nil
}

func (t fakeTasks) Get(ctx context.Context, request *tasks.GetRequest) (*tasks.GetResponse, error) {
	t.fake.was("task " + request.ContainerID)
	if err := t.fake.refusals[request.ContainerID]; err != nil {
		return nil, err
	}
	found, err := t.find(ctx, request.ContainerID)
	if err != nil {
		return nil, err
	}
	if found.asked != nil {
		found.asked()
	}
	return &tasks.GetResponse{Process: found.process}, nil
}

func (t fakeTasks) ListPids(ctx context.Context, request *tasks.ListPidsRequest) (*tasks.ListPidsResponse, error) {
	found, err := t.find(ctx, request.ContainerID)
	if err != nil {
		return nil, err
	}
	if found.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	response := &tasks.ListPidsResponse{}
	for n := range found.pids {
		response.Processes = append(response.Processes, &task.ProcessInfo{Pid: uint32(100 + n)})
	}
	return response, nil
}

// createdAt is when the containers of the fake were created.
var createdAt = time.Date(2026, 11, 20, 21, 50, 2, 123456789, time.UTC)

// container is one as Concourse makes it.
func container(id, spec string) *containers.Container {
	return &containers.Container{
		ID:        id,
		Labels:    map[string]string{"user.0": "root"},
		Runtime:   &containers.Container_Runtime{Name: "io.containerd.runc.v2"},
		Spec:      &anypb.Any{TypeUrl: "types.containerd.io/opencontainers/runtime-spec/1/Spec", Value: []byte(spec)},
		CreatedAt: timestamppb.New(createdAt),
		UpdatedAt: timestamppb.New(createdAt.Add(time.Hour)),
		Extensions: map[string]*anypb.Any{
			"other": {TypeUrl: "example.com/other", Value: []byte(`{"root":{"path":"/elsewhere"}}`)},
		},
	}
}

const spec = `{"ociVersion":"1.3.0","process":{"env":["BUILD_NAME=42"]},"root":{"path":"/volumes/live/v-root/volume"},` +
	`"mounts":[{"destination":"/tmp/build/get","type":"bind","source":"/volumes/live/v-get/volume"}]}`
