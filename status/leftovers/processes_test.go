package leftovers_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"weeder/status/leftovers"
)

var _ = Describe("shims", func() {
	var w *worker
	BeforeEach(func() {
		w = newWorker("modern-1")
		w.mkdir("run/containerd")
	})

	// shim puts a shim's process into /proc.
	shim := func(pid string, arguments ...string) {
		GinkgoHelper()
		w.process(pid, "containerd-shim")
		w.write(strings.Join(append([]string{"/usr/bin/containerd-shim-runc-v2"}, arguments...), "\x00")+"\x00", "proc", pid, "cmdline")
	}
	shims := func() leftovers.Finding {
		GinkgoHelper()
		return w.found(leftovers.Shims)
	}

	It("are leftovers without a container", func() {
		shim("70", "-namespace", "concourse", "-id", "modern-1", "-address", "/run/containerd/containerd.sock")
		shim("71", "-namespace", "concourse", "-id", "gone", "-address", "/run/containerd/containerd.sock")
		shim("72", "--namespace=concourse", "--id=gone-too")
		shim("73", "-namespace", "moby", "-id", "other")
		shim("74", "-version")
		w.process("75", "bash")
		found := shims()
		Expect(found.Status()).To(Equal(leftovers.Judged))
		Expect(paths(found)).To(HaveExactElements(w.path("proc/71"), w.path("proc/72")))
		Expect(found.Inodes).To(BeZero())
		Expect(found.Examples[0].Note).To(Equal("of gone"))
		Expect(found.Oldest).To(BeTemporally("~", w.clock.Now().Add(-9*time.Hour), time.Second))
	})

	It("are none while they are young", func() {
		shim("71", "-namespace", "concourse", "-id", "gone")
		w.started("71", "containerd-shim", "S", (9*60+1)*60*100)
		Expect(shims().Count).To(BeZero())
		w.started("71", "a) shim (b", "S", (9*60-1)*60*100)
		Expect(shims().Oldest).To(BeTemporally("~", w.clock.Now().Add(-61*time.Minute), time.Second))
	})

	It("are none when they have ended", func() {
		shim("71", "-namespace", "concourse", "-id", "gone")
		w.started("71", "containerd-shim", "Z", 360000)
		shim("72", "-namespace", "concourse", "-id", "gone")
		Expect(os.Remove(w.path("proc/72/cmdline"))).To(Succeed())
		shim("73", "-namespace", "concourse", "-id", "gone")
		Expect(os.Remove(w.path("proc/73/comm"))).To(Succeed())
		found := shims()
		Expect(found.Status()).To(Equal(leftovers.Judged))
		Expect(found.Count).To(BeZero())
	})

	DescribeTable("are judged in part where the age of one is not known:", func(content, file string) {
		shim("71", "-namespace", "concourse", "-id", "gone")
		w.write(content, "proc", file)
		found := shims()
		Expect(found.Status()).To(Equal(leftovers.Partly))
		Expect(found.Count).To(BeZero())
		Expect(found.Problems).To(ConsistOf(HavePrefix("shim 71: ")))
	},
		Entry("its stat is short", "71 (containerd-shim) S 1", "71/stat"),
		Entry("its stat has no number", "71 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 soon", "71/stat"),
		Entry("the uptime is none", "long", "uptime"),
	)

	It("are not judged where the containers are not known, unless there are none", func() {
		w.HandlesErr = errors.New("garden is down")
		Expect(shims().Status()).To(Equal(leftovers.Judged))
		shim("71", "-namespace", "concourse", "-id", "gone")
		Expect(shims().Status()).To(Equal(leftovers.NotJudged))
	})

	It("are not judged where processes are hidden", func() {
		Expect(os.RemoveAll(w.path("proc/1"))).To(Succeed())
		Expect(shims().Status()).To(Equal(leftovers.NotJudged))
	})

	It("are absent where containerd is", func() {
		Expect(os.Remove(w.path("run/containerd"))).To(Succeed())
		Expect(shims().Status()).To(Equal(leftovers.Absent))
	})
})

var _ = Describe("named network namespaces", func() {
	var w *worker
	BeforeEach(func() {
		w = newWorker("old-1")
		w.write("", "run/netns/old-1")
		w.write("", "run/netns/gone")
	})

	namespaces := func() leftovers.Finding {
		GinkgoHelper()
		return w.found(leftovers.NetworkNamespaces)
	}
	// inode is that of a name's namespace, as a link in /proc has it.
	inode := func(name string) string {
		GinkgoHelper()
		var stat unix.Stat_t
		Expect(unix.Stat(w.path("run/netns", name), &stat)).To(Succeed())
		return fmt.Sprintf("net:[%d]", stat.Ino)
	}

	It("are leftovers without a container or a process", func() {
		w.mounted("nsfs", w.path("run/netns/gone"), w.path("run/netns/old-1"))
		found := namespaces()
		Expect(found.Status()).To(Equal(leftovers.Judged))
		Expect(paths(found)).To(HaveExactElements(w.path("run/netns/gone")))
		Expect(found.Inodes).To(BeEquivalentTo(1))
	})

	It("are looked for once, where /var/run is /run", func() {
		w.link("../run", "var/run")
		Expect(namespaces().Count).To(Equal(1))
	})

	It("are looked for in /var/run, where that is another directory", func() {
		w.write("", "var/run/netns/gone-too")
		Expect(namespaces().Count).To(Equal(2))
	})

	It("are another program's when a process is in one", func() {
		w.process("77", "other")
		Expect(os.Remove(w.path("proc/77/ns/net"))).To(Succeed())
		w.link(inode("gone"), "proc/77/ns/net")
		Expect(namespaces().Count).To(BeZero())
	})

	It("are another program's when a process has one open", func() {
		w.process("77", "other", inode("gone"))
		Expect(namespaces().Count).To(BeZero())
	})

	It("are not judged from another mount namespace", func() {
		Expect(os.Remove(w.path("proc/self/ns/mnt"))).To(Succeed())
		w.link("mnt:[4026533000]", "proc/self/ns/mnt")
		found := namespaces()
		Expect(found.Status()).To(Equal(leftovers.NotJudged))
		Expect(found.Problems).To(ConsistOf(ContainSubstring("another mount namespace, mnt:[4026533000]")))
	})

	It("are not judged where something else is mounted", func() {
		w.mounted("fuse.hangs", w.path("run/netns/gone"))
		found := namespaces()
		Expect(found.Count).To(BeZero())
		Expect(found.Status()).To(Equal(leftovers.Partly))
	})

	It("are not judged where the containers are not known", func() {
		w.HandlesErr = errors.New("garden is down")
		Expect(namespaces().Status()).To(Equal(leftovers.NotJudged))
	})

	It("are real ones, too", func() {
		asRoot("network namespaces")
		path := w.path("run/netns/gone")
		keep, leave := make(chan error), make(chan struct{})
		go func() {
			// Never unlocked, so that the thread ends, and its namespace with it.
			runtime.LockOSThread()
			err := unix.Unshare(unix.CLONE_NEWNET)
			if err == nil {
				err = unix.Mount(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), path, "", unix.MS_BIND, "")
			}
			keep <- err
			<-leave
		}()
		err := <-keep
		close(leave)
		if err != nil {
			Skip("no network namespace can be kept here: " + err.Error())
		}
		DeferCleanup(unix.Unmount, path, unix.MNT_DETACH)
		mountinfo, err := os.ReadFile("/proc/self/mountinfo")
		Expect(err).NotTo(HaveOccurred())
		w.write(string(mountinfo), "proc/self/mountinfo")

		Expect(paths(namespaces())).To(HaveExactElements(path))
		w.process("77", "other", inode("gone"))
		Expect(namespaces().Count).To(BeZero())
	})

	It("are absent where nobody names any", func() {
		Expect(os.RemoveAll(w.path("run/netns"))).To(Succeed())
		Expect(namespaces().Status()).To(Equal(leftovers.Absent))
	})
})

var _ = Describe("runc's states", func() {
	var w *worker
	BeforeEach(func() {
		w = newWorker("known")
		w.Depot = w.mkdir("depot")
		w.process("77", "init")
	})

	// state makes one, whose init is a process that started then.
	state := func(root, id string, pid, start int, bundle string) string {
		GinkgoHelper()
		w.write(fmt.Sprintf(`{"id":%q,"init_process_pid":%d,"init_process_start":%d,"config":{"labels":["k=v","bundle=%s"]}}`,
			id, pid, start, bundle), root, id, "state.json")
		return w.path(root, id)
	}
	states := func() leftovers.Finding {
		GinkgoHelper()
		return w.found(leftovers.RuncStates)
	}

	It("of containerd's are leftovers without a container", func() {
		const root = "run/containerd/runc/concourse"
		state(root, "known", 77, 360000, "/bundle")
		running := state(root, "gone", 77, 360000, "/bundle")
		ended := state(root, "gone-too", 78, 360000, "/bundle")
		torn := w.mkdir(root, "torn")
		w.write("{", root, "torn/state.json")
		state("run/containerd/runc/moby", "other", 78, 1, "/bundle")
		found := states()
		Expect(found.Status()).To(Equal(leftovers.Judged))
		Expect(paths(found)).To(ConsistOf(running, ended, torn))
		Expect(found.Inodes).To(BeEquivalentTo(6))
		for _, example := range found.Examples {
			if example.Path == running {
				Expect(example.Note).To(Equal("its init, 77, still runs"))
			} else {
				Expect(example.Note).To(BeEmpty())
			}
		}
	})

	Context("where others' may lie", func() {
		const root = "run/runc"

		DescribeTable("are leftovers", func(pid, start int, bundle string) {
			path := state(root, "gone", pid, start, strings.ReplaceAll(bundle, "DEPOT", w.Depot))
			Expect(paths(states())).To(HaveExactElements(path))
		},
			Entry("when init has ended", 78, 360000, "/bundle"),
			Entry("when init is another process by now", 77, 359999, "/bundle"),
			Entry("when there never was an init", 0, 0, "/bundle"),
			Entry("when the bundle is in the depot", 77, 360000, "DEPOT/gone"),
		)

		DescribeTable("are another program's", func(bundle string) {
			state(root, "gone", 77, 360000, strings.ReplaceAll(bundle, "DEPOT", w.Depot))
			found := states()
			Expect(found.Status()).To(Equal(leftovers.Judged))
			Expect(found.Count).To(BeZero())
		},
			Entry("when init runs", "/bundle"),
			Entry("when init runs in a container's own process", "DEPOT/known/processes/gone"),
		)

		It("are leftovers when init waits for its parent", func() {
			w.started("77", "init", "Z", 360000)
			state(root, "gone", 77, 360000, "/bundle")
			Expect(states().Count).To(Equal(1))
		})

		It("are leftovers when the bundle is in the depot that a symlink leads to", func() {
			w.link(w.Depot, "link")
			state(root, "gone", 77, 360000, filepath.Join(w.Depot, "gone"))
			state(root, "gone-too", 77, 360000, w.path("link/gone-too"))
			Expect(states().Count).To(Equal(2))
			w.Depot = w.path("link")
			Expect(states().Count).To(Equal(2))
		})

		It("are leftovers without a state.json", func() {
			w.mkdir(root, "gone")
			w.mkdir(root, "known")
			Expect(states().Count).To(Equal(1))
		})

		DescribeTable("are none that can't be judged:", func(problem string, spoil func()) {
			state(root, "gone", 78, 360000, "/bundle")
			spoil()
			found := states()
			Expect(found.Count).To(BeZero())
			Expect(found.Problems).To(ConsistOf(ContainSubstring(problem)))
		},
			Entry("state.json is torn", "decode", func() { w.write(`{"id":`, root, "gone/state.json") }),
			Entry("state.json is a pipe", "decode", func() {
				Expect(os.Remove(w.path(root, "gone/state.json"))).To(Succeed())
				Expect(unix.Mkfifo(w.path(root, "gone/state.json"), 0o600)).To(Succeed())
			}),
			Entry("processes are hidden", "does not show all", func() { Expect(os.RemoveAll(w.path("proc/1"))).To(Succeed()) }),
			Entry("the process can't be read", "78/stat", func() { w.mkdir("proc/78/stat") }),
			Entry("the containers are not known", "garden is down", func() { w.HandlesErr = errors.New("garden is down") }),
			Entry("something is mounted there", "something is mounted", func() { w.mounted("tmpfs", w.path(root, "gone")) }),
		)
	})

	It("are absent where runc is not used", func() {
		Expect(states().Status()).To(Equal(leftovers.Absent))
	})
})
