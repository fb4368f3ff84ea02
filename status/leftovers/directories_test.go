package leftovers_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"weeder/status/leftovers"
)

const taskDir = "run/containerd/io.containerd.runtime.v2.task"

var _ = Describe("bundles", func() {
	var w *worker
	BeforeEach(func() { w = newWorker("modern-1") })

	bundles := func() leftovers.Finding {
		GinkgoHelper()
		return w.found(leftovers.Bundles)
	}

	It("of containerd's are leftovers without a container", func() {
		w.write("{}", taskDir, "concourse/modern-1/config.json")
		w.write("{}", taskDir, "concourse/gone/config.json")
		w.mkdir(taskDir, "concourse/gone/rootfs")
		w.mkdir(taskDir, "moby/other")
		w.write("", taskDir, "concourse/file")
		found := bundles()
		Expect(found.Status()).To(Equal(leftovers.Judged))
		Expect(found.Places).To(ConsistOf(w.path(taskDir, "concourse")))
		Expect(found.Count).To(Equal(1))
		Expect(paths(found)).To(HaveExactElements(w.path(taskDir, "concourse/gone")))
		Expect(found.Inodes).To(BeEquivalentTo(3))
	})

	It("of the namespace that is asked for are looked at alone", func() {
		w.Namespace = "other"
		w.mkdir(taskDir, "concourse/gone")
		w.mkdir(taskDir, "other/gone")
		Expect(paths(bundles())).To(HaveExactElements(w.path(taskDir, "other/gone")))
	})

	Context("in a depot", func() {
		BeforeEach(func() {
			w.Depot = w.mkdir("depot")
			w.write("{}", "depot/modern-1/config.json")
			w.write("{}", "depot/gone/config.json")
			w.mkdir("depot/lost+found")
		})

		It("are leftovers without a container", func() {
			found := bundles()
			Expect(found.Status()).To(Equal(leftovers.Judged))
			Expect(found.Places).To(ConsistOf(w.Depot))
			Expect(paths(found)).To(HaveExactElements(filepath.Join(w.Depot, "gone")))
		})

		It("are counted with containerd's", func() {
			w.mkdir(taskDir, "concourse/gone-too")
			found := bundles()
			Expect(found.Count).To(Equal(2))
			Expect(found.Inodes).To(BeEquivalentTo(3))
			Expect(found.Places).To(HaveLen(2))
		})

		It("are none while they are young", func() {
			w.changed(w.path("depot/gone"), 59*time.Minute)
			Expect(bundles().Count).To(BeZero())
		})

		It("are none when they have changed in the future", func() {
			w.changed(w.path("depot/gone"), -time.Hour)
			Expect(bundles().Count).To(BeZero())
		})

		It("are all, where nothing is too young", func() {
			w.MinAge = 0
			w.changed(w.path("depot/gone"), 0)
			Expect(bundles().Count).To(Equal(1))
		})

		It("are not judged where the containers are not known", func() {
			w.HandlesErr = errors.New("garden is down")
			found := bundles()
			Expect(found.Status()).To(Equal(leftovers.NotJudged))
			Expect(found.Count).To(BeZero())
			Expect(found.Problems).To(ConsistOf(ContainSubstring("garden is down")))
		})

		It("are judged beside what can't be", func() {
			w.write("", taskDir, "concourse")
			found := bundles()
			Expect(found.Status()).To(Equal(leftovers.Partly))
			Expect(found.Count).To(Equal(1))
			Expect(found.Problems).To(ConsistOf(ContainSubstring("not a directory")))
		})

		It("are not looked into where something is mounted", func() {
			w.mounted("fuse.hangs", w.path("depot/gone"))
			found := bundles()
			Expect(found.Status()).To(Equal(leftovers.Partly))
			Expect(found.Count).To(BeZero())
			Expect(found.Problems).To(ConsistOf(w.path("depot/gone") + ": something is mounted there, so it was not looked into"))
		})

		It("are found through a symlink, with what is mounted behind it", func() {
			w.mounted("fuse.hangs", w.path("depot/gone/rootfs"))
			w.write("", "depot/gone/rootfs/file")
			w.link(w.Depot, "elsewhere")
			w.Depot = w.path("elsewhere")
			found := bundles()
			Expect(paths(found)).To(HaveExactElements(w.path("elsewhere/gone")))
			Expect(found.Inodes).To(BeEquivalentTo(3))
		})
	})

	It("are not judged in a depot that is not there: it is in another mount namespace", func() {
		w.Depot = w.path("depot")
		found := bundles()
		Expect(found.Status()).To(Equal(leftovers.NotJudged))
		Expect(found.Problems).To(ConsistOf(HaveSuffix("no such file or directory (--depot tells where weeder sees it)")))
	})

	It("are not judged in a depot that is not known", func() {
		w.DepotErr = errors.New("garden does not tell")
		found := bundles()
		Expect(found.Status()).To(Equal(leftovers.NotJudged))
		Expect(found.Problems).To(ConsistOf("garden does not tell"))
	})

	It("are absent where there is neither", func() {
		Expect(bundles().Status()).To(Equal(leftovers.Absent))
	})
})

var _ = Describe("the inodes of a leftover", func() {
	var w *worker
	BeforeEach(func() {
		w = newWorker()
		w.Depot = w.mkdir("depot")
		w.write("", "depot/gone/a/b/file")
	})

	inodes := func() uint64 {
		GinkgoHelper()
		found := w.found(leftovers.Bundles)
		Expect(found.Count).To(Equal(1))
		return found.Inodes
	}

	It("are those of all below", func() {
		Expect(inodes()).To(BeEquivalentTo(4))
	})

	It("are counted once for a file of many names", func() {
		Expect(os.Link(w.path("depot/gone/a/b/file"), w.path("depot/gone/same"))).To(Succeed())
		Expect(inodes()).To(BeEquivalentTo(4))
	})

	It("are not those that a symlink leads to", func() {
		w.write("", "elsewhere/file")
		w.link(w.path("elsewhere"), "depot/gone/link")
		Expect(inodes()).To(BeEquivalentTo(5))
	})

	It("are of FIFOs and sockets, too, which are not opened", func() {
		Expect(unix.Mkfifo(w.path("depot/gone/log"), 0o600)).To(Succeed())
		Expect(inodes()).To(BeEquivalentTo(5))
	})

	DescribeTable("are not those of what is mounted in it:", func(at string) {
		w.write("", "depot/gone", at, "file")
		w.mounted("nfs4", w.path("depot/gone", at))
		Expect(inodes()).To(BeEquivalentTo(5))
	},
		Entry("at a plain path", "mounted"),
		Entry("at a path that is escaped", "with blank\tand\\backslash"),
	)

	It("are not those of another file system, mounted since", func() {
		asRoot("mounts")
		dir := w.mkdir("depot/gone/mounted")
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
			Skip(fmt.Sprintf("nothing can be mounted here: %v", err))
		}
		DeferCleanup(unix.Unmount, dir, unix.MNT_DETACH)
		w.write("", "depot/gone/mounted/file")
		Expect(inodes()).To(BeEquivalentTo(5))
	})

	It("are at least those that may be walked", func() {
		for i := range 100 {
			w.write("", "depot/gone", fmt.Sprint(i))
		}
		w.mkdir("depot/gone-too/dir")
		w.MaxEntries = 10
		found := w.found(leftovers.Bundles)
		Expect(found.Count).To(Equal(2))
		Expect(found.InodesAtLeast).To(BeTrue())
		Expect(found.Inodes).To(BeNumerically("<", 20))
	})
})
