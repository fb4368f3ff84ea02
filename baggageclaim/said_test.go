package baggageclaim_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
	"weeder/reaper"
)

var _ = Describe("A ttl.json that is looked at again and again", func() {
	const handle = "v-1"

	var (
		volumes, path string
		dir           *baggageclaim.Dir
	)

	// volume is what the next snapshot says of it.
	volume := func() reaper.Volume {
		GinkgoHelper()
		snapshot, err := dir.Snapshot(context.Background())
		Expect(err).NotTo(HaveOccurred())
		return snapshot.Volume(handle)
	}
	ttl := func() time.Duration {
		GinkgoHelper()
		volume := volume()
		Expect(volume).To(And(HaveField("State", reaper.VolumeLive), HaveField("HasTTL", true), HaveField("TTLErr", BeNil())))
		return volume.TTL
	}

	BeforeEach(func() {
		volumes = newVolumes()
		path = filepath.Join(mkdir(volumes, "live", handle), "ttl.json")
		Expect(os.WriteFile(path, []byte(`{"ttl":300,"expires_at":4102444800}`), 0o644)).To(Succeed())
		dir = baggageclaim.NewDir(volumes)
		dir.SetNow(time.Now().Add(time.Hour))
	})

	// remembered has it be remembered as something else, to tell whether it is
	// read.
	remembered := func() {
		GinkgoHelper()
		for range 2 {
			Expect(ttl()).To(Equal(300 * time.Second))
		}
		Expect(dir.Remembers(handle)).To(BeTrue())
		dir.Misremember(handle, time.Hour)
	}

	It("is not read again as long as it is the same, but for one of all", func() {
		handles := []string{handle}
		for n := range 9 {
			other := fmt.Sprintf("v-%d", n+2)
			write(`{"ttl":300,"expires_at":4102444800}`, mkdir(volumes, "live", other), "ttl.json")
			handles = append(handles, other)
		}
		ttls := func() map[time.Duration]int {
			GinkgoHelper()
			snapshot, err := dir.Snapshot(context.Background())
			Expect(err).NotTo(HaveOccurred())
			said := map[time.Duration]int{}
			for _, handle := range handles {
				said[snapshot.Volume(handle).TTL]++
			}
			return said
		}
		for range 2 {
			Expect(ttls()).To(Equal(map[time.Duration]int{300 * time.Second: 10}))
		}
		for _, handle := range handles {
			dir.Misremember(handle, time.Hour)
		}
		// What a disk can't read any more shows in the one.
		Expect(ttls()).To(Equal(map[time.Duration]int{time.Hour: 9, 300 * time.Second: 1}))
	})

	DescribeTable("is read each time where its TTL",
		func(text string, expected time.Duration) {
			Expect(os.WriteFile(path, []byte(text), 0o644)).To(Succeed())
			other := filepath.Join(mkdir(volumes, "live", "other"), "ttl.json")
			Expect(os.WriteFile(other, []byte(text), 0o644)).To(Succeed())
			dir.SetNow(time.Unix(4102444800, 0))
			for range 3 {
				snapshot, err := dir.Snapshot(context.Background())
				Expect(err).NotTo(HaveOccurred())
				for _, handle := range []string{handle, "other"} {
					Expect(snapshot.Volume(handle).TTL).To(Equal(expected))
					if dir.Remembers(handle) {
						dir.Misremember(handle, time.Hour)
					}
				}
			}
			Expect(dir.Remembers("other")).To(BeTrue())
		},
		Entry("has ended", `{"ttl":300,"expires_at":4102444799}`, 300*time.Second),
		Entry("ends within a minute", `{"ttl":300,"expires_at":4102444859}`, 300*time.Second),
	)

	It("is not remembered by who looks once", func() {
		Expect(ttl()).To(Equal(300 * time.Second))
		Expect(dir.Remembers(handle)).To(BeFalse())
	})

	It("is read when it was written in place, to the same length", func() {
		remembered()
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		Expect(err).NotTo(HaveOccurred())
		_, err = file.WriteString(`{"ttl":600,"expires_at":4102444800}`)
		Expect(err).NotTo(HaveOccurred())
		Expect(file.Close()).To(Succeed())
		Expect(ttl()).To(Equal(600 * time.Second))
	})

	It("is read when another file took its place, as old as the one before", func() {
		remembered()
		before, err := os.Stat(path)
		Expect(err).NotTo(HaveOccurred())
		other := path + ".new"
		Expect(os.WriteFile(other, []byte(`{"ttl":600,"expires_at":4102444800}`), 0o644)).To(Succeed())
		Expect(os.Chtimes(other, before.ModTime(), before.ModTime())).To(Succeed())
		Expect(os.Rename(other, path)).To(Succeed())
		Expect(ttl()).To(Equal(600 * time.Second))
	})

	It("is read when it was made to look as old as before", func() {
		remembered()
		before, err := os.Stat(path)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.WriteFile(path, []byte(`{"ttl":600,"expires_at":4102444800}`), 0o644)).To(Succeed())
		Expect(os.Chtimes(path, before.ModTime(), before.ModTime())).To(Succeed())
		Expect(ttl()).To(Equal(600 * time.Second))
	})

	It("is read each time for ten seconds after it was written", func() {
		written, err := os.Stat(path)
		Expect(err).NotTo(HaveOccurred())
		dir = baggageclaim.NewDir(volumes)
		dir.SetNow(written.ModTime().Add(10 * time.Second))
		for range 3 {
			Expect(ttl()).To(Equal(300 * time.Second))
			Expect(dir.Remembers(handle)).To(BeFalse())
		}
	})

	It("is read each time where it was written later than now", func() {
		dir = baggageclaim.NewDir(volumes)
		dir.SetNow(time.Now().Add(-time.Hour))
		for range 3 {
			Expect(ttl()).To(Equal(300 * time.Second))
		}
		Expect(dir.Remembers(handle)).To(BeFalse())
	})

	Context("when there is none", func() {
		without := reaper.Volume{Handle: handle, State: reaper.VolumeLive}

		BeforeEach(func() {
			Expect(os.Remove(path)).To(Succeed())
			for range 2 {
				Expect(volume()).To(Equal(without))
			}
			Expect(dir.Remembers(handle)).To(BeTrue())
		})

		It("is not there as long as nothing is added", func() {
			Expect(volume()).To(Equal(without))
			Expect(volume()).To(Equal(without))
		})

		It("is read as soon as it is there", func() {
			Expect(os.WriteFile(path, []byte(`{"ttl":300,"expires_at":4102444800}`), 0o644)).To(Succeed())
			for range 3 {
				Expect(ttl()).To(Equal(300 * time.Second))
			}
		})

		It("is not taken for that of a volume that goes meanwhile", func() {
			snapshot, err := dir.Snapshot(context.Background())
			Expect(err).NotTo(HaveOccurred())
			rename(filepath.Dir(path), filepath.Join(volumes, "dead", handle))
			Expect(snapshot.Volume(handle).State).To(Equal(reaper.VolumeDead))
		})

		It("is not taken for that of a file in the volume's place", func() {
			snapshot, err := dir.Snapshot(context.Background())
			Expect(err).NotTo(HaveOccurred())
			Expect(os.Remove(filepath.Dir(path))).To(Succeed())
			write("", filepath.Dir(path))
			Expect(snapshot.Volume(handle)).To(HaveField("TTLErr", MatchError(syscall.ENOTDIR)))
		})
	})

	It("is read by a fresh look", func() {
		remembered()
		fresh, err := dir.Fresh(context.Background())
		Expect(err).NotTo(HaveOccurred())
		Expect(fresh.Volume(handle).TTL).To(Equal(300 * time.Second))
	})

	It("is not remembered where it can't be understood", func() {
		Expect(os.WriteFile(path, []byte(`{"ttl":`), 0o644)).To(Succeed())
		for range 3 {
			Expect(volume().TTLErr).To(HaveOccurred())
		}
		Expect(dir.Remembers(handle)).To(BeFalse())
	})

	It("is gone when it is removed, and forgotten with its volume", func() {
		remembered()
		Expect(os.Remove(path)).To(Succeed())
		Expect(volume()).To(Equal(reaper.Volume{Handle: handle, State: reaper.VolumeLive}))

		Expect(os.RemoveAll(filepath.Dir(path))).To(Succeed())
		Expect(volume().State).To(Equal(reaper.VolumeMissing))
		Expect(dir.Remembers(handle)).To(BeFalse())
	})
})
