package baggageclaim_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
	"weeder/reaper"
)

func readAll(volumes string) *baggageclaim.Snapshot {
	GinkgoHelper()
	snapshot, err := baggageclaim.NewDir(volumes).Read(context.Background())
	Expect(err).NotTo(HaveOccurred())
	return snapshot
}

var _ = Describe("Info", func() {
	It("has all that the disk says of the incident's volume", func() {
		const handle = "88914c83-fc71-4358-4f3f-b886429f9013"
		volumes := recorded("incident")
		info := readAll(volumes).Info(handle)
		Expect(info.Volume).To(Equal(readAll(volumes).Volume(handle)))
		Expect(info.Directory).To(Equal(filepath.Join(volumes, "live", handle)))
		Expect(string(info.TTLJSON)).To(Equal("{\"ttl\":0,\"expires_at\":1477060154}\n}\n"))
		Expect(info.PropertiesJSON).To(HaveLen(461))
		Expect(info.Properties).To(HaveKeyWithValue("resource-type", "docker-image"))
		Expect(info.Properties).To(HaveKeyWithValue("resource-version",
			`{"digest":"sha256:869f748b9399b1650abe41108c11d2817bc5d4c2b226799b3041ca74bf3f88ca"}`))
		Expect(info.PropertiesErr).NotTo(HaveOccurred())
		Expect(info.Privileged).To(BeNil())
		Expect(info.PrivilegedErr).NotTo(HaveOccurred())
		Expect(info.Parent).To(BeEmpty())
		Expect(info.ParentErr).NotTo(HaveOccurred())
	})

	DescribeTable("has the parent of a copy-on-write child",
		func(recording, handle, parent string) {
			info := readAll(recorded(recording)).Info(handle)
			Expect(info.Parent).To(Equal(parent))
			Expect(info.ParentErr).NotTo(HaveOccurred())
			Expect(info.Privileged).To(HaveValue(BeTrue()))
		},
		Entry("of baggageclaim 1.3.5", "baggageclaim-1.3.5", "cow-child", "88914c83-fc71-4358-4f3f-b886429f9013"),
		Entry("of baggageclaim 1.10.0", "baggageclaim-1.10.0", "m-cow", "m-root"),
	)

	It("has no error of a volume that was made without properties", func() {
		volumes := newVolumes()
		write("null\n", mkdir(volumes, "live", "v-1"), "properties.json")
		write("false\n", volumes, "live", "v-1", "privileged.json")
		info := readAll(volumes).Info("v-1")
		Expect(info.Properties).To(BeEmpty())
		Expect(info.PropertiesErr).NotTo(HaveOccurred())
		Expect(info.Privileged).To(HaveValue(BeFalse()))
	})

	It("keeps an error for each thing that can't be told", func() {
		volumes := newVolumes()
		directory := mkdir(volumes, "live", "v-1")
		write("{", directory, "ttl.json")
		write(`{"a":1}`, directory, "properties.json")
		write(`"yes"`, directory, "privileged.json")
		symlink("/etc/passwd", directory, "parent")
		info := readAll(volumes).Info("v-1")
		Expect(info.State).To(Equal(reaper.VolumeLive))
		Expect(info.TTLErr).To(MatchError(ContainSubstring(directory + "/ttl.json")))
		Expect(string(info.TTLJSON)).To(Equal("{"))
		Expect(info.PropertiesErr).To(MatchError(HavePrefix("decode " + directory + "/properties.json: ")))
		Expect(string(info.PropertiesJSON)).To(Equal(`{"a":1}`))
		Expect(info.Privileged).To(BeNil())
		Expect(info.PrivilegedErr).To(MatchError(HavePrefix("decode " + directory + "/privileged.json: ")))
		Expect(info.Parent).To(BeEmpty())
		Expect(info.ParentErr).To(MatchError("read parent of volume: /etc/passwd is no volume's directory"))
	})

	It("keeps the errors of what can't be read", func() {
		volumes := newVolumes()
		directory := mkdir(volumes, "live", "v-1")
		mkdir(directory, "privileged.json")
		write("", directory, "parent")
		info := readAll(volumes).Info("v-1")
		Expect(info.PropertiesErr).To(MatchError(fs.ErrNotExist))
		Expect(info.PropertiesJSON).To(BeNil())
		Expect(info.PrivilegedErr).To(MatchError(ContainSubstring("is a directory")))
		Expect(info.ParentErr).To(MatchError(ContainSubstring("invalid argument")))
	})

	It("has the ttl.json of a volume that is not live, too", func() {
		volumes := recorded("baggageclaim-1.3.5")
		rename(filepath.Join(volumes, "live/v-1"), filepath.Join(volumes, "dead/v-1"))
		rename(filepath.Join(volumes, "live/v-2"), filepath.Join(volumes, "init/v-2"))
		snapshot := readAll(volumes)
		Expect(snapshot.Volume("v-1").HasTTL).To(BeFalse())
		Expect(snapshot.Info("v-1").State).To(Equal(reaper.VolumeDead))
		Expect(snapshot.Info("v-1").TTL).To(Equal(10 * time.Hour))
		Expect(snapshot.Info("v-1").Directory).To(Equal(filepath.Join(volumes, "dead/v-1")))
		Expect(snapshot.Info("v-2").State).To(Equal(reaper.VolumeInit))
		Expect(snapshot.Info("v-2").TTL).To(Equal(10 * time.Hour))
		Expect(snapshot.Info("v-2").Directory).To(Equal(filepath.Join(volumes, "init/v-2")))
	})

	It("has nothing but the state of a volume that is missing or unknown", func() {
		snapshot := readAll(newVolumes())
		Expect(snapshot.Info("v-1")).To(Equal(baggageclaim.Info{Volume: snapshot.Volume("v-1")}))
		Expect(snapshot.Info("..")).To(Equal(baggageclaim.Info{Volume: snapshot.Volume("..")}))
	})
})

var _ = Describe("Volumes and Counts", func() {
	It("are of all volumes of all states, sorted by handle", func() {
		volumes := recorded("baggageclaim-1.3.5")
		mkdir(volumes, "init", "b-1")
		mkdir(volumes, "dead", "z-1")
		mkdir(volumes, "dead", "v-1")
		write("", volumes, "live", "file")
		snapshot := readAll(volumes)

		states := []string{}
		for _, info := range snapshot.Volumes() {
			states = append(states, info.Handle+" "+string(info.State))
		}
		Expect(states).To(Equal([]string{
			"88914c83-fc71-4358-4f3f-b886429f9013 live",
			"b-1 init",
			"cow-child live",
			"file unknown",
			"v-1 live",
			"v-2 live",
			"z-1 dead",
		}))
		Expect(snapshot.Counts()).To(Equal(map[reaper.VolumeState]int{
			reaper.VolumeInit: 1,
			reaper.VolumeLive: 4,
			reaper.VolumeDead: 1,
		}))
	})

	It("are none of an empty directory", func() {
		snapshot := readAll(newVolumes())
		Expect(snapshot.Volumes()).To(BeEmpty())
		Expect(snapshot.Counts()).To(Equal(map[reaper.VolumeState]int{
			reaper.VolumeInit: 0,
			reaper.VolumeLive: 0,
			reaper.VolumeDead: 0,
		}))
	})

	It("has a volume that is removed meanwhile as missing", func() {
		volumes := newVolumes()
		mkdir(volumes, "dead", "v-1")
		snapshot := readAll(volumes)
		Expect(os.Remove(filepath.Join(volumes, "dead/v-1"))).To(Succeed())
		Expect(snapshot.Volumes()).To(HaveExactElements(HaveField("State", reaper.VolumeMissing)))
	})
})
