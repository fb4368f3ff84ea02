package spec

import (
	"os"
	"os/exec"
	"path/filepath"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client"
	"code.cloudfoundry.org/garden/client/connection"
	tasksapi "github.com/containerd/containerd/api/services/tasks/v1"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// theirs is Concourse's namespace of containerd.
const theirs = "concourse"

// containerdWorker is a worker of today: containers of a real containerd, with
// volumes of a real baggageclaim, behind a Garden API.
type containerdWorker struct {
	*gardend
	volumes *baggageclaim
}

// gardend is a Garden server over a namespace of a containerd, which is what
// start, stop, kill, hang and resume act on.
type gardend struct {
	*containerd
	namespace string
	// target is its socket.
	target string
	client garden.Client
}

// containerdWorkerOf is a worker of today, for weeder and for the spec. It has
// no container and no volume yet, and is gone after the spec; nothing that
// bears its name may be left on the machine then.
func containerdWorkerOf(of release) (*worker, *containerdWorker) {
	GinkgoHelper()
	needContainers()
	dir := ownDir()
	volumes := filepath.Join(dir, "volumes")
	Expect(os.Mkdir(volumes, 0o755)).To(Succeed())
	b := startBaggageclaim(of, volumes)
	g := startContainerd(dir).garden(theirs)
	w := &worker{
		Target:       "unix://" + g.target,
		Baggageclaim: b.address,
		Containerd:   g.socket,
		Dir:          dir,
		Volumes:      b.volumes,
		Journal:      filepath.Join(GinkgoT().TempDir(), "journal"),
	}
	return w, &containerdWorker{gardend: g, volumes: b}
}

// garden starts a Garden server over a namespace, which is gone after the spec.
func (c *containerd) garden(namespace string) *gardend {
	GinkgoHelper()
	g := &gardend{containerd: c, namespace: namespace, target: filepath.Join(c.dir, namespace+".sock")}
	g.client = client.New(connection.New("unix", g.target))
	command := exec.Command(built.Gardend,
		"--listen", g.target,
		"--containerd", c.socket,
		"--namespace", namespace,
		"--init", built.Init,
		"--runc-root", filepath.Join(c.dir, "run", "runc"),
		"--fifo-dir", filepath.Join(c.dir, "run", "fifo"),
		"--cgroup-prefix", filepath.Base(c.dir)+"-")
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		// It waits for calls under way, and these for containerd.
		c.up()
		session.Terminate()
		Eventually(session).Should(gexec.Exit(0))
	})
	Eventually(g.client.Ping).Should(Succeed())
	return g
}

// at mounts a volume into a container.
func (w *containerdWorker) at(volume, destination string) garden.BindMount {
	return bind(w.volumes.file(volume, "volume"), destination)
}

// bind mounts a file or directory of the machine into a container.
func bind(source, destination string) garden.BindMount {
	return garden.BindMount{SrcPath: source, DstPath: destination, Mode: garden.BindMountModeRW}
}

// run makes a container whose root is a volume, and which runs.
func (w *containerdWorker) run(handle, root string, binds ...garden.BindMount) {
	GinkgoHelper()
	Expect(w.create(handle, w.volumes.file(root, "volume"), binds...)).To(Succeed())
}

// healthy makes two volumes, <handle>-root and <handle>-get, and a container
// with the first as its root and the second at /tmp/build/get.
func (w *containerdWorker) healthy(handle string) {
	GinkgoHelper()
	w.volumes.empty(handle+"-root", 0)
	w.volumes.empty(handle+"-get", 0)
	w.run(handle, handle+"-root", w.at(handle+"-get", "/tmp/build/get"))
}

// orphan makes what healthy makes, and has baggageclaim destroy the root volume
// under the running container.
func (w *containerdWorker) orphan(handle string) {
	GinkgoHelper()
	w.healthy(handle)
	w.volumes.destroy(handle + "-root")
	Eventually(w.volumes.file(handle + "-root")).ShouldNot(BeADirectory())
}

// create makes a container with a directory for its root. Where its task does
// not start, as when there is no such directory, that is an error and the
// container stays without one.
func (g *gardend) create(handle, root string, binds ...garden.BindMount) error {
	_, err := g.client.Create(garden.ContainerSpec{
		Handle:     handle,
		RootFSPath: "raw://" + root,
		BindMounts: binds,
		Properties: garden.Properties{"user": "root"},
	})
	return err
}

// busy runs a process in a container, until it is signalled.
func (g *gardend) busy(handle string) {
	GinkgoHelper()
	container, err := g.client.Lookup(handle)
	Expect(err).NotTo(HaveOccurred())
	_, err = container.Run(garden.ProcessSpec{Path: "/tmp/gdn-init"}, garden.ProcessIO{})
	Expect(err).NotTo(HaveOccurred())
}

// loseTask takes a container's task away, as a restart of the machine does.
func (g *gardend) loseTask(handle string) {
	GinkgoHelper()
	g.endTask(g.namespace, handle)
	Expect(g.tasks()).NotTo(HaveKey(handle))
}

// handles are all that Garden lists.
func (g *gardend) handles() []string {
	GinkgoHelper()
	containers, err := g.client.Containers(nil)
	Expect(err).NotTo(HaveOccurred())
	handles := []string{}
	for _, container := range containers {
		handles = append(handles, container.Handle())
	}
	return handles
}

// tasks are how many processes the namespace's tasks have, by their container.
func (g *gardend) tasks() map[string]int {
	GinkgoHelper()
	ctx, cancel := g.within(g.namespace)
	defer cancel()
	client := tasksapi.NewTasksClient(g.conn)
	listed, err := client.List(ctx, &tasksapi.ListTasksRequest{})
	Expect(err).NotTo(HaveOccurred())
	tasks := map[string]int{}
	for _, task := range listed.Tasks {
		answer, err := client.ListPids(ctx, &tasksapi.ListPidsRequest{ContainerID: task.ID})
		Expect(err).NotTo(HaveOccurred())
		tasks[task.ID] = len(answer.Processes)
	}
	return tasks
}

// left is what is there of a container of the namespace; see traces. A shim
// ends a moment after its container is destroyed.
func (g *gardend) left(handle string) []string {
	GinkgoHelper()
	return g.traces(g.namespace, handle)
}
