package leftovers_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/status/leftovers"
)

var _ = Describe("a report", func() {
	var w *worker
	BeforeEach(func() { w = newWorker() })

	kinds := func(report leftovers.Report) []leftovers.Kind {
		var found []leftovers.Kind
		for _, finding := range report.Kinds {
			found = append(found, finding.Kind)
		}
		return found
	}

	It("has each kind once, that first which holds the most inodes, then that with the most leftovers", func() {
		w.mkdir("run/containerd")
		w.mkdir("work/volumes/dead/v-1/a")
		w.mkdir("work/volumes/dead/v-1/b")
		w.mkdir("work/overlays/gone/a")
		w.fifos("1", "task")
		for _, pid := range []string{"71", "72"} {
			w.process(pid, "containerd-shim")
			w.write("containerd-shim-runc-v2\x00-namespace\x00concourse\x00-id\x00gone\x00", "proc", pid, "cmdline")
		}
		report := w.scan()
		Expect(report.At).To(BeTemporally("==", w.clock.Now()))
		Expect(report.Judged()).To(BeTrue())
		if of(report, leftovers.FIFOs).FreeInodes == nil {
			Skip("this file system has no bound on inodes")
		}
		Expect(kinds(report)).To(HaveExactElements(
			leftovers.FIFOs, leftovers.DeadVolumes, leftovers.Overlays, leftovers.Shims,
			leftovers.Bundles, leftovers.NetworkNamespaces, leftovers.RuncStates))
	})

	It("sets inodes against those that their own file system has free", func() {
		asRoot("mounts")
		w.mkdir("work/volumes/dead/v-1/a/b/c/d/e")
		run := w.path("run")
		if err := syscall.Mount("tmpfs", run, "tmpfs", 0, "size=1m,nr_inodes=20"); err != nil {
			Skip("nothing can be mounted here: " + err.Error())
		}
		DeferCleanup(syscall.Unmount, run, syscall.MNT_DETACH)
		w.fifos("1", "task")
		report := w.scan()
		Expect(report.Kinds[0].Kind).To(Equal(leftovers.FIFOs))
		Expect(*report.Kinds[0].FreeInodes).To(BeNumerically("<", 20))
		Expect(of(report, leftovers.DeadVolumes).Inodes).To(BeNumerically(">", report.Kinds[0].Inodes))
	})

	It("tells how much room the volumes, the depot and /run have", func() {
		w.Depot = w.path("depot")
		systems := w.scan().FileSystems
		Expect(systems).To(HaveLen(3))
		var stat syscall.Statfs_t
		Expect(syscall.Statfs(w.root, &stat)).To(Succeed())
		for i, path := range []string{w.volumes, w.Depot, w.path("run")} {
			Expect(systems[i].Path).To(Equal(path))
			if path == w.Depot {
				Expect(systems[i].Err).To(MatchError(os.ErrNotExist))
				Expect(systems[i].FreeBytes).To(BeNil())
				continue
			}
			Expect(systems[i].Err).NotTo(HaveOccurred())
			Expect(*systems[i].Bytes).To(Equal(stat.Blocks * uint64(stat.Frsize)))
			Expect(*systems[i].FreeBytes).To(BeNumerically("<=", *systems[i].Bytes))
		}
	})

	It("has no bound on inodes where the file system has none", func() {
		asRoot("mounts")
		run := w.path("run")
		if err := syscall.Mount("tmpfs", run, "tmpfs", 0, "size=1m,nr_inodes=0"); err != nil {
			Skip("nothing can be mounted here: " + err.Error())
		}
		DeferCleanup(syscall.Unmount, run, syscall.MNT_DETACH)
		w.fifos("1", "task")
		report := w.scan()
		Expect(of(report, leftovers.FIFOs).Count).To(Equal(1))
		Expect(of(report, leftovers.FIFOs).FreeInodes).To(BeNil())
		Expect(report.FileSystems[1].FreeInodes).To(BeNil())
	})

	It("tells that nothing could be judged", func() {
		w.VolumesErr = errors.New("no disk")
		w.DepotErr = errors.New("garden is down")
		Expect(w.scan().Judged()).To(BeFalse())
	})

	It("judges a worker that has none of it", func() {
		w.Volumes = ""
		report := w.scan()
		Expect(report.Judged()).To(BeTrue())
		for _, finding := range report.Kinds {
			Expect(finding.Status()).To(Equal(leftovers.Absent), string(finding.Kind))
		}
	})

	It("changes nothing", func() {
		w.Depot = w.mkdir("depot")
		w.mkdir("depot/gone")
		w.mkdir("work/volumes/dead/v-1")
		w.mkdir("work/overlays/gone")
		w.fifos("1", "task")
		before := tree(w.root)
		Expect(len(before)).To(BeNumerically(">", 20))
		w.scan()
		Expect(tree(w.root)).To(Equal(before))
	})
})

// tree is all that is below a directory, with what a change would show in.
func tree(root string) []string {
	GinkgoHelper()
	var found []string
	Expect(filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			stat := info.Sys().(*syscall.Stat_t)
			found = append(found, fmt.Sprint(path, info.Mode(), stat.Ino, stat.Mtim, stat.Ctim))
		}
		return err
	})).To(Succeed())
	return found
}
