package gardenclient_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/gardenfakes"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
	"weeder/reaper"
)

const recorded = "eb8f2bbf-86e1-4603-4881-548c9133aa62"

var _ = Describe("Inspect", func() {
	var (
		wire  *wireGarden
		depot string
	)

	BeforeEach(func() {
		wire = newWireGarden()
		depot = filepath.Join(GinkgoT().TempDir(), "depot")
		Expect(os.Mkdir(depot, 0o755)).To(Succeed())
	})

	// inspect looks at one container, whose bundle Garden says is in the depot.
	inspect := func(ctx SpecContext, config gardenclient.Config) reaper.Sighting {
		GinkgoHelper()
		wire.answers("GET /containers/bulk_info", 200, infos{"c-1": {"ContainerPath": filepath.Join(depot, "c-1")}}.json())
		sightings, err := wire.client(config).Inspect(ctx, []string{"c-1"}, nil)
		Expect(err).NotTo(HaveOccurred())
		return sightings["c-1"]
	}

	It("tells what a recorded Guardian and its depot say", func(ctx SpecContext) {
		wire.replays("GET /containers/bulk_info", "guardian/bulk_info.json")
		config := writeConfig(depot, recorded, string(testdata("guardian/depot-config.json")))
		created := time.Date(2026, 11, 20, 21, 58, 36, 979275226, time.UTC)
		Expect(os.Chtimes(config, created, created)).To(Succeed())

		sightings, err := wire.client(gardenclient.Config{Depot: depot}).Inspect(ctx, []string{recorded, "c-1", "nope"}, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings).To(HaveLen(3))

		whole := sightings[recorded]
		Expect(whole.State).To(Equal("active"))
		Expect(whole.Properties).To(HaveKeyWithValue("garden.grace-time", "300000000000"))
		Expect(whole.Properties).To(HaveKeyWithValue("concourse:volumes", `["88914c83-fc71-4358-4f3f-b886429f9013","1a657656-9647-4bee-54be-8505eb323b9e"]`))
		Expect(whole.BundlePath).To(Equal("/var/vcap/data/garden/depot/" + recorded))
		Expect(whole.Spec.Root).To(Equal("/var/vcap/data/baggageclaim/volumes/live/88914c83-fc71-4358-4f3f-b886429f9013/volume"))
		Expect(whole.Spec.Binds).To(ContainElement(reaper.Bind{
			Source:      "/var/vcap/data/baggageclaim/volumes/live/1a657656-9647-4bee-54be-8505eb323b9e/volume",
			Destination: "/tmp/build/get",
		}))
		Expect(whole.SpecSource).To(Equal(reaper.SourceBundle))
		Expect(whole.CreatedAt).To(BeTemporally("==", created))
		Expect(whole.Doubts).To(BeEmpty())

		Expect(sightings["c-1"].Properties).To(HaveKeyWithValue("concourse:volumes", `["v-1"]`))
		Expect(sightings["c-1"].Spec).To(BeNil())
		Expect(sightings["c-1"].Blind).To(BeTrue())

		Expect(sightings["nope"]).To(Equal(reaper.Sighting{Doubts: doubt("bulk_info: unknown handle: nope")}))
	})

	It("asks in batches, and about nothing else", func(ctx SpecContext) {
		wire.on("GET /containers/bulk_info", func(w http.ResponseWriter, r *http.Request) {
			told := infos{}
			for _, handle := range strings.Split(r.URL.Query().Get("handles"), ",") {
				told[handle] = map[string]any{"State": "active"}
			}
			fmt.Fprint(w, told.json())
		})
		var handles []string
		for i := range 250 {
			handles = append(handles, fmt.Sprintf("c-%d", i))
		}

		client := wire.client(gardenclient.Config{})
		Expect(client.Inspect(ctx, handles, nil)).To(HaveLen(250))
		Expect(wire.asked("")).To(HaveLen(3))
		Expect(wire.asked("GET /containers/bulk_info?handles=c-0%2Cc-1%2C")).To(HaveLen(1))

		Expect(client.Inspect(ctx, nil, nil)).To(BeEmpty())
		Expect(wire.asked("")).To(HaveLen(3))
	})

	It("leaves grace countdowns alone", func(ctx SpecContext) {
		backend := new(gardenfakes.FakeBackend)
		backend.BulkInfoReturns(map[string]garden.ContainerInfoEntry{
			"c-1": {Info: garden.ContainerInfo{State: "active"}},
			"c-2": {Err: garden.NewError("runc state: exit status 1")},
		}, nil)
		client := newClient(gardenclient.Config{Target: newGardenServer(backend)})

		sightings, err := client.Inspect(ctx, []string{"c-1", "c-2"}, nil)
		Expect(err).NotTo(HaveOccurred())
		// Null properties of a container that was told are none, not unknown.
		Expect(sightings["c-1"]).To(Equal(reaper.Sighting{State: "active", Properties: map[string]string{}}))
		Expect(sightings["c-2"].Doubts).To(Equal(doubt("bulk_info: runc state: exit status 1")))
		// Each per-handle call begins with a lookup.
		Expect(backend.LookupCallCount()).To(BeZero())
	})

	It("refuses unsafe handles before anything is sent", func(ctx SpecContext) {
		for _, unsafe := range []string{"a?x", "a,b", "a/b", "..", "", "a b", "-a", "a\n"} {
			_, err := wire.client(gardenclient.Config{}).Inspect(ctx, []string{"c-1", unsafe}, nil)
			Expect(err).To(MatchError(gardenclient.ErrUnsafeHandle))
			Expect(err).To(MatchError(ContainSubstring("handle %q", unsafe)))
		}
		Expect(wire.asked("")).To(BeEmpty())
	})

	DescribeTable("fails as a whole where bulk_info does, asking no container by itself",
		func(ctx SpecContext, status int, body string) {
			wire.answers("GET /containers/bulk_info", status, body)
			sightings, err := wire.client(gardenclient.Config{}).Inspect(ctx, []string{"c-1"}, nil)
			Expect(err).To(MatchError(HavePrefix("bulk_info: ")))
			Expect(sightings).To(BeNil())
			Expect(wire.asked("")).To(HaveLen(1))
		},
		Entry("an untyped error", 500, untyped),
		Entry("ENOSYS", 500, `{"Message":"runc state: function not implemented"}`),
		Entry("a proxy's error", 501, "Not Implemented"),
		Entry("an answer of another shape", 200, `[]`),
	)

	Describe("the bundle", func() {
		It("is read where Garden says that it is", func(ctx SpecContext) {
			writeConfig(depot, "c-1", spec)
			seen := inspect(ctx, gardenclient.Config{})
			Expect(seen.Spec).To(Equal(&reaper.Spec{
				Root:  "/volumes/live/v-root/volume",
				Binds: []reaper.Bind{{Source: "/volumes/live/v-get/volume", Destination: "/tmp/build/get"}},

				Purpose: reaper.Purpose{Build: "42"},
			}))
			Expect(seen.CreatedAt).To(BeTemporally("~", time.Now(), time.Hour))
		})

		It("is read in the configured depot in preference", func(ctx SpecContext) {
			writeConfig(depot, "c-1", strings.ReplaceAll(spec, "v-root", "v-other"))
			here := GinkgoT().TempDir()
			writeConfig(here, "c-1", spec)

			seen := inspect(ctx, gardenclient.Config{Depot: here})
			Expect(seen.Spec.Root).To(Equal("/volumes/live/v-root/volume"))
			Expect(seen.BundlePath).To(Equal(filepath.Join(depot, "c-1")))
		})

		DescribeTable("makes blind where Garden names it and its depot lacks it: that may be another worker's",
			func(ctx SpecContext, prepare func()) {
				prepare()
				seen := inspect(ctx, gardenclient.Config{})
				Expect(seen.Spec).To(BeNil())
				Expect(seen.SpecSource).To(BeEmpty())
				Expect(seen.Blind).To(BeTrue())
				Expect(seen.Doubts).To(HaveExactElements(And(
					HaveField("Code", reaper.SourceUnreadable),
					HaveField("Detail", And(ContainSubstring(filepath.Join(depot, "c-1")), ContainSubstring("--target"))))))
			},
			Entry("the depot is empty", func() {}),
			Entry("the bundle is empty", func() {
				Expect(os.Mkdir(filepath.Join(depot, "c-1"), 0o755)).To(Succeed())
			}),
		)

		It("is absent without doubt where Garden names no path", func(ctx SpecContext) {
			wire.answers("GET /containers/bulk_info", 200, infos{"c-1": {"State": "active"}}.json())
			Expect(wire.client(gardenclient.Config{}).Inspect(ctx, []string{"c-1"}, nil)).To(Equal(map[string]reaper.Sighting{
				"c-1": {State: "active", Properties: map[string]string{}},
			}))
		})

		It("is doubtful where the depot is not there at all", func(ctx SpecContext) {
			Expect(os.Remove(depot)).To(Succeed())
			seen := inspect(ctx, gardenclient.Config{})
			Expect(seen.Doubts).To(HaveLen(1))
			Expect(seen.Doubts[0].Code).To(Equal(reaper.SourceUnreadable))
			Expect(seen.Doubts[0].Detail).To(And(
				ContainSubstring(filepath.Join(depot, "c-1", "config.json")),
				ContainSubstring("nor is there "+depot),
				ContainSubstring("--depot tells where weeder sees it"),
			))
		})

		DescribeTable("is doubtful where it can't be read",
			func(ctx SpecContext, prepare func(config string), complaint string) {
				config := writeConfig(depot, "c-1", spec)
				prepare(config)
				seen := inspect(ctx, gardenclient.Config{})
				Expect(seen.Spec).To(BeNil())
				Expect(seen.Doubts).To(HaveLen(1))
				Expect(seen.Doubts[0].Code).To(Equal(reaper.SourceUnreadable))
				Expect(seen.Doubts[0].Detail).To(And(ContainSubstring(config), ContainSubstring(complaint)))
			},
			Entry("the bundle is a file", func(config string) {
				Expect(os.RemoveAll(filepath.Dir(config))).To(Succeed())
				Expect(os.WriteFile(filepath.Dir(config), nil, 0o644)).To(Succeed())
			}, syscall.ENOTDIR.Error()),
			Entry("a loop of symlinks", func(config string) {
				Expect(os.Remove(config)).To(Succeed())
				Expect(os.Symlink("config.json", config)).To(Succeed())
			}, syscall.ELOOP.Error()),
			Entry("a directory", func(config string) {
				Expect(os.Remove(config)).To(Succeed())
				Expect(os.Mkdir(config, 0o755)).To(Succeed())
			}, "no regular file"),
			Entry("a pipe, without waiting for a writer", func(config string) {
				Expect(os.Remove(config)).To(Succeed())
				Expect(syscall.Mkfifo(config, 0o644)).To(Succeed())
			}, "no regular file"),
			Entry("a file without an end", func(config string) {
				Expect(os.Truncate(config, 1<<30)).To(Succeed())
			}, "more than 16777216 bytes"),
			Entry("an empty file", func(config string) {
				Expect(os.Truncate(config, 0)).To(Succeed())
			}, "not decodable"),
			Entry("a file cut short", func(config string) {
				Expect(os.Truncate(config, 30)).To(Succeed())
			}, "not decodable"),
			Entry("JSON that is no spec", func(config string) {
				Expect(os.WriteFile(config, []byte(`{}`), 0o644)).To(Succeed())
			}, "no ociVersion"),
		)

		It("gets a second try where it was caught half-written", func(ctx SpecContext) {
			config := writeConfig(depot, "c-1", spec[:40])
			clock := fakeclock.NewFakeClock(time.Now())

			result := make(chan reaper.Sighting, 1)
			go func() {
				defer GinkgoRecover()
				result <- inspect(ctx, gardenclient.Config{Clock: clock})
			}()
			Eventually(clock.WatcherCount).Should(Equal(1))
			Expect(os.WriteFile(config, []byte(spec), 0o644)).To(Succeed())
			clock.Increment(time.Second)

			var seen reaper.Sighting
			Eventually(result).Should(Receive(&seen))
			Expect(seen.Spec).NotTo(BeNil())
			Expect(seen.Doubts).To(BeEmpty())
		})
	})

	Context("when bulk_info errs about a container, or leaves it out", func() {
		const failed = `{"Info":{},"Err":{"Type":"","Message":"runc state: exit status 1"}}`

		answer := func(entries ...string) {
			wire.answers("GET /containers/bulk_info", 200, "{"+strings.Join(entries, ",")+"}")
		}

		DescribeTable("reads its bundle in the depot, and takes its properties for unknown",
			func(ctx SpecContext, configured bool, zombie string) {
				// The zombie comes first, its neighbour tells the depot.
				answer(append([]string{fmt.Sprintf(`"c-2":{"Info":{"ContainerPath":%q},"Err":null}`, filepath.Join(depot, "c-2"))}, strings.Fields(zombie)...)...)
				config := gardenclient.Config{BatchSize: 1}
				if configured {
					config.Depot = depot
				}
				writeConfig(depot, "c-1", spec)

				sightings, err := wire.client(config).Inspect(ctx, []string{"c-1", "c-2"}, nil)
				Expect(err).NotTo(HaveOccurred())
				seen := sightings["c-1"]
				Expect(seen.Spec.Root).To(Equal("/volumes/live/v-root/volume"))
				Expect(seen.SpecSource).To(Equal(reaper.SourceBundle))
				Expect(seen.CreatedAt).NotTo(BeZero())
				Expect(seen.BundlePath).To(Equal(filepath.Join(depot, "c-1")))
				Expect(seen.Properties).To(BeNil())
				Expect(seen.Doubts).To(BeEmpty())
			},
			Entry("an error, in the configured depot", true, `"c-1":{"Err":{"Message":"zombie"}}`),
			Entry("an error, in a learned depot", false, `"c-1":{"Err":{"Message":"zombie"}}`),
			Entry("left out, in the configured depot", true, ""),
			Entry("left out, in a learned depot", false, ""),
		)

		It("is doubtful where no depot is known", func(ctx SpecContext) {
			answer(`"c-1":` + failed)
			Expect(wire.client(gardenclient.Config{}).Inspect(ctx, []string{"c-1", "c-2"}, nil)).To(Equal(map[string]reaper.Sighting{
				"c-1": {Doubts: doubt("bulk_info: runc state: exit status 1")},
				"c-2": {Doubts: doubt("bulk_info: left out of the answer")},
			}))
		})

		It("is doubtful where the depot has no bundle of it", func(ctx SpecContext) {
			answer(`"c-1":` + failed)
			sightings, err := wire.client(gardenclient.Config{Depot: depot}).Inspect(ctx, []string{"c-1"}, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings["c-1"].Doubts).To(Equal(doubt("bulk_info: runc state: exit status 1")))
		})

		It("tells both errors where its bundle can't be read either", func(ctx SpecContext) {
			answer(`"c-1":` + failed)
			config := writeConfig(depot, "c-1", "")
			sightings, err := wire.client(gardenclient.Config{Depot: depot}).Inspect(ctx, []string{"c-1"}, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings["c-1"].Doubts).To(HaveLen(1))
			Expect(sightings["c-1"].Doubts[0].Detail).To(And(
				HavePrefix("bulk_info: runc state: exit status 1; bundle: "), ContainSubstring(config),
			))
		})
	})
})

func doubt(detail string) []reaper.Reason {
	return []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: detail}}
}
