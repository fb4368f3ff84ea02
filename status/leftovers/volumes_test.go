package leftovers_test

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"weeder/status/leftovers"
)

var _ = Describe("dead volumes", func() {
	var w *worker
	BeforeEach(func() { w = newWorker() })

	dead := func() leftovers.Finding {
		GinkgoHelper()
		return w.found(leftovers.DeadVolumes)
	}

	It("are leftovers after an hour", func() {
		w.write("", "work/volumes/dead/v-1/volume/file")
		w.mkdir("work/volumes/live/v-2")
		w.mkdir("work/volumes/init/v-3")
		w.changed(w.mkdir("work/volumes/dead/v-4"), time.Minute)
		found := dead()
		Expect(found.Status()).To(Equal(leftovers.Judged))
		Expect(paths(found)).To(HaveExactElements(w.path("work/volumes/dead/v-1")))
		Expect(found.Inodes).To(BeEquivalentTo(3))
	})

	It("are young from when they were renamed", func() {
		path := w.mkdir("work/volumes/live/v-1")
		long := time.Now().Add(-24 * time.Hour)
		Expect(os.Chtimes(path, long, long)).To(Succeed())
		Expect(os.Rename(path, w.path("work/volumes/dead/v-1"))).To(Succeed())
		w.clock.Increment(-90 * time.Minute)
		Expect(dead().Count).To(BeZero())
	})

	It("need no Garden", func() {
		w.HandlesErr = errors.New("garden is down")
		w.mkdir("work/volumes/dead/v-1")
		Expect(dead().Count).To(Equal(1))
	})

	It("are absent where none has died yet", func() {
		Expect(os.Remove(w.path("work/volumes/dead"))).To(Succeed())
		Expect(dead().Status()).To(Equal(leftovers.Absent))
	})
})

var _ = Describe("overlays", func() {
	var w *worker
	BeforeEach(func() {
		w = newWorker()
		for _, path := range []string{"volumes/init/making", "volumes/live/live", "volumes/dead/dying",
			"overlays/making", "overlays/live", "overlays/dying", "overlays/gone", "overlays/work/live", "overlays/work/gone/work"} {
			w.mkdir("work", path)
		}
		w.write("", "work/overlays/gone/file")
	})

	overlays := func() leftovers.Finding {
		GinkgoHelper()
		return w.found(leftovers.Overlays)
	}

	It("without a volume are leftovers, with their work directories", func() {
		found := overlays()
		Expect(found.Status()).To(Equal(leftovers.Judged))
		Expect(found.Count).To(Equal(1))
		Expect(paths(found)).To(HaveExactElements(w.path("work/overlays/gone")))
		Expect(found.Inodes).To(BeEquivalentTo(4))
	})

	It("may have nothing left but their work directory", func() {
		Expect(os.RemoveAll(w.path("work/overlays/gone"))).To(Succeed())
		found := overlays()
		Expect(paths(found)).To(HaveExactElements(w.path("work/overlays/work/gone")))
		Expect(found.Inodes).To(BeEquivalentTo(2))
	})

	It("of releases without work directories are leftovers, too", func() {
		Expect(os.RemoveAll(w.path("work/overlays/work"))).To(Succeed())
		Expect(overlays().Count).To(Equal(1))
	})

	It("are beside what the volumes directory is a symlink to", func() {
		w.link(w.volumes, "link/volumes")
		w.Volumes = w.path("link/volumes")
		Expect(paths(overlays())).To(HaveExactElements(w.path("work/overlays/gone")))
	})

	It("are absent where another driver is used", func() {
		Expect(os.RemoveAll(w.path("work/overlays"))).To(Succeed())
		Expect(overlays().Status()).To(Equal(leftovers.Absent))
	})

	It("are all leftovers when the last volume of their disk is gone", func() {
		for _, path := range []string{"init/making", "live/live", "dead/dying"} {
			Expect(os.Remove(w.path("work/volumes", path))).To(Succeed())
		}
		Expect(overlays().Count).To(Equal(4))
	})

	Context("on another disk than the volumes", func() {
		BeforeEach(func() {
			asRoot("mounts")
			if err := unix.Mount("tmpfs", w.volumes, "tmpfs", 0, "size=1m"); err != nil {
				Skip("nothing can be mounted here: " + err.Error())
			}
			DeferCleanup(unix.Unmount, w.volumes, unix.MNT_DETACH)
			w.mkdir("work/volumes/live")
		})

		It("are not judged by an empty directory, since the disk may not be mounted", func() {
			found := overlays()
			Expect(found.Status()).To(Equal(leftovers.NotJudged))
			Expect(found.Problems).To(ConsistOf(ContainSubstring("another disk")))
		})

		It("are judged by the volumes that are there", func() {
			w.mkdir("work/volumes/live/live")
			Expect(overlays().Count).To(Equal(3))
		})
	})

	DescribeTable("are not judged, nor are dead volumes,", func(problem string, spoil func()) {
		spoil()
		for _, kind := range []leftovers.Kind{leftovers.Overlays, leftovers.DeadVolumes} {
			found := w.found(kind)
			Expect(found.Status()).To(Equal(leftovers.NotJudged))
			Expect(found.Problems).To(ConsistOf(ContainSubstring(problem)))
		}
	},
		Entry("where the volumes directory can't be used", "no disk", func() { w.VolumesErr = errors.New("no disk") }),
		Entry("where live/ is not there", "no such file or directory", func() {
			Expect(os.Rename(w.path("work/volumes/live"), w.path("moved"))).To(Succeed())
		}),
	)

	It("are not judged where a state of volumes can't be read", func() {
		Expect(os.RemoveAll(w.path("work/volumes/init"))).To(Succeed())
		w.write("", "work/volumes/init")
		found := overlays()
		Expect(found.Status()).To(Equal(leftovers.NotJudged))
		Expect(found.Problems).To(ConsistOf(SatisfyAll(
			ContainSubstring("which volumes there are is not known"), ContainSubstring(filepath.Join(w.volumes, "init")))))
	})

	It("are absent where there is no volumes directory", func() {
		w.Volumes = ""
		Expect(overlays().Status()).To(Equal(leftovers.Absent))
	})
})
