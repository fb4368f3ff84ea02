package leftovers_test

import (
	"io/fs"
	"os"
	"runtime"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"weeder/status/leftovers"
)

// asNobody runs something on a thread of its own without root's way past all
// permissions. The thread ends with it.
func asNobody(act func()) {
	GinkgoHelper()
	const nobody = 65534
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer GinkgoRecover()
		// Never unlocked, so that the thread is not used for anything else.
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			Expect(unix.Setfsgid(nobody)).To(Succeed())
			Expect(unix.Setfsuid(nobody)).To(Succeed())
		}
		act()
	}()
	<-ended
}

var _ = Describe("without permission", func() {
	var w *worker
	BeforeEach(func() {
		w = newWorker()
		Expect(os.Chmod(w.root, 0o755)).To(Succeed())
		w.Depot = w.mkdir("depot")
		w.write("", "depot/gone/dir/file")
		w.write("", "work/volumes/dead/v-1/volume")
		w.write("", "work/overlays/gone/file")
		w.fifos("1", "task")
		w.fifos("2", "task")
		w.write("", "run/netns/gone")
		w.write("{}", "run/containerd/runc/concourse/gone/state.json")
		w.write("{}", "run/runc/gone/state.json")
		w.process("77", "containerd-shim")
		w.write("shim\x00-id\x00gone\x00-namespace\x00concourse\x00", "proc/77/cmdline")
		asNobody(func() {
			for _, finding := range w.scan().Kinds {
				Expect(finding.Status()).To(Equal(leftovers.Judged), "the specs need a temporary directory that others can read")
				Expect(finding.Count).To(BeNumerically(">", 0))
			}
		})
	})

	// forbid sets permissions, and gives them back for cleaning up.
	forbid := func(mode fs.FileMode, path string) {
		GinkgoHelper()
		Expect(os.Chmod(w.path(path), mode)).To(Succeed())
		DeferCleanup(os.Chmod, w.path(path), fs.FileMode(0o755))
	}

	DescribeTable("a kind is not judged",
		func(kind leftovers.Kind, mode int, path string) {
			forbid(fs.FileMode(mode), path)
			asNobody(func() {
				found := w.found(kind)
				Expect(found.Status()).To(Equal(leftovers.NotJudged))
				Expect(found.Count).To(BeZero())
				Expect(found.Problems).To(ConsistOf(SatisfyAll(ContainSubstring(w.path(path)), ContainSubstring("permission denied"))))
			})
		},
		Entry("when FIFO directories can't be listed", leftovers.FIFOs, 0, "run/containerd/fifo"),
		Entry("when FIFO directories can't be looked at", leftovers.FIFOs, 0o444, "run/containerd/fifo"),
		Entry("when a process's open files can't be listed", leftovers.FIFOs, 0, "proc/77/fd"),
		Entry("when a process's open files can't be looked at", leftovers.FIFOs, 0o444, "proc/77/fd"),
		Entry("when a process's namespace can't be read", leftovers.NetworkNamespaces, 0, "proc/77/ns"),
		Entry("when the mounts of process 1 can't be told", leftovers.NetworkNamespaces, 0, "proc/1/ns"),
		Entry("when named namespaces can't be listed", leftovers.NetworkNamespaces, 0, "run/netns"),
		Entry("when a process can't be looked at", leftovers.Shims, 0, "proc/77"),
		Entry("when processes can't be listed", leftovers.Shims, 0, "proc/77/comm"),
		Entry("when the depot can't be listed", leftovers.Bundles, 0, "depot"),
		Entry("when dead volumes can't be listed", leftovers.DeadVolumes, 0, "work/volumes/dead"),
		Entry("when live volumes can't be listed", leftovers.Overlays, 0, "work/volumes/live"),
		Entry("when overlays can't be listed", leftovers.Overlays, 0, "work/overlays"),
	)

	DescribeTable("a kind is judged in part, without what can't be read",
		func(kind leftovers.Kind, path string, left int) {
			forbid(0, path)
			asNobody(func() {
				found := w.found(kind)
				Expect(found.Status()).To(Equal(leftovers.Partly))
				Expect(found.Count).To(Equal(left))
				Expect(found.Problems).To(ConsistOf(ContainSubstring("permission denied")))
			})
		},
		Entry("when a FIFO directory can't be listed", leftovers.FIFOs, "run/containerd/fifo/1", 1),
		Entry("when a shim's flags can't be read", leftovers.Shims, "proc/77/cmdline", 0),
		Entry("when another's runc state can't be read", leftovers.RuncStates, "run/runc/gone", 1),
	)

	It("a leftover whose inodes can't be counted is one all the same", func() {
		forbid(0, "depot/gone/dir")
		asNobody(func() {
			found := w.found(leftovers.Bundles)
			Expect(found.Status()).To(Equal(leftovers.Partly))
			Expect(found.Count).To(Equal(1))
			Expect(found.Inodes).To(BeEquivalentTo(2))
			Expect(found.InodesAtLeast).To(BeTrue())
			Expect(found.Problems).To(ConsistOf(HavePrefix("count inodes: ")))
		})
	})

	It("tells no more problems than can be read", func() {
		for _, name := range []string{"11", "12", "13", "14", "15", "16", "17"} {
			w.fifos(name, "task")
			forbid(0, "run/containerd/fifo/"+name)
		}
		asNobody(func() {
			found := w.found(leftovers.FIFOs)
			Expect(found.Count).To(Equal(2))
			Expect(found.Problems).To(HaveLen(6))
			Expect(found.Problems[5]).To(Equal("and 2 more like these"))
		})
	})
})
