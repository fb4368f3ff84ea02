package spec

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	containersapi "github.com/containerd/containerd/api/services/containers/v1"
	namespacesapi "github.com/containerd/containerd/api/services/namespaces/v1"
	tasksapi "github.com/containerd/containerd/api/services/tasks/v1"
	versionapi "github.com/containerd/containerd/api/services/version/v1"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/emptypb"
)

// containerd is a real one with runc, on directories of its own that are laid
// out as those of a worker: run is what /run/containerd is there.
type containerd struct {
	// dir holds all that is the spec's own. No other process, mount or cgroup
	// of the machine has its name in its own.
	dir    string
	socket string
	conn   *grpc.ClientConn
	// session is nil while it does not run.
	session *gexec.Session
}

// startContainerd starts a containerd below a directory. It is gone after the
// spec, with all containers of all its namespaces.
func startContainerd(dir string) *containerd {
	GinkgoHelper()
	c := &containerd{dir: dir, socket: filepath.Join(dir, "run", "containerd.sock")}
	writeFile(fmt.Sprintf(`version = 2
root = "%[1]s/root"
state = "%[1]s/run"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "%[1]s/run/containerd.sock"
[ttrpc]
  address = "%[1]s/run/containerd.sock.ttrpc"
`, dir), dir, "containerd.toml")

	const soon = 50 * time.Millisecond
	var err error
	c.conn, err = grpc.NewClient("unix://"+c.socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: soon, MaxDelay: soon, Multiplier: 1}}))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		c.up()
		c.sweep()
		Expect(c.conn.Close()).To(Succeed())
		c.stop()
	})
	c.start()
	return c
}

// start starts it, and waits until it answers.
func (c *containerd) start() {
	GinkgoHelper()
	command := exec.Command("containerd", "--config", filepath.Join(c.dir, "containerd.toml"))
	var err error
	c.session, err = gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	ctx, cancel := c.within("")
	defer cancel()
	_, err = versionapi.NewVersionClient(c.conn).Version(ctx, &emptypb.Empty{})
	Expect(err).NotTo(HaveOccurred())
}

// hang makes it accept connections and answer nothing, until it resumes.
func (c *containerd) hang() { c.session.Signal(syscall.SIGSTOP) }

func (c *containerd) resume() { c.session.Signal(syscall.SIGCONT) }

// stop ends it; its containers go on.
func (c *containerd) stop() {
	GinkgoHelper()
	c.session.Terminate()
	Eventually(c.session).Should(gexec.Exit(0))
	c.session = nil
}

// kill lets it do nothing more; its containers go on.
func (c *containerd) kill() {
	GinkgoHelper()
	c.session.Kill()
	Eventually(c.session).Should(gexec.Exit())
	c.session = nil
}

// up makes it answer, whatever the spec did to it.
func (c *containerd) up() {
	GinkgoHelper()
	if c.session == nil || c.session.ExitCode() >= 0 {
		c.start()
	}
	c.resume()
}

// within is a context for calls about a namespace.
func (c *containerd) within(namespace string) (context.Context, context.CancelFunc) {
	ctx := metadata.AppendToOutgoingContext(context.Background(), "containerd-namespace", namespace)
	return context.WithTimeout(ctx, 30*time.Second)
}

// sweep deletes all containers of all namespaces, whatever state they are in.
func (c *containerd) sweep() {
	GinkgoHelper()
	ctx, cancel := c.within("")
	defer cancel()
	namespaces, err := namespacesapi.NewNamespacesClient(c.conn).List(ctx, &namespacesapi.ListNamespacesRequest{})
	Expect(err).NotTo(HaveOccurred())
	for _, namespace := range namespaces.Namespaces {
		ctx, cancel := c.within(namespace.Name)
		defer cancel()
		containers := containersapi.NewContainersClient(c.conn)
		all, err := containers.List(ctx, &containersapi.ListContainersRequest{})
		Expect(err).NotTo(HaveOccurred())
		for _, container := range all.Containers {
			c.endTask(namespace.Name, container.ID)
			_, err := containers.Delete(ctx, &containersapi.DeleteContainerRequest{ID: container.ID})
			Expect(err).NotTo(HaveOccurred())
		}
		tasks, err := tasksapi.NewTasksClient(c.conn).List(ctx, &tasksapi.ListTasksRequest{})
		Expect(err).NotTo(HaveOccurred())
		Expect(tasks.Tasks).To(BeEmpty())
		all, err = containers.List(ctx, &containersapi.ListContainersRequest{})
		Expect(err).NotTo(HaveOccurred())
		Expect(all.Containers).To(BeEmpty())
	}
}

// endTask ends a container's task, if it has one.
func (c *containerd) endTask(namespace, handle string) {
	GinkgoHelper()
	ctx, cancel := c.within(namespace)
	defer cancel()
	tasks := tasksapi.NewTasksClient(c.conn)
	if _, err := tasks.Get(ctx, &tasksapi.GetRequest{ContainerID: handle}); err != nil {
		return
	}
	// One that has ended fails to be killed.
	_, _ = tasks.Kill(ctx, &tasksapi.KillRequest{ContainerID: handle, Signal: uint32(syscall.SIGKILL), All: true})
	_, err := tasks.Wait(ctx, &tasksapi.WaitRequest{ContainerID: handle})
	Expect(err).NotTo(HaveOccurred())
	_, err = tasks.Delete(ctx, &tasksapi.DeleteTaskRequest{ContainerID: handle})
	Expect(err).NotTo(HaveOccurred())
}
