package baggageclaim_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
	"weeder/reaper"
)

var (
	_ reaper.Volumes      = (*baggageclaim.Dir)(nil)
	_ reaper.Snapshot     = (*baggageclaim.Snapshot)(nil)
	_ reaper.Baggageclaim = (*baggageclaim.API)(nil)
)

var _ = Describe("Locate", func() {
	var root string

	BeforeEach(func() {
		root = GinkgoT().TempDir()
	})

	DescribeTable("finds the first of the usual places",
		func(expected string, existing ...string) {
			for _, place := range existing {
				mkdir(root, place)
			}
			Expect(baggageclaim.LocateIn(root, "")).To(Equal(filepath.Join(root, expected)))
		},
		Entry("of the BOSH release", "/var/vcap/data/worker/work/volumes",
			"/opt/concourse/worker/volumes", "/var/vcap/data/baggageclaim/volumes", "/var/vcap/data/worker/work/volumes"),
		Entry("of older BOSH releases", "/var/vcap/data/baggageclaim/volumes",
			"/worker-state/volumes", "/var/vcap/data/baggageclaim/volumes"),
		Entry("of the image", "/worker-state/volumes",
			"/concourse-work-dir/volumes", "/worker-state/volumes"),
		Entry("of the image, as it once was", "/concourse-work-dir/volumes",
			"/opt/concourse/worker/volumes", "/concourse-work-dir/volumes"),
		Entry("of the binary", "/opt/concourse/worker/volumes",
			"/opt/concourse/worker/volumes"),
		Entry("when the work directory has no volumes yet", "/worker-state/volumes",
			"/var/vcap/data/worker/work", "/worker-state/volumes"),
	)

	It("passes over a place below a file", func() {
		write("", root, "worker-state")
		mkdir(root, "concourse-work-dir/volumes")
		Expect(baggageclaim.LocateIn(root, "")).To(Equal(filepath.Join(root, "concourse-work-dir/volumes")))
	})

	It("does not pass over a place that can't be looked at", func() {
		symlink("worker-state", root, "worker-state")
		mkdir(root, "concourse-work-dir/volumes")
		Expect(baggageclaim.LocateIn(root, "")).To(Equal(filepath.Join(root, "worker-state/volumes")))
	})

	It("takes the given directory and nothing else", func() {
		mkdir(root, "worker-state/volumes")
		Expect(baggageclaim.LocateIn(root, "/given/volumes")).To(Equal("/given/volumes"))
	})

	It("makes a relative directory absolute", func() {
		here, err := os.Getwd()
		Expect(err).NotTo(HaveOccurred())
		Expect(baggageclaim.Locate("testdata/incident")).To(Equal(filepath.Join(here, "testdata/incident")))
	})

	It("lists what it tried when there is none", func() {
		_, err := baggageclaim.LocateIn(root, "")
		Expect(err).To(MatchError("find volumes directory: none of " +
			root + "/var/vcap/data/worker/work/volumes, " +
			root + "/var/vcap/data/baggageclaim/volumes, " +
			root + "/worker-state/volumes, " +
			root + "/concourse-work-dir/volumes, " +
			root + "/opt/concourse/worker/volumes exists (name it with --volumes)"))
	})
})

var _ = DescribeTableSubtree("An unusable volumes directory", func(read reader) {
	unusable := func(volumes string) error {
		GinkgoHelper()
		snapshot, err := read(baggageclaim.NewDir(volumes))
		Expect(snapshot).To(BeNil())
		var unusable *baggageclaim.UnusableError
		Expect(err).To(BeAssignableToTypeOf(unusable))
		Expect(err.(*baggageclaim.UnusableError).Path).To(Equal(volumes))
		return err
	}

	It("is one that is missing", func() {
		volumes := filepath.Join(GinkgoT().TempDir(), "volumes")
		err := unusable(volumes)
		Expect(err).To(MatchError(fs.ErrNotExist))
		Expect(err).To(MatchError(HavePrefix("use volumes directory " + volumes + ": ")))
		Expect(err).To(MatchError(HaveSuffix("no such file or directory (is its disk mounted? otherwise name baggageclaim's volumes directory with --volumes)")))
	})

	It("is one without live/", func() {
		volumes := newVolumes()
		Expect(os.Remove(filepath.Join(volumes, "live"))).To(Succeed())
		Expect(unusable(volumes)).To(MatchError(ContainSubstring(volumes + "/live: no such file")))
	})

	It("is one with a file for live/", func() {
		volumes := newVolumes()
		Expect(os.Remove(filepath.Join(volumes, "live"))).To(Succeed())
		write("", volumes, "live")
		Expect(unusable(volumes)).To(MatchError(syscall.ENOTDIR))
	})

	It("is one with a live/ that leads back to itself", func() {
		volumes := newVolumes()
		Expect(os.Remove(filepath.Join(volumes, "live"))).To(Succeed())
		symlink("live", volumes, "live")
		Expect(unusable(volumes)).To(MatchError(ContainSubstring("too many links")))
	})

	It("is a file", func() {
		volumes := filepath.Join(GinkgoT().TempDir(), "volumes")
		write("", volumes)
		Expect(unusable(volumes)).To(MatchError(syscall.ENOTDIR))
	})

	It("is none that is read after the context has ended", func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		dir := baggageclaim.NewDir(newVolumes())
		_, err := dir.Snapshot(ctx)
		Expect(err).To(MatchError(context.Canceled))
		_, err = dir.Fresh(ctx)
		Expect(err).To(MatchError(context.Canceled))
	})
},
	Entry("in a snapshot", reader(readSnapshot)),
	Entry("in a snapshot after others", reader(readAgain)),
	Entry("in a fresh look", reader(readFresh)),
)

var _ = Describe("A snapshot's three directories", func() {
	It("may lack init/ and dead/", func() {
		volumes := recorded("incident")
		Expect(os.Remove(filepath.Join(volumes, "init"))).To(Succeed())
		Expect(os.Remove(filepath.Join(volumes, "dead"))).To(Succeed())
		snapshot := look(readSnapshot, volumes)
		Expect(snapshot.Volume("88914c83-fc71-4358-4f3f-b886429f9013").State).To(Equal(reaper.VolumeLive))
		Expect(snapshot.Volume("1a657656-9647-4bee-54be-8505eb323b9e").State).To(Equal(reaper.VolumeMissing))
	})

	DescribeTable("must be directories where they are there",
		func(name string) {
			volumes := recorded("incident")
			Expect(os.Remove(filepath.Join(volumes, name))).To(Succeed())
			write("", volumes, name)
			_, err := baggageclaim.NewDir(volumes).Snapshot(context.Background())
			Expect(err).To(BeAssignableToTypeOf(&baggageclaim.UnusableError{}))
			Expect(err).To(MatchError(syscall.ENOTDIR))
		},
		Entry("a file for init/", "init"),
		Entry("a file for dead/", "dead"),
	)

	It("are not waited for when one is a named pipe", func() {
		volumes := newVolumes()
		Expect(os.Remove(filepath.Join(volumes, "dead"))).To(Succeed())
		Expect(syscall.Mkfifo(filepath.Join(volumes, "dead"), 0o644)).To(Succeed())
		_, err := baggageclaim.NewDir(volumes).Snapshot(context.Background())
		Expect(err).To(MatchError(syscall.ENOTDIR))
	})
})

var _ = DescribeTableSubtree("The identity of live/", func(read reader) {
	It("stays while the volumes change", func() {
		volumes := newVolumes()
		before := look(read, volumes).Identity()
		mkdir(volumes, "live", "v-1")
		Expect(before).NotTo(BeEmpty())
		Expect(look(read, volumes).Identity()).To(Equal(before))
	})

	It("changes when another directory takes its place", func() {
		volumes := newVolumes()
		before := look(read, volumes).Identity()
		rename(filepath.Join(volumes, "live"), filepath.Join(volumes, "live-before"))
		mkdir(volumes, "live")
		Expect(look(read, volumes).Identity()).NotTo(Equal(before))
	})

	It("is the same for both ways to look", func() {
		volumes := newVolumes()
		Expect(look(read, volumes).Identity()).To(Equal(look(readFresh, volumes).Identity()))
	})
},
	Entry("in a snapshot", reader(readSnapshot)),
	Entry("in a snapshot after others", reader(readAgain)),
	Entry("in a fresh look", reader(readFresh)),
)
