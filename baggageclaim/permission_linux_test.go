package baggageclaim_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"weeder/baggageclaim"
	"weeder/reaper"
)

// nobody is a user who owns nothing here.
const nobody = 65534

// asNobody runs something on a thread of its own without root's way past all
// permissions. The thread ends with it.
func asNobody(act func()) {
	GinkgoHelper()
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

var _ = Describe("Without permission", func() {
	const handle = "88914c83-fc71-4358-4f3f-b886429f9013"

	var (
		volumes string
		dir     *baggageclaim.Dir
	)

	BeforeEach(func() {
		volumes = recorded("incident")
		Expect(os.Chmod(volumes, 0o755)).To(Succeed())
		dir = baggageclaim.NewDir(volumes)
		asNobody(func() {
			snapshot, err := dir.Snapshot(context.Background())
			Expect(err).NotTo(HaveOccurred(), "the specs need a temporary directory that others can read")
			Expect(snapshot.Volume(handle).HasTTL).To(BeTrue())
		})
	})

	// forbid takes all permissions away, and gives them back for cleaning up.
	forbid := func(mode fs.FileMode, elements ...string) {
		GinkgoHelper()
		path := filepath.Join(append([]string{volumes}, elements...)...)
		Expect(os.Chmod(path, mode)).To(Succeed())
		DeferCleanup(os.Chmod, path, fs.FileMode(0o755))
	}

	DescribeTable("the directory is unusable",
		func(forbidden string) {
			forbid(0, forbidden)
			asNobody(func() {
				_, err := dir.Snapshot(context.Background())
				Expect(err).To(BeAssignableToTypeOf(&baggageclaim.UnusableError{}))
				Expect(err).To(MatchError(fs.ErrPermission))
				Expect(err).To(MatchError(HaveSuffix("(run as root)")))
			})
		},
		Entry("when it can't be entered", "."),
		Entry("when init/ can't be read", "init"),
		Entry("when live/ can't be read", "live"),
		Entry("when dead/ can't be read", "dead"),
	)

	It("a fresh look is refused when the directory can't be entered", func() {
		forbid(0, ".")
		asNobody(func() {
			_, err := dir.Fresh(context.Background())
			Expect(err).To(BeAssignableToTypeOf(&baggageclaim.UnusableError{}))
			Expect(err).To(MatchError(fs.ErrPermission))
		})
	})

	DescribeTable("a volume is unknown rather than missing",
		func(read reader, forbidden string) {
			forbid(0o444, forbidden)
			asNobody(func() {
				snapshot := look(read, volumes)
				volume := snapshot.Volume("1a657656-9647-4bee-54be-8505eb323b9e")
				Expect(volume.State).To(Equal(reaper.VolumeUnknown))
				Expect(volume.Err).To(MatchError(fs.ErrPermission))
			})
		},
		Entry("in a snapshot when init/ can't be searched", reader(readSnapshot), "init"),
		Entry("in a snapshot when live/ can't be searched", reader(readSnapshot), "live"),
		Entry("in a snapshot when dead/ can't be searched", reader(readSnapshot), "dead"),
		Entry("in a snapshot after others when init/ can't be searched", reader(readAgain), "init"),
		Entry("in a fresh look when init/ can't be searched", reader(readFresh), "init"),
		Entry("in a snapshot after others when live/ can't be searched", reader(readAgain), "live"),
		Entry("in a fresh look when live/ can't be searched", reader(readFresh), "live"),
		Entry("in a snapshot after others when dead/ can't be searched", reader(readAgain), "dead"),
		Entry("in a fresh look when dead/ can't be searched", reader(readFresh), "dead"),
	)

	DescribeTable("a live volume has no expiry when its ttl.json can't be read",
		func(read reader, forbidden ...string) {
			forbid(0, append([]string{"live", handle}, forbidden...)...)
			asNobody(func() {
				volume := look(read, volumes).Volume(handle)
				Expect(volume.State).To(Equal(reaper.VolumeLive))
				Expect(volume.HasTTL).To(BeFalse())
				Expect(volume.TTLErr).To(MatchError(fs.ErrPermission))
			})
		},
		Entry("in a snapshot", reader(readSnapshot), "ttl.json"),
		Entry("in a snapshot, with its directory", reader(readSnapshot)),
		Entry("in a snapshot after others", reader(readAgain), "ttl.json"),
		Entry("in a snapshot after others, with its directory", reader(readAgain)),
		Entry("in a fresh look", reader(readFresh), "ttl.json"),
		Entry("in a fresh look, with its directory", reader(readFresh)),
	)

	It("a path with a volume's shape that can't be resolved is another directory's", func() {
		closed := mkdir(volumes, "closed")
		symlink(volumes, closed, "link")
		forbid(0, "closed")
		asNobody(func() {
			found, other := dir.Under(filepath.Join(closed, "link/live/v-1/volume"))
			Expect(found).To(Equal("v-1"))
			Expect(other).To(BeTrue())
		})
	})
})

var _ = Describe("A ttl.json that is being written", func() {
	It("is read once more", func() {
		volumes := newVolumes()
		path := filepath.Join(mkdir(volumes, "live", "v-1"), "ttl.json")
		// A pipe whose first 64 KiB decode to nothing, and the rest does.
		Expect(unix.Mkfifo(path, 0o644)).To(Succeed())
		pipe, err := os.OpenFile(path, os.O_RDWR, 0)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(pipe.Close)
		_, err = unix.FcntlInt(pipe.Fd(), unix.F_SETPIPE_SZ, 128<<10)
		Expect(err).NotTo(HaveOccurred())
		_, err = pipe.WriteString(strings.Repeat(" ", 64<<10) + `{"ttl":300,"expires_at":1795211917}`)
		Expect(err).NotTo(HaveOccurred())

		volume := look(readSnapshot, volumes).Volume("v-1")
		Expect(volume.TTLErr).NotTo(HaveOccurred())
		Expect(volume.HasTTL).To(BeTrue())
	})
})
