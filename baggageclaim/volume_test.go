package baggageclaim_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
	"weeder/reaper"
)

var _ = DescribeTableSubtree("A volume", func(read reader) {
	const handle = "88914c83-fc71-4358-4f3f-b886429f9013"

	It("is live, and for ever with a TTL of zero, as in the incident", func() {
		Expect(look(read, recorded("incident")).Volume(handle)).To(Equal(reaper.Volume{
			Handle:    handle,
			State:     reaper.VolumeLive,
			HasTTL:    true,
			ExpiresAt: time.Unix(1477060154, 0).UTC(),
		}))
	})

	It("is missing as the other one of the incident", func() {
		Expect(look(read, recorded("incident")).Volume("1a657656-9647-4bee-54be-8505eb323b9e")).To(Equal(reaper.Volume{
			Handle: "1a657656-9647-4bee-54be-8505eb323b9e",
			State:  reaper.VolumeMissing,
		}))
	})

	DescribeTable("of baggageclaim 1.3.5 has a TTL",
		func(handle string, ttl time.Duration, expiresAt int64) {
			Expect(look(read, recorded("baggageclaim-1.3.5")).Volume(handle)).To(Equal(reaper.Volume{
				Handle:    handle,
				State:     reaper.VolumeLive,
				HasTTL:    true,
				TTL:       ttl,
				ExpiresAt: time.Unix(expiresAt, 0).UTC(),
			}))
		},
		Entry("of ten hours", "v-1", 10*time.Hour, int64(1795247175)),
		Entry("of fifty minutes, as a copy-on-write child", "cow-child", 50*time.Minute, int64(1795214916)),
		Entry("of zero, over a longer one", handle, time.Duration(0), int64(1795211917)),
	)

	DescribeTable("of baggageclaim 1.10.0 has none",
		func(handle string) {
			Expect(look(read, recorded("baggageclaim-1.10.0")).Volume(handle)).
				To(Equal(reaper.Volume{Handle: handle, State: reaper.VolumeLive}))
		},
		Entry("of its own", "m-root"),
		Entry("as a copy-on-write child", "m-cow"),
	)

	DescribeTable("has a state by where its directory is",
		func(expected reaper.VolumeState, states ...string) {
			volumes := newVolumes()
			for _, state := range states {
				mkdir(volumes, state, handle)
			}
			Expect(look(read, volumes).Volume(handle)).To(Equal(reaper.Volume{Handle: handle, State: expected}))
		},
		Entry("in init/", reaper.VolumeInit, "init"),
		Entry("in live/", reaper.VolumeLive, "live"),
		Entry("in dead/", reaper.VolumeDead, "dead"),
		Entry("in live/, made once more", reaper.VolumeLive, "init", "live"),
		Entry("in live/, with one of its name torn down", reaper.VolumeLive, "live", "dead"),
		Entry("in init/, with one of its name torn down", reaper.VolumeInit, "init", "dead"),
		Entry("everywhere", reaper.VolumeLive, "init", "live", "dead"),
		Entry("nowhere", reaper.VolumeMissing),
	)

	It("is not mistaken for one whose handle begins alike", func() {
		volumes := newVolumes()
		mkdir(volumes, "live", handle+"0")
		mkdir(volumes, "live", handle[:35])
		Expect(look(read, volumes).Volume(handle).State).To(Equal(reaper.VolumeMissing))
	})

	DescribeTable("is unknown where no directory is meant",
		func(unsafe string) {
			volumes := newVolumes()
			mkdir(volumes, "live", handle)
			volume := look(read, volumes).Volume(unsafe)
			Expect(volume.State).To(Equal(reaper.VolumeUnknown))
			Expect(volume.Handle).To(Equal(unsafe))
			Expect(volume.Err).To(MatchError("look for volume: its handle is not safe as the name of a directory"))
		},
		Entry("with no handle", ""),
		Entry("with a handle that is live/ itself", "."),
		Entry("with a handle that leads out of live/", ".."),
		Entry("with a handle that leads out and in again", "../live/"+handle),
		Entry("with a handle of two elements", handle+"/volume"),
		Entry("with an absolute handle", "/"+handle),
		Entry("with a NUL in its handle", handle+"\x00"),
	)

	It("is unknown where its handle is not safe, though a directory has that name", func() {
		volumes := newVolumes()
		mkdir(volumes, "live", "v..1")
		volume := look(read, volumes).Volume("v..1")
		Expect(volume.State).To(Equal(reaper.VolumeUnknown))
		Expect(volume.Err).To(MatchError("look for volume: its handle is not safe as the name of a directory"))
	})

	DescribeTable("is unknown when its entry is no directory",
		func(state string) {
			volumes := newVolumes()
			write("", volumes, state, handle)
			volume := look(read, volumes).Volume(handle)
			Expect(volume.State).To(Equal(reaper.VolumeUnknown))
			Expect(volume.Err).To(MatchError(syscall.ENOTDIR))
			Expect(volume.Err).To(MatchError(ContainSubstring(filepath.Join(volumes, state, handle))))
		},
		Entry("a file in init/", "init"),
		Entry("a file in live/", "live"),
		Entry("a file in dead/", "dead"),
	)

	It("is unknown when its entry is a symlink to nothing", func() {
		volumes := newVolumes()
		symlink("gone", volumes, "live", handle)
		volume := look(read, volumes).Volume(handle)
		Expect(volume.State).To(Equal(reaper.VolumeUnknown))
		Expect(volume.Err).To(MatchError(HavePrefix("follow symlink: ")))
	})

	It("is unknown when its entry leads back to itself", func() {
		volumes := newVolumes()
		symlink(handle, volumes, "live", handle)
		volume := look(read, volumes).Volume(handle)
		Expect(volume.State).To(Equal(reaper.VolumeUnknown))
		Expect(volume.Err).To(MatchError(syscall.ELOOP))
	})

	It("is unknown when its handle is too long for the file system", func() {
		volume := look(read, newVolumes()).Volume(strings.Repeat("v", 300))
		Expect(volume.State).To(Equal(reaper.VolumeUnknown))
		Expect(volume.Err).To(MatchError(syscall.ENAMETOOLONG))
	})

	It("is unknown rather than missing when live/ has become a file", func() {
		volumes := newVolumes()
		snapshot := look(read, volumes)
		rename(filepath.Join(volumes, "live"), filepath.Join(volumes, "live-before"))
		write("", volumes, "live")
		volume := snapshot.Volume(handle)
		Expect(volume.State).To(Equal(reaper.VolumeUnknown))
		Expect(volume.Err).To(MatchError(syscall.ENOTDIR))
	})

	It("is live when its entry is a symlink to a directory", func() {
		volumes := newVolumes()
		elsewhere := GinkgoT().TempDir()
		write(`{"ttl":300,"expires_at":1795211917}`, elsewhere, "ttl.json")
		symlink(elsewhere, volumes, "live", handle)
		volume := look(read, volumes).Volume(handle)
		Expect(volume.State).To(Equal(reaper.VolumeLive))
		Expect(volume.TTL).To(Equal(5 * time.Minute))
	})

	It("is found in a volumes directory that is reached through a symlink", func() {
		link := symlink(recorded("incident"), GinkgoT().TempDir(), "volumes")
		Expect(look(read, link).Volume(handle).HasTTL).To(BeTrue())
	})

	DescribeTable("is unknown rather than gone when live/ goes away after it was read",
		func(leave ...string) {
			volumes := newVolumes()
			for _, state := range leave {
				mkdir(volumes, state, handle)
			}
			snapshot := look(read, volumes)
			rename(filepath.Join(volumes, "live"), filepath.Join(volumes, "live-before"))
			Expect(snapshot.Volume(handle).State).To(Equal(reaper.VolumeUnknown))

			mkdir(volumes, "live")
			replaced := snapshot.Volume(handle + "-2")
			Expect(replaced.State).To(Equal(reaper.VolumeUnknown))
			Expect(replaced.Err).To(MatchError(ContainSubstring("replaced meanwhile")))
		},
		Entry("with the volume in none"),
		Entry("with the volume in live/", "live"),
		Entry("with the volume in dead/", "dead"),
	)

	Describe("that moves after the directory was read", func() {
		var (
			volumes  string
			snapshot reaper.Glance
		)

		BeforeEach(func() {
			volumes = newVolumes()
			mkdir(volumes, "live", handle)
			snapshot = look(read, volumes)
		})

		It("is dead when it is torn down meanwhile", func() {
			rename(filepath.Join(volumes, "live", handle), filepath.Join(volumes, "dead", handle))
			Expect(snapshot.Volume(handle).State).To(Equal(reaper.VolumeDead))
		})

		It("is missing when it is removed meanwhile", func() {
			Expect(os.Remove(filepath.Join(volumes, "live", handle))).To(Succeed())
			Expect(snapshot.Volume(handle).State).To(Equal(reaper.VolumeMissing))
		})

		It("is live when it is made meanwhile", func() {
			mkdir(volumes, "live", handle+"-2")
			Expect(snapshot.Volume(handle + "-2").State).To(Equal(reaper.VolumeLive))
		})
	})

	It("stays within a snapshot as it was first read", func() {
		volumes := newVolumes()
		mkdir(volumes, "live", handle)
		snapshot := look(read, volumes)
		first := snapshot.Volume(handle)
		rename(filepath.Join(volumes, "live", handle), filepath.Join(volumes, "dead", handle))
		Expect(snapshot.Volume(handle)).To(Equal(first))
		Expect(look(read, volumes).Volume(handle).State).To(Equal(reaper.VolumeDead))
	})

	DescribeTable("is live without an expiry when its ttl.json can't be understood",
		func(make func(path string) error, expected any) {
			volumes := newVolumes()
			directory := mkdir(volumes, "live", handle)
			path := filepath.Join(directory, "ttl.json")
			Expect(make(path)).To(Succeed())
			volume := look(read, volumes).Volume(handle)
			Expect(volume.TTLErr).To(MatchError(expected))
			volume.TTLErr = nil
			Expect(volume).To(Equal(reaper.Volume{Handle: handle, State: reaper.VolumeLive}))
		},
		Entry("since it is empty", content(""), ContainSubstring("ttl.json: no JSON value in it")),
		Entry("since it is torn", content(`{"ttl":300,"expires_a`), ContainSubstring("unexpected EOF")),
		Entry("since it is HTML", content("<html>"), ContainSubstring("invalid character")),
		Entry("since it is a directory", func(path string) error { return os.Mkdir(path, 0o755) }, syscall.EISDIR),
		Entry("since it leads back to itself", func(path string) error { return os.Symlink("ttl.json", path) }, syscall.ELOOP),
		Entry("since it is a named pipe", func(path string) error { return syscall.Mkfifo(path, 0o644) }, ContainSubstring("no JSON value in it")),
		Entry("since it never ends", content(`{"ttl":300,"expires_at":1795211917,"x":"`+strings.Repeat("x", 1<<20)+`"}`), ContainSubstring("unexpected EOF")),
	)

	It("keeps the expiry of a long ttl.json with much behind the value", func() {
		volumes := newVolumes()
		mkdir(volumes, "live", handle)
		write(`{"ttl":300,"expires_at":1795211917}`+strings.Repeat("\n}", 1<<20), volumes, "live", handle, "ttl.json")
		volume := look(read, volumes).Volume(handle)
		Expect(volume.TTL).To(Equal(5 * time.Minute))
		Expect(volume.TTLErr).NotTo(HaveOccurred())
	})
},
	Entry("in a snapshot", reader(readSnapshot)),
	Entry("in a snapshot after others", reader(readAgain)),
	Entry("in a fresh look", reader(readFresh)),
)

// content writes a file.
func content(data string) func(path string) error {
	return func(path string) error { return os.WriteFile(path, []byte(data), 0o644) }
}

var _ = Describe("Empty", func() {
	DescribeTable("tells whether live/ holds a volume",
		func(expected bool, entries ...string) {
			volumes := newVolumes()
			for _, entry := range entries {
				mkdir(volumes, entry)
			}
			Expect(snapshotOf(volumes).Empty()).To(Equal(expected))
		},
		Entry("with none at all", true),
		Entry("with one in live/", false, "live/v-1"),
		Entry("with others in init/ and dead/ alone", true, "init/v-1", "dead/v-2"),
	)

	It("takes a file for no volume", func() {
		volumes := newVolumes()
		write("", volumes, "live", ".keep")
		Expect(snapshotOf(volumes).Empty()).To(BeTrue())
	})

	It("takes a symlink for a volume", func() {
		volumes := newVolumes()
		symlink("elsewhere", volumes, "live", "v-1")
		Expect(snapshotOf(volumes).Empty()).To(BeFalse())
	})
})

var _ = Describe("Fresh", func() {
	It("looks anew each time", func() {
		volumes := newVolumes()
		mkdir(volumes, "live", "v-1")
		dir := baggageclaim.NewDir(volumes)
		before, err := readFresh(dir)
		Expect(err).NotTo(HaveOccurred())
		Expect(before.Volume("v-1").State).To(Equal(reaper.VolumeLive))
		rename(filepath.Join(volumes, "live", "v-1"), filepath.Join(volumes, "dead", "v-1"))
		after, err := readFresh(dir)
		Expect(err).NotTo(HaveOccurred())
		Expect(after.Volume("v-1").State).To(Equal(reaper.VolumeDead))
	})
})
