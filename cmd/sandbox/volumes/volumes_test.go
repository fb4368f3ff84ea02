package volumes_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/volumes"
)

var _ = Describe("Dir", func() {
	var dir volumes.Dir

	BeforeEach(func() {
		dir = volumes.Dir(GinkgoT().TempDir())
		Expect(dir.Make()).To(Succeed())
	})

	read := func(parts ...string) string {
		GinkgoHelper()
		content, err := os.ReadFile(filepath.Join(append([]string{string(dir)}, parts...)...))
		Expect(err).NotTo(HaveOccurred())
		return string(content)
	}

	It("has a directory for each state", func() {
		entries, err := os.ReadDir(string(dir))
		Expect(err).NotTo(HaveOccurred())
		Expect(entries).To(HaveLen(3))
		Expect(dir.Make()).To(Succeed())
	})

	It("writes a volume as baggageclaim does", func() {
		Expect(dir.Put(volumes.Volume{
			Handle:     "v-1",
			Properties: map[string]string{"initialized": "yep"},
			TTL:        volumes.Until(time.Unix(1795247175, 0), 36000),
		})).To(Succeed())

		Expect(read("live", "v-1", "ttl.json")).To(Equal("{\"ttl\":36000,\"expires_at\":1795247175}\n"))
		Expect(read("live", "v-1", "properties.json")).To(Equal("{\"initialized\":\"yep\"}\n"))
		Expect(read("live", "v-1", "privileged.json")).To(Equal("false\n"))
		Expect(dir.Data("v-1")).To(BeADirectory())
	})

	It("leaves a brace behind the value where told to", func() {
		ttl := volumes.Forever(time.Unix(1795211917, 0))
		ttl.Stray = true
		Expect(dir.Put(volumes.Volume{Handle: "v-1", TTL: ttl})).To(Succeed())
		Expect(read("live", "v-1", "ttl.json")).To(Equal("{\"ttl\":0,\"expires_at\":1795211917}\n}\n"))
	})

	It("writes raw content as it is", func() {
		Expect(dir.Put(volumes.Volume{Handle: "v-1", TTL: &volumes.TTL{Raw: "{"}, RawProperties: "["})).To(Succeed())
		Expect(read("live", "v-1", "ttl.json")).To(Equal("{"))
		Expect(read("live", "v-1", "properties.json")).To(Equal("["))
	})

	It("writes no ttl.json where there is no TTL", func() {
		Expect(dir.Put(volumes.Volume{Handle: "v-1"})).To(Succeed())
		Expect(filepath.Join(string(dir), "live", "v-1", "ttl.json")).NotTo(BeAnExistingFile())
	})

	It("links a child to its parent", func() {
		Expect(dir.Put(volumes.Volume{Handle: "child", Parent: "v-1"})).To(Succeed())
		target, err := os.Readlink(filepath.Join(string(dir), "live", "child", "parent"))
		Expect(err).NotTo(HaveOccurred())
		Expect(target).To(Equal(filepath.Join(string(dir), "live", "v-1")))
	})

	It("has a volume in one state at a time", func() {
		for _, state := range volumes.States {
			Expect(dir.Put(volumes.Volume{Handle: "v-1", State: state})).To(Succeed())
			matches, err := filepath.Glob(filepath.Join(string(dir), "*", "v-1"))
			Expect(err).NotTo(HaveOccurred())
			Expect(matches).To(Equal([]string{filepath.Join(string(dir), state, "v-1")}))
		}
	})

	It("removes a volume in whatever state", func() {
		Expect(dir.Put(volumes.Volume{Handle: "v-1", State: volumes.Dead})).To(Succeed())
		Expect(dir.Remove("v-1")).To(Succeed())
		Expect(filepath.Join(string(dir), "dead", "v-1")).NotTo(BeAnExistingFile())
		Expect(dir.Remove("v-1")).To(MatchError(fs.ErrNotExist))
	})

	DescribeTable("refuses what would lead out of it",
		func(volume volumes.Volume) { Expect(dir.Put(volume)).NotTo(Succeed()) },
		Entry("a handle with a slash", volumes.Volume{Handle: "a/b"}),
		Entry("the parent directory", volumes.Volume{Handle: ".."}),
		Entry("no handle", volumes.Volume{}),
		Entry("another state", volumes.Volume{Handle: "v-1", State: "../live"}),
	)
})
