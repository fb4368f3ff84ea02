package containerd_test

import (
	"context"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/containerd"
	"weeder/reaper"
)

// writeConfig puts a config.json for a handle into a directory of bundles.
func writeConfig(bundles, handle, content string) string {
	GinkgoHelper()
	path := filepath.Join(bundles, handle, "config.json")
	Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
	Expect(os.WriteFile(path, []byte(content), 0o644)).To(Succeed())
	return path
}

var _ = Describe("Bundles", func() {
	var bundles containerd.Bundles
	BeforeEach(func() {
		bundles = containerd.Bundles{Dir: filepath.Join(shortDir(), "concourse")}
	})

	It("tell specs, but no properties", func(ctx SpecContext) {
		written := writeConfig(bundles.Dir, "c-1", spec)
		Expect(os.Chtimes(written, createdAt, createdAt)).To(Succeed())
		Expect(os.MkdirAll(filepath.Join(bundles.Dir, "c-without-config"), 0o755)).To(Succeed())

		sightings, err := bundles.Inspect(ctx, []string{"c-1", "c-absent", "c-without-config"})
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings).To(HaveLen(1))
		Expect(sightings["c-1"].CreatedAt).To(BeTemporally("==", createdAt))
		Expect(sightings["c-1"].Properties).To(BeNil())
		Expect(sightings["c-1"].Spec).To(Equal(sighting.Spec))
		Expect(sightings["c-1"].SpecSource).To(Equal(reaper.SourceBundle))
		Expect(sightings["c-1"].BundlePath).To(Equal(filepath.Join(bundles.Dir, "c-1")))
		Expect(sightings["c-1"].Doubts).To(BeEmpty())
	})

	It("are absent without their directory", func(ctx SpecContext) {
		Expect(bundles.Inspect(ctx, []string{"c-1"})).To(And(BeEmpty(), Not(BeNil())))
	})

	It("fail where their directory is none", func(ctx SpecContext) {
		Expect(os.WriteFile(bundles.Dir, nil, 0o600)).To(Succeed())
		_, err := bundles.Inspect(ctx, []string{"c-1"})
		Expect(err).To(MatchError(ContainSubstring("read bundles: ")))
		Expect(err).To(MatchError(ContainSubstring(bundles.Dir)))
	})

	It("doubt the one that can't be decoded, and that alone", func(ctx SpecContext) {
		writeConfig(bundles.Dir, "c-1", spec)
		torn := writeConfig(bundles.Dir, "c-torn", spec[:40])
		sightings, err := bundles.Inspect(ctx, []string{"c-1", "c-torn"})
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings["c-1"].Spec).NotTo(BeNil())
		Expect(sightings["c-torn"].Spec).To(BeNil())
		Expect(sightings["c-torn"].Doubts).To(ConsistOf(And(
			HaveField("Code", reaper.SourceUnreadable),
			HaveField("Detail", HavePrefix("containerd's bundle: "+torn+" is not decodable: ")),
		)))
	})

	It("are read for no handle that is not a name", func(ctx SpecContext) {
		writeConfig(filepath.Dir(bundles.Dir), "outside", spec)
		writeConfig(bundles.Dir, "c-1", spec)
		Expect(bundles.Inspect(ctx, []string{"../outside", "", ".", "c-1/../c-1"})).To(BeEmpty())
	})

	It("end with their context", func(ctx SpecContext) {
		writeConfig(bundles.Dir, "c-1", spec)
		ended, end := context.WithTimeout(ctx, -time.Second)
		defer end()
		_, err := bundles.Inspect(ended, []string{"c-1"})
		Expect(err).To(MatchError(context.DeadlineExceeded))
	})
})
