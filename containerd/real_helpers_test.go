package containerd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/containerd/containerd/api/services/containers/v1"
	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/runc/options"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/anypb"

	"weeder/containerd"
	"weeder/spec/leftout"
)

const (
	specURL    = "types.containerd.io/opencontainers/runtime-spec/1/Spec"
	processURL = "types.containerd.io/opencontainers/runtime-spec/1/Process"
	optionsURL = "containerd.runc.v1.Options"
)

// leaveOut skips a spec, and says loudly what is not shown then. In continuous
// integration nothing is left out.
func leaveOut(why string) {
	GinkgoHelper()
	leftout.Skip("all that is shown against a real containerd with runc, for " + why)
}

// buildIdle builds what runs in the containers, once.
var buildIdle = sync.OnceValues(func() (string, error) {
	return gexec.BuildWithEnvironment("./testdata/idle", []string{"CGO_ENABLED=0"}, "-trimpath", "-buildvcs=false")
})

var _ = SynchronizedAfterSuite(func() {}, gexec.CleanupBuildArtifacts)

// realContainerd is a containerd with runc, on directories of its own.
type realContainerd struct {
	dir, socket string
	// command is nil while it does not run.
	command *exec.Cmd
	conn    *grpc.ClientConn
	made    []made
}

// made is a container that was made.
type made struct {
	namespace, id string
}

// startContainerd starts a containerd, and takes it and all its containers down
// when the spec ends.
func startContainerd() *realContainerd {
	GinkgoHelper()
	if os.Geteuid() != 0 {
		leaveOut("only root can run it")
	}
	for _, program := range []string{"containerd", "containerd-shim-runc-v2", "runc"} {
		if _, err := exec.LookPath(program); err != nil {
			leaveOut(fmt.Sprintf("%v: apt-get install containerd runc", err))
		}
	}

	dir := shortDir()
	real := &realContainerd{dir: dir, socket: filepath.Join(dir, "c.sock")}
	Expect(os.WriteFile(filepath.Join(dir, "config.toml"), fmt.Appendf(nil, `version = 2
root = "%[1]s/root"
state = "%[1]s/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "%[1]s/c.sock"
[ttrpc]
  address = "%[1]s/t.sock"
`, dir), 0o600)).To(Succeed())

	var err error
	real.conn, err = grpc.NewClient("unix://"+real.socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 50 * time.Millisecond, MaxDelay: 50 * time.Millisecond, Multiplier: 1}}))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(real.end)
	real.start()
	DeferCleanup(real.deleteAll)
	return real
}

func (r *realContainerd) start() {
	GinkgoHelper()
	command := exec.Command("containerd", "--config", filepath.Join(r.dir, "config.toml"))
	command.Stdout, command.Stderr = GinkgoWriter, GinkgoWriter
	Expect(command.Start()).To(Succeed())
	r.command = command
	client := containerd.New(containerd.Config{Socket: r.socket, Namespace: "concourse"})
	defer client.Close()
	Eventually(func() error {
		_, err := client.Version(context.Background())
		return err
	}).Should(Succeed())
}

func (r *realContainerd) signal(signal os.Signal) {
	GinkgoHelper()
	Expect(r.command.Process.Signal(signal)).To(Succeed())
}

// hang stops a process until it is told to go on, or the spec ends.
func hang(pid int) {
	GinkgoHelper()
	Expect(syscall.Kill(pid, syscall.SIGSTOP)).To(Succeed())
	DeferCleanup(syscall.Kill, pid, syscall.SIGCONT)
	Eventually(func(g Gomega) {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		g.Expect(err).NotTo(HaveOccurred())
		for _, thread := range threads {
			g.Expect(os.ReadFile(thread)).To(ContainSubstring("State:\tT"))
		}
	}).Should(Succeed())
}

// kill lets containerd no time to do anything; its shims go on.
func (r *realContainerd) kill() {
	GinkgoHelper()
	r.signal(syscall.SIGKILL)
	r.command.Wait()
	r.command = nil
}

// deleteAll deletes all containers, as who made them would.
func (r *realContainerd) deleteAll() {
	if r.command == nil {
		r.start()
	}
	for _, made := range r.made {
		ctx, cancel := r.within(made.namespace)
		defer cancel()
		r.endTask(ctx, made.id)
		_, err := containers.NewContainersClient(r.conn).Delete(ctx, &containers.DeleteContainerRequest{ID: made.id})
		Expect(err).NotTo(HaveOccurred())
	}
}

// end ends containerd, and sees that nothing is left of it and its containers.
func (r *realContainerd) end() {
	Expect(r.conn.Close()).To(Succeed())
	if r.command != nil {
		r.signal(syscall.SIGTERM)
		Expect(r.command.Wait()).To(Succeed())
	}

	Eventually(r.shims).Should(BeEmpty())
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	Expect(err).NotTo(HaveOccurred())
	Expect(string(mounts)).NotTo(ContainSubstring(r.dir))
}

func (r *realContainerd) endTask(ctx context.Context, id string) {
	GinkgoHelper()
	client := tasks.NewTasksClient(r.conn)
	if _, err := client.Get(ctx, &tasks.GetRequest{ContainerID: id}); err != nil {
		return
	}
	// A paused one hears nothing, and one that has stopped fails to be killed.
	client.Resume(ctx, &tasks.ResumeTaskRequest{ContainerID: id})
	client.Kill(ctx, &tasks.KillRequest{ContainerID: id, Signal: uint32(syscall.SIGKILL), All: true})
	_, err := client.Wait(ctx, &tasks.WaitRequest{ContainerID: id})
	Expect(err).NotTo(HaveOccurred())
	_, err = client.Delete(ctx, &tasks.DeleteTaskRequest{ContainerID: id})
	Expect(err).NotTo(HaveOccurred())
}

// shims are the process IDs of containerd's shims, by their container.
func (r *realContainerd) shims() map[string]int {
	GinkgoHelper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	Expect(err).NotTo(HaveOccurred())
	shims := map[string]int{}
	for _, process := range processes {
		// Processes come and go.
		cmdline, _ := os.ReadFile(process)
		args := strings.Split(string(bytes.TrimRight(cmdline, "\x00")), "\x00")
		if !strings.HasSuffix(args[0], "containerd-shim-runc-v2") || !strings.Contains(string(cmdline), r.socket) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(process)))
		Expect(err).NotTo(HaveOccurred())
		for n, arg := range args[:len(args)-1] {
			if arg == "-id" {
				shims[args[n+1]] = pid
			}
		}
	}
	return shims
}

// within is a context for calls about a namespace.
func (r *realContainerd) within(namespace string) (context.Context, context.CancelFunc) {
	ctx := metadata.AppendToOutgoingContext(context.Background(), "containerd-namespace", namespace)
	return context.WithTimeout(ctx, 30*time.Second)
}

func (r *realContainerd) client(timeout time.Duration) *containerd.Client {
	return newClient(containerd.Config{Socket: r.socket, Namespace: "concourse", Timeout: timeout})
}

// volume is the data directory of a volume.
func (r *realContainerd) volume(handle string) string {
	return filepath.Join(r.dir, "volumes", "live", handle, "volume")
}

// ociSpec is one for a container with a volume as its root and another mounted.
func (r *realContainerd) ociSpec(id string) []byte {
	GinkgoHelper()
	// Not every machine gives its root all capabilities.
	capabilities := []string{"CAP_KILL"}
	spec, err := json.Marshal(map[string]any{
		"ociVersion": "1.0.2",
		"process": map[string]any{
			"user": map[string]int{"uid": 0, "gid": 0}, "args": []string{"/bin/idle"}, "cwd": "/",
			"capabilities": map[string]any{"bounding": capabilities, "effective": capabilities, "permitted": capabilities},
		},
		"root":     map[string]string{"path": r.volume(id + "-root")},
		"hostname": id,
		"mounts": []map[string]any{
			{"destination": "/proc", "type": "proc", "source": "proc"},
			{"destination": "/data", "type": "bind", "source": r.volume(id + "-data"), "options": []string{"rbind", "rw"}},
		},
		"linux": map[string]any{
			"cgroupsPath": "/" + filepath.Base(r.dir) + "-" + id,
			"namespaces":  []map[string]string{{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network"}},
		},
	})
	Expect(err).NotTo(HaveOccurred())
	return spec
}

// create makes a container without a task.
func (r *realContainerd) create(namespace, id string, spec []byte, labels map[string]string) {
	GinkgoHelper()
	runc, err := anypb.New(&options.Options{Root: filepath.Join(r.dir, "runc")})
	Expect(err).NotTo(HaveOccurred())
	runc.TypeUrl = optionsURL
	ctx, cancel := r.within(namespace)
	defer cancel()
	_, err = containers.NewContainersClient(r.conn).Create(ctx, &containers.CreateContainerRequest{Container: &containers.Container{
		ID:      id,
		Labels:  labels,
		Runtime: &containers.Container_Runtime{Name: "io.containerd.runc.v2", Options: runc},
		Spec:    &anypb.Any{TypeUrl: specURL, Value: spec},
	}})
	Expect(err).NotTo(HaveOccurred())
	r.made = append(r.made, made{namespace: namespace, id: id})
}

// createTask makes a container with a task that is not started, and its volumes.
func (r *realContainerd) createTask(namespace, id string) {
	GinkgoHelper()
	idle, err := buildIdle()
	Expect(err).NotTo(HaveOccurred())
	root := r.volume(id + "-root")
	for _, dir := range []string{filepath.Join(root, "bin"), filepath.Join(root, "proc"), filepath.Join(root, "data"), r.volume(id + "-data")} {
		Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
	}
	binary, err := os.ReadFile(idle)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(filepath.Join(root, "bin", "idle"), binary, 0o755)).To(Succeed())

	r.create(namespace, id, r.ociSpec(id), map[string]string{"user.0": "root"})
	ctx, cancel := r.within(namespace)
	defer cancel()
	if _, err := tasks.NewTasksClient(r.conn).Create(ctx, &tasks.CreateTaskRequest{ContainerID: id}); err != nil {
		leaveOut("no container can be run here: " + err.Error())
	}
}

// run makes a container whose task runs.
func (r *realContainerd) run(namespace, id string) {
	GinkgoHelper()
	r.createTask(namespace, id)
	ctx, cancel := r.within(namespace)
	defer cancel()
	_, err := tasks.NewTasksClient(r.conn).Start(ctx, &tasks.StartRequest{ContainerID: id})
	Expect(err).NotTo(HaveOccurred())
}

// exec runs another process in a container of the namespace concourse.
func (r *realContainerd) exec(id, execID string) {
	GinkgoHelper()
	ctx, cancel := r.within("concourse")
	defer cancel()
	_, err := tasks.NewTasksClient(r.conn).Exec(ctx, &tasks.ExecProcessRequest{
		ContainerID: id,
		ExecID:      execID,
		Spec:        &anypb.Any{TypeUrl: processURL, Value: []byte(`{"args":["/bin/idle"],"cwd":"/","user":{"uid":0,"gid":0}}`)},
	})
	Expect(err).NotTo(HaveOccurred())
	_, err = tasks.NewTasksClient(r.conn).Start(ctx, &tasks.StartRequest{ContainerID: id, ExecID: execID})
	Expect(err).NotTo(HaveOccurred())
}
