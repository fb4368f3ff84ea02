package baggageclaim_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
)

var _ = Describe("Under", func() {
	var (
		volumes string
		dir     *baggageclaim.Dir
	)

	BeforeEach(func() {
		volumes = newVolumes()
		dir = baggageclaim.NewDir(volumes)
	})

	// at puts the volumes directory into a path.
	at := func(path string) string {
		return strings.ReplaceAll(path, "VOLUMES", volumes)
	}

	DescribeTable("finds the volume of a path in this directory",
		func(path string) {
			handle, other := dir.Under(at(path))
			Expect(handle).To(Equal("v-1"))
			Expect(other).To(BeFalse())
		},
		Entry("a root file system", "VOLUMES/live/v-1/volume"),
		Entry("an image artifact's root file system", "VOLUMES/live/v-1/volume/rootfs"),
		Entry("a file in a volume", "VOLUMES/live/v-1/volume/a/b"),
		Entry("the volume's own directory", "VOLUMES/live/v-1"),
		Entry("its metadata", "VOLUMES/live/v-1/properties.json"),
		Entry("a path that needs cleaning", "VOLUMES//live/./v-0/../v-1/volume/"),
		Entry("a path that leaves another volume", "VOLUMES/live/v-2/volume/../../v-1/volume"),
		Entry("a path like another directory's within a volume", "VOLUMES/live/v-1/volume/live/v-2/volume"),
	)

	DescribeTable("finds none in any other path",
		func(path string) {
			handle, other := dir.Under(at(path))
			Expect(handle).To(BeEmpty())
			Expect(other).To(BeFalse())
		},
		Entry("an empty path", ""),
		Entry("a relative path", "live/v-1/volume"),
		Entry("a relative path with a directory before", "volumes/live/v-1/volume"),
		Entry("the directory", "VOLUMES"),
		Entry("live/", "VOLUMES/live"),
		Entry("live/ with a slash", "VOLUMES/live/"),
		Entry("a path that leaves live/", "VOLUMES/live/v-1/../../etc/hosts"),
		Entry("a path that leaves its volume", "VOLUMES/live/v-1/.."),
		Entry("init/", "VOLUMES/init/v-1/volume"),
		Entry("dead/", "VOLUMES/dead/v-1/volume"),
		Entry("a directory that begins like live/", "VOLUMES/live-before/v-1/volume"),
		Entry("hosts", "/var/vcap/data/garden/depot/c-1/hosts"),
		Entry("an init binary", "/var/gdn/assets/linux/bin/init"),
		Entry("a file named alike", "/etc/letsencrypt/live/worker/fullchain.pem"),
		Entry("a volume's directory elsewhere, without its data", "/elsewhere/live/v-1"),
	)

	DescribeTable("tells of a volume of another directory",
		func(path, expected string) {
			handle, other := dir.Under(at(path))
			Expect(handle).To(Equal(expected))
			Expect(other).To(BeTrue())
		},
		Entry("a root file system", "/elsewhere/volumes/live/v-1/volume", "v-1"),
		Entry("an image artifact's root file system", "/elsewhere/live/v-1/volume/rootfs", "v-1"),
		Entry("below the root", "/live/v-1/volume", "v-1"),
		Entry("below another directory named live", "/live/worker/volumes/live/v-1/volume", "v-1"),
		Entry("that begins like this directory", "VOLUMES-2/live/v-1/volume", "v-1"),
		Entry("that lies in this one", "VOLUMES/old/live/v-1/volume", "v-1"),
	)

	DescribeTable("tells of another directory when a link on the way leads nowhere",
		func(target string) {
			link := symlink(target, volumes, "link")
			handle, other := dir.Under(filepath.Join(link, "live/v-1/volume"))
			Expect(handle).To(Equal("v-1"))
			Expect(other).To(BeTrue())
		},
		Entry("but to itself", "link"),
		Entry("at all", "gone"),
	)

	Context("when the directory is reached through a symlink", func() {
		var link string

		BeforeEach(func() {
			mkdir(volumes, "live", "v-1", "volume")
			link = symlink(volumes, GinkgoT().TempDir(), "link")
		})

		DescribeTable("finds the volume whichever side the link is on",
			func(handle string) {
				for _, given := range []string{link, volumes} {
					for _, seen := range []string{link, volumes} {
						found, other := baggageclaim.NewDir(given).Under(filepath.Join(seen, "live", handle, "volume/rootfs"))
						Expect(found).To(Equal(handle), "given %s, seen %s", given, seen)
						Expect(other).To(BeFalse(), "given %s, seen %s", given, seen)
					}
				}
			},
			Entry("when it is there", "v-1"),
			Entry("when it is gone", "v-2"),
		)

		It("finds any path below where the link leads", func() {
			handle, other := baggageclaim.NewDir(link).Under(filepath.Join(volumes, "live/v-1/properties.json"))
			Expect(handle).To(Equal("v-1"))
			Expect(other).To(BeFalse())
		})

		It("resolves no path without a volume's shape", func() {
			handle, other := dir.Under(filepath.Join(link, "live/v-1/properties.json"))
			Expect(handle).To(BeEmpty())
			Expect(other).To(BeFalse())
		})

		It("follows the link when it is set elsewhere", func() {
			linked := baggageclaim.NewDir(link)
			look := func() (string, bool) { return linked.Under(filepath.Join(volumes, "live/v-1/volume")) }
			handle, other := look()
			Expect(handle).To(Equal("v-1"))
			Expect(other).To(BeFalse())

			Expect(os.Remove(link)).To(Succeed())
			Expect(os.Symlink(newVolumes(), link)).To(Succeed())
			_, err := readSnapshot(linked)
			Expect(err).NotTo(HaveOccurred())
			handle, other = look()
			Expect(handle).To(Equal("v-1"))
			Expect(other).To(BeTrue())
		})
	})

	It("finds the volume when live/ itself is a symlink", func() {
		elsewhere := mkdir(GinkgoT().TempDir(), "live")
		Expect(os.Remove(filepath.Join(volumes, "live"))).To(Succeed())
		symlink(elsewhere, volumes, "live")
		handle, other := dir.Under(filepath.Join(elsewhere, "v-1/volume"))
		Expect(handle).To(Equal("v-1"))
		Expect(other).To(BeFalse())
	})

	It("finds a volume before its directory is there", func() {
		missing := baggageclaim.NewDir(filepath.Join(volumes, "later"))
		handle, other := missing.Under(filepath.Join(volumes, "later/live/v-1/volume"))
		Expect(handle).To(Equal("v-1"))
		Expect(other).To(BeFalse())
	})
})

var _ = Describe("Holds", func() {
	It("holds the paths that baggageclaim lists", func() {
		volumes := recorded("baggageclaim-1.3.5")
		snapshot := snapshotOf(volumes)
		Expect(snapshot.Holds(filepath.Join(volumes, "live/v-1/volume"))).To(BeTrue())
		link := symlink(volumes, GinkgoT().TempDir(), "link")
		Expect(snapshot.Holds(filepath.Join(link, "live/v-1/volume"))).To(BeTrue())
	})

	DescribeTable("does not hold any other path",
		func(path string) {
			volumes := recorded("baggageclaim-1.3.5")
			write("", volumes, "live", "file")
			mkdir(volumes, "dead", "torn-down")
			mkdir(volumes, "live", "v..1")
			Expect(snapshotOf(volumes).Holds(strings.ReplaceAll(path, "VOLUMES", volumes))).To(BeFalse())
		},
		Entry("of a volume that is not there", "VOLUMES/live/gone/volume"),
		Entry("of a volume in dead/", "VOLUMES/live/torn-down/volume"),
		Entry("of what is no directory", "VOLUMES/live/file/volume"),
		Entry("of live/ itself", "VOLUMES/live"),
		Entry("of another directory", "/var/vcap/data/baggageclaim/volumes/live/v-1/volume"),
		Entry("with an unsafe handle", "VOLUMES/live/v..1/volume"),
		Entry("that is empty", ""),
	)

	It("does not hold a volume on another device", func() {
		volumes := newVolumes()
		// The one file system besides that every worker has.
		symlink("/proc/self", volumes, "live", "v-1")
		Expect(snapshotOf(volumes).Holds(filepath.Join(volumes, "live/v-1/volume"))).To(BeFalse())
	})

	It("does not hold anything once live/ was replaced", func() {
		volumes := recorded("baggageclaim-1.3.5")
		snapshot := snapshotOf(volumes)
		rename(filepath.Join(volumes, "live"), filepath.Join(volumes, "live-before"))
		mkdir(volumes, "live", "v-1")
		Expect(snapshot.Holds(filepath.Join(volumes, "live/v-1/volume"))).To(BeFalse())
		Expect(snapshotOf(volumes).Holds(filepath.Join(volumes, "live/v-1/volume"))).To(BeTrue())
	})
})

var _ = Describe("Path", func() {
	It("is the given directory", func() {
		Expect(baggageclaim.NewDir("/given/volumes").Path()).To(Equal("/given/volumes"))
	})
})
