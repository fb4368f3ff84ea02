package leftovers_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"weeder/status/leftovers"
)

var _ = Describe("FIFO directories", func() {
	var w *worker
	BeforeEach(func() { w = newWorker("modern-1") })

	fifos := func() leftovers.Finding {
		GinkgoHelper()
		return w.found(leftovers.FIFOs)
	}

	It("that no process has open are leftovers", func() {
		first, second := w.fifos("1234", "task"), w.fifos("567", "resource")
		w.changed(filepath.Join(second, "resource-stdin"), 80*time.Minute)
		found := fifos()
		Expect(found.Status()).To(Equal(leftovers.Judged))
		Expect(found.Places).To(ConsistOf(w.path("run/containerd/fifo")))
		Expect(found.Count).To(Equal(2))
		Expect(found.Inodes).To(BeEquivalentTo(8))
		Expect(found.InodesAtLeast).To(BeFalse())
		Expect(paths(found)).To(HaveExactElements(first, second))
		Expect(found.Oldest).To(BeTemporally("~", time.Now(), time.Minute))
		Expect(found.Examples[1].Since).To(BeTemporally("~", w.clock.Now().Add(-80*time.Minute), time.Second))
	})

	It("show their oldest few", func() {
		for i := range 20 {
			dir := w.mkdir("run/containerd/fifo", fmt.Sprint(i))
			w.changed(dir, 118*time.Minute-time.Duration(i)*time.Minute)
		}
		found := fifos()
		Expect(found.Count).To(Equal(20))
		Expect(paths(found)).To(HaveExactElements(
			HaveSuffix("/0"), HaveSuffix("/1"), HaveSuffix("/2"), HaveSuffix("/3"), HaveSuffix("/4")))
	})

	DescribeTable("are none where they are in use:", func(use func()) {
		w.fifos("1234", "task")
		idle := w.fifos("567", "task")
		use()
		Expect(paths(fifos())).To(HaveExactElements(idle))
	},
		Entry("a process has one open", func() {
			w.process("77", "containerd-shim", w.path("run/containerd/fifo/1234/task-stdout"))
		}),
		Entry("a process of another mount namespace has one open", func() {
			w.process("77", "concourse", "/elsewhere/fifo/1234/task-stdin")
		}),
		Entry("one was written to lately", func() {
			w.changed(w.path("run/containerd/fifo/1234/task-stderr"), 59*time.Minute)
		}),
		Entry("the directory is young", func() {
			w.changed(w.path("run/containerd/fifo/1234"), 59*time.Minute)
		}),
		Entry("they are of a container", func() {
			Expect(unix.Mkfifo(w.path("run/containerd/fifo/1234/modern-1-stdout"), 0o700)).To(Succeed())
		}),
		Entry("they are of a container of another namespace", func() {
			w.mkdir("run/containerd/io.containerd.runtime.v2.task/moby/other")
			Expect(unix.Mkfifo(w.path("run/containerd/fifo/1234/other-stdout"), 0o700)).To(Succeed())
		}),
	)

	It("of a container of Concourse's that Garden does not list are leftovers, though its bundle is there", func() {
		w.mkdir("run/containerd/io.containerd.runtime.v2.task/concourse/gone")
		dir := w.fifos("1234", "gone")
		Expect(paths(fifos())).To(HaveExactElements(dir))
	})

	It("may be empty, or hold what is no FIFO", func() {
		empty := w.mkdir("run/containerd/fifo/1")
		w.write("", "run/containerd/fifo/2/file")
		w.write("", "run/containerd/fifo/no-directory")
		found := fifos()
		Expect(found.Count).To(Equal(2))
		Expect(found.Inodes).To(BeEquivalentTo(3))
		Expect(paths(found)).To(ContainElement(empty))
	})

	It("are young for an hour", func() {
		dir := w.fifos("1234", "task")
		w.clock.Increment(-time.Hour - 5*time.Minute)
		Expect(fifos().Count).To(BeZero())
		w.clock.Increment(5 * time.Minute)
		Expect(fifos().Count).To(BeZero())
		w.clock.Increment(5 * time.Minute)
		Expect(paths(fifos())).To(HaveExactElements(dir))
	})

	It("are not disturbed", func() {
		dir := w.fifos("1234", "task")
		opened := make(chan error, 1)
		path := filepath.Join(dir, "task-stdout")
		go func() {
			// This waits until somebody opens the other end.
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			opened <- errors.Join(err, file.Close())
		}()
		DeferCleanup(func() {
			file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
			Expect(err).NotTo(HaveOccurred())
			Eventually(opened).Should(Receive(BeNil()))
			Expect(file.Close()).To(Succeed())
		})

		Expect(fifos().Count).To(Equal(1))
		Consistently(opened).WithTimeout(100 * time.Millisecond).ShouldNot(Receive())
		Expect(dir).To(BeADirectory())
	})

	It("that a real process has open are none until it has ended", func() {
		held, idle := w.fifos("1234", "task"), w.fifos("567", "task")
		pid, release := hold("holder", filepath.Join(held, "task-stdout"))
		w.link(filepath.Join("/proc", pid), "proc", pid)
		Expect(fifos().Problems).To(BeEmpty())
		Expect(paths(fifos())).To(HaveExactElements(idle))
		release()
		Expect(paths(fifos())).To(ConsistOf(held, idle))
	})

	It("are known by all processes that really run", func() {
		w.realProcesses()
		held, idle := w.fifos("1234", "task"), w.fifos("567", "task")
		// So called, it shows in a PID namespace of its own that the worker's
		// processes are there.
		hold("containerd", filepath.Join(held, "task-stdout"))
		found := fifos()
		if _, err := os.Readlink("/proc/1/fd/0"); errors.Is(err, fs.ErrPermission) {
			Expect(found.Status()).To(Equal(leftovers.NotJudged))
			Expect(found.Problems).To(ConsistOf(HaveSuffix("permission denied (it takes root with CAP_SYS_PTRACE)")))
			Skip("what others' processes have open is not to be told here")
		}
		Expect(found.Problems).To(BeEmpty())
		Expect(paths(found)).To(HaveExactElements(idle))
	})

	It("are counted in their thousands", func() {
		for i := range 2000 {
			w.fifos(fmt.Sprint(i), "task")
		}
		w.process("77", "concourse", w.path("run/containerd/fifo/1999/task-stdout"))
		w.MaxEntries = 10
		found := fifos()
		Expect(found.Count).To(Equal(1999))
		Expect(found.Inodes).To(BeEquivalentTo(4 * 1999))
		Expect(found.InodesAtLeast).To(BeFalse())
	})

	DescribeTable("are not judged", func(problem string, spoil func()) {
		w.fifos("1234", "task")
		spoil()
		found := fifos()
		Expect(found.Status()).To(Equal(leftovers.NotJudged))
		Expect(found.Count).To(BeZero())
		Expect(found.Problems).To(ConsistOf(ContainSubstring(problem)))
	},
		Entry("where the containers are not known", "which containers there are is not known: garden is down", func() {
			w.HandlesErr = errors.New("garden is down")
		}),
		Entry("where a process's open files can't be read", "/proc/77/fd", func() {
			w.process("77", "containerd")
			Expect(os.RemoveAll(w.path("proc/77/fd"))).To(Succeed())
			w.write("", "proc/77/fd")
		}),
		Entry("where processes are hidden", "does not show all (it takes root", func() {
			Expect(os.Rename(w.path("proc/1"), w.path("proc/2"))).To(Succeed())
		}),
		Entry("in a PID namespace where the worker does not run", "PID namespace of its own, pid:[4026532999]", func() {
			Expect(os.Remove(w.path("proc/self/ns/pid"))).To(Succeed())
			w.link("pid:[4026532999]", "proc/self/ns/pid")
		}),
		Entry("where nobody tells what is mounted", "tell what is mounted", func() {
			Expect(os.Remove(w.path("proc/self/mountinfo"))).To(Succeed())
		}),
		Entry("where what is mounted can't be understood", `malformed line "nonsense"`, func() {
			w.write("nonsense", "proc/self/mountinfo")
		}),
		Entry("where their place is no directory", "not a directory", func() {
			Expect(os.RemoveAll(w.path("run/containerd"))).To(Succeed())
			w.write("", "run/containerd/fifo")
		}),
	)

	It("are judged in a PID namespace where the worker runs", func() {
		w.fifos("1234", "task")
		Expect(os.Remove(w.path("proc/self/ns/pid"))).To(Succeed())
		w.link("pid:[4026532999]", "proc/self/ns/pid")
		w.process("77", "concourse")
		Expect(fifos().Count).To(Equal(1))
	})

	It("need no container to be known where there are none", func() {
		w.mkdir("run/containerd/fifo")
		w.HandlesErr = errors.New("garden is down")
		Expect(fifos().Status()).To(Equal(leftovers.Judged))
	})

	It("are absent where containerd is", func() {
		Expect(fifos().Status()).To(Equal(leftovers.Absent))
	})

	It("are no more looked at than the context allows", func() {
		w.fifos("1234", "task")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := leftovers.Scan(ctx, w.Config)
		Expect(err).To(MatchError(context.Canceled))
	})
})
