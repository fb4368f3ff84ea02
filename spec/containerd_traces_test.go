package spec

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	containersapi "github.com/containerd/containerd/api/services/containers/v1"
	tasksapi "github.com/containerd/containerd/api/services/tasks/v1"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// ownDir is a directory for all that is a spec's own: short, for sockets are in
// it, whose paths have at most 107 bytes. When everything else of the spec is
// cleaned up, nothing that bears its name is left.
func ownDir() string {
	GinkgoHelper()
	dir, err := os.MkdirTemp("", "wc")
	Expect(err).NotTo(HaveOccurred())
	Expect(os.Chmod(dir, 0o755)).To(Succeed())
	DeferCleanup(func() {
		Eventually(func() []string { return remains(filepath.Base(dir)) }).Should(BeEmpty(), "nothing is left of the worker")
		Expect(os.RemoveAll(dir)).To(Succeed())
	})
	return dir
}

// remains are the processes, mounts and cgroups of this machine that have a
// name in theirs.
func remains(name string) []string {
	GinkgoHelper()
	left := []string{}
	for _, process := range processes() {
		if strings.Contains(process.command, name) || strings.Contains(process.cgroups, name) {
			left = append(left, "process: "+process.command)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	Expect(err).NotTo(HaveOccurred())
	for mount := range strings.Lines(string(mounts)) {
		if strings.Contains(mount, name) {
			left = append(left, "mount: "+mount)
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup/" + name + "*", "/sys/fs/cgroup/*/" + name + "*"} {
		cgroups, err := filepath.Glob(pattern)
		Expect(err).NotTo(HaveOccurred())
		left = append(left, cgroups...)
	}
	return left
}

type process struct{ pid, command, cgroups string }

// processes are those of this machine.
func processes() []process {
	GinkgoHelper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	Expect(err).NotTo(HaveOccurred())
	processes := []process{}
	for _, dir := range dirs {
		// Processes come and go.
		command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		cgroups, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		processes = append(processes, process{
			pid:     filepath.Base(dir),
			command: string(bytes.ReplaceAll(bytes.TrimRight(command, "\x00"), []byte{0}, []byte(" "))),
			cgroups: string(cgroups),
		})
	}
	return processes
}

// traces are what is there of a container: its record, task, shim, processes,
// bundle, runc's state, mounts and cgroups.
func (c *containerd) traces(namespace, handle string) []string {
	GinkgoHelper()
	ctx, cancel := c.within(namespace)
	defer cancel()
	traces := []string{}
	if _, err := containersapi.NewContainersClient(c.conn).Get(ctx, &containersapi.GetContainerRequest{ID: handle}); err == nil {
		traces = append(traces, "container")
	}
	if task, err := tasksapi.NewTasksClient(c.conn).Get(ctx, &tasksapi.GetRequest{ContainerID: handle}); err == nil {
		traces = append(traces, "task: "+task.Process.Status.String())
	}
	cgroup := "/" + filepath.Base(c.dir) + "-" + handle
	shim := fmt.Sprintf("-namespace %s -id %s -address %s", namespace, handle, c.socket)
	for _, process := range processes() {
		if strings.Contains(process.command, shim) {
			traces = append(traces, "shim")
		}
		if strings.Contains(process.cgroups, cgroup+"\n") {
			traces = append(traces, "process: "+process.command)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	Expect(err).NotTo(HaveOccurred())
	for _, place := range []string{"run", "root"} {
		bundle := filepath.Join(c.dir, place, "io.containerd.runtime.v2.task", namespace, handle)
		if strings.Contains(string(mounts), " "+bundle+"/") {
			traces = append(traces, "mount in "+bundle)
		}
		traces = append(traces, existing(bundle)...)
	}
	traces = append(traces, existing(filepath.Join(c.dir, "run", "runc", namespace, handle))...)
	traces = append(traces, existing("/sys/fs/cgroup"+cgroup)...)
	traces = append(traces, existing("/sys/fs/cgroup/*"+cgroup)...)
	return traces
}

// existing are the files with names like a pattern.
func existing(pattern string) []string {
	GinkgoHelper()
	files, err := filepath.Glob(pattern)
	Expect(err).NotTo(HaveOccurred())
	return files
}
