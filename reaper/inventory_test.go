package reaper_test

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Inventory", func() {
	var (
		w         *fakeWorker
		inventory *reaper.Inventory
	)
	BeforeEach(func() {
		w = newWorker()
		w.container("b", live("v-b"))
		inventory = reaper.NewInventory(w.garden, nil, w.volumes, w.clock)
	})

	containers := func() map[string]reaper.Container {
		GinkgoHelper()
		list, err := inventory.Containers(GinkgoT().Context())
		Expect(err).NotTo(HaveOccurred())
		byHandle := map[string]reaper.Container{}
		for _, container := range list {
			byHandle[container.Handle] = container
		}
		Expect(byHandle).To(HaveLen(len(list)))
		return byHandle
	}

	It("lists what Garden lists, what it hides, and what only the depot shows", func() {
		w.garden.hidden, w.garden.depot = []string{"half-made"}, []string{"b", "half-made", "zombie"}
		w.garden.sightings["half-made"] = reaper.Sighting{Properties: propertiesOf("v")}
		w.garden.sightings["zombie"] = reaper.Sighting{BundlePath: "/depot/zombie", Spec: &reaper.Spec{Root: "/volumes/live/v/volume"}, SpecSource: reaper.SourceBundle}

		all := containers()
		Expect(all).To(HaveLen(4))
		Expect(all["b"].Hidden).To(BeFalse())
		Expect(all["half-made"]).To(And(HaveField("Hidden", true), HaveField("References", HaveLen(1))))
		Expect(all["zombie"]).To(And(HaveField("Hidden", true), HaveField("References", HaveLen(1)), HaveField("BundlePath", "/depot/zombie")))
	})

	It("reads a container whole", func() {
		w.garden.sightings["b"] = reaper.Sighting{
			State:      "active",
			Properties: map[string]string{"concourse:volumes": `["root"]`, "garden.grace-time": "300000000000"},
			BundlePath: "/depot/b",
			Spec: &reaper.Spec{Root: "/volumes/live/root/volume", Binds: []reaper.Bind{
				{Source: "/elsewhere/live/lost/volume", Destination: "/lost"},
			}},
			SpecSource: reaper.SourceBundle,
			CreatedAt:  now.Add(-time.Hour),
			Doubts:     []reaper.Reason{{Code: reaper.SourceUnreadable}},
		}

		b := containers()["b"]
		Expect(codes(b.Doubts)).To(Equal([]reaper.Code{reaper.SourceUnreadable, reaper.OtherVolumesDir}))
		b.Doubts = nil
		Expect(b).To(Equal(reaper.Container{
			Handle:     "b",
			State:      "active",
			Properties: map[string]string{"concourse:volumes": `["root"]`, "garden.grace-time": "300000000000"},
			GraceTime:  5 * time.Minute,
			BundlePath: "/depot/b",
			CreatedAt:  now.Add(-time.Hour),
			References: []reaper.Reference{
				{Volume: "root", Path: "/", Root: true, Source: reaper.SourceProperties},
				{Volume: "root", Path: "/", Root: true, Source: reaper.SourceBundle},
			},
			SpecRead: true,
		}))
	})

	DescribeTable("reads the container's own grace time",
		func(text string, grace time.Duration, doubts ...reaper.Code) {
			w.sight("b", func(s *reaper.Sighting) { s.Properties[reaper.GraceTimeProperty] = text })
			Expect(containers()["b"].GraceTime).To(Equal(grace))
			Expect(codes(containers()["b"].Doubts)).To(ConsistOf(doubts))
		},
		Entry("in nanoseconds", "300000000000", 5*time.Minute),
		Entry("0, for none", "0", time.Duration(0)),
		Entry("as long as it can be", "9223372036854775807", time.Duration(1<<63-1)),
		Entry("longer than it can be", "9223372036854775808", time.Duration(0), reaper.PropertiesMalformed),
		Entry("negative", "-1", time.Duration(0), reaper.PropertiesMalformed),
		Entry("with a unit", "5m", time.Duration(0), reaper.PropertiesMalformed),
		Entry("empty", "", time.Duration(0), reaper.PropertiesMalformed),
	)

	It("doubts a container about which Garden does not answer", func() {
		delete(w.garden.sightings, "b")
		Expect(codes(containers()["b"].Doubts)).To(Equal([]reaper.Code{reaper.SourceUnreadable}))
	})

	It("never sends an unsafe handle to Garden, and lists it all the same", func() {
		w.garden.plain = append(w.garden.plain, "a?x")
		w.garden.depot = []string{"lost+found"}

		Expect(containers()).To(And(HaveKey("a?x"), HaveKey("lost+found")))
		_, err := inventory.Look(GinkgoT().Context(), "a?x")
		Expect(err).NotTo(HaveOccurred())
		Expect(w.of("inspect")).To(Equal([]string{"inspect a-live b"}))
	})

	It("asks in a second pass about the unseen alone", func() {
		containers()
		w.forget()
		containers()
		Expect(w.of()).To(Equal([]string{"handles", "depot"}))

		w.container("c", live("v-c"))
		w.garden.depot = []string{"d"}
		w.garden.sightings["d"] = reaper.Sighting{Properties: propertiesOf("v-d")}
		w.forget()
		Expect(containers()).To(And(HaveKey("c"), HaveKey("d")))
		Expect(w.of("inspect")).To(Equal([]string{"inspect c", "inspect d"}))
	})

	It("keeps of the seen what it knew of them", func() {
		first := containers()
		Expect(containers()).To(Equal(first))
	})

	It("asks again about a handle that left and came back", func() {
		containers()
		w.garden.plain = []string{"a-live"}
		Expect(containers()).NotTo(HaveKey("b"))

		w.garden.plain = []string{"a-live", "b"}
		w.sight("b", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-new") })
		w.forget()
		Expect(containers()["b"].References).To(ConsistOf(HaveField("Volume", "v-new")))
		Expect(w.of("inspect")).To(Equal([]string{"inspect b"}))
	})

	It("says so when a container that is known goes into hiding, and asks nothing", func() {
		before := containers()
		Expect(before["b"].Hidden).To(BeFalse())
		w.garden.plain, w.garden.hidden = []string{"a-live"}, []string{"b"}
		w.forget()
		Expect(containers()["b"].Hidden).To(BeTrue())
		Expect(before["b"].Hidden).To(BeFalse())
		Expect(w.of("inspect")).To(BeEmpty())
	})

	Context("when a container comes out of hiding", func() {
		comesOut := func() {
			GinkgoHelper()
			w.garden.plain, w.garden.hidden, w.garden.depot = []string{"a-live", "b"}, nil, nil
			w.sight("b", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-b", "v-b-root") })
			w.forget()

			Expect(containers()["b"]).To(And(HaveField("Hidden", false), HaveField("References", HaveLen(2))))
			Expect(w.of("inspect")).To(Equal([]string{"inspect b"}))
		}
		BeforeEach(func() {
			w.garden.plain, w.garden.hidden = []string{"a-live"}, []string{"b"}
		})

		It("asks again: its creation is over", func() {
			Expect(containers()["b"].Hidden).To(BeTrue())
			comesOut()
		})

		It("asks again where only the depot had it", func() {
			w.garden.hidden, w.garden.depot = nil, []string{"b"}
			Expect(containers()["b"].Hidden).To(BeTrue())
			comesOut()
		})

		It("asks again where the pass that saw it hidden came to nothing", func() {
			w.garden.depotErr = errors.New("input/output error")
			_, err := inventory.Containers(GinkgoT().Context())
			Expect(err).To(HaveOccurred())

			w.garden.depotErr = nil
			comesOut()
		})

		It("lets it be while it hides", func() {
			containers()
			w.forget()
			containers()
			Expect(w.of("inspect")).To(BeEmpty())
		})
	})

	It("asks ever more seldom about one that Garden hangs over, until it answers", func() {
		silent := true
		spoil := func() {
			w.sight("b", func(s *reaper.Sighting) {
				s.Silent, s.Blind, s.Doubts = silent, silent, []reaper.Reason{{Code: reaper.SourceUnreadable}}
			})
		}
		spoil()
		Expect(containers()["b"]).To(And(HaveField("Silent", true), HaveField("Blind", true)))

		asksAfter := func(wait time.Duration) {
			GinkgoHelper()
			w.clock.Increment(wait - 1)
			w.forget()
			containers()
			Expect(w.of("inspect")).To(BeEmpty())
			w.clock.Increment(1)
			containers()
			Expect(w.of("inspect")).To(Equal([]string{"inspect b"}))
		}
		for _, minutes := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 360, 360} {
			asksAfter(minutes * time.Minute)
		}
		silent = false
		spoil()
		asksAfter(360 * time.Minute)
		asksAfter(5 * time.Minute)
	})

	DescribeTable("asks again after five minutes, and no sooner, about what it could not read",
		func(spoil func(*reaper.Sighting)) {
			w.sight("b", spoil)
			containers()
			w.clock.Increment(5*time.Minute - 1)
			w.forget()
			containers()
			Expect(w.of("inspect")).To(BeEmpty())

			w.clock.Increment(1)
			containers()
			Expect(w.of("inspect")).To(Equal([]string{"inspect b"}))

			By("waiting as long after that")
			w.forget()
			w.clock.Increment(5*time.Minute - 1)
			containers()
			Expect(w.of("inspect")).To(BeEmpty())
		},
		Entry("with a doubt", func(s *reaper.Sighting) { s.Doubts = []reaper.Reason{{Code: reaper.SourceUnreadable}} }),
		Entry("with malformed properties", func(s *reaper.Sighting) { s.Properties = map[string]string{reaper.VolumesProperty: "["} }),
		Entry("with no source at all", func(s *reaper.Sighting) { *s = reaper.Sighting{} }),
	)

	It("has no more doubts about what it can read at last", func() {
		w.sight("b", func(s *reaper.Sighting) { s.Doubts = []reaper.Reason{{Code: reaper.SourceUnreadable}} })
		Expect(containers()["b"].Doubts).NotTo(BeEmpty())

		w.sight("b", func(s *reaper.Sighting) { s.Doubts = nil })
		w.clock.Increment(5 * time.Minute)
		Expect(containers()["b"].Doubts).To(BeEmpty())
	})

	It("leaves alone for good what it read whole, foreign containers among it", func() {
		w.sight("b", func(s *reaper.Sighting) { *s = reaper.Sighting{Spec: &reaper.Spec{Root: "/rootfs"}} })
		containers()
		w.clock.Increment(1000 * time.Hour)
		w.forget()
		containers()
		Expect(w.of("inspect")).To(BeEmpty())
	})

	DescribeTable("knows nothing where Garden can't be asked: that is no empty worker",
		func(fail func(error)) {
			fail(errors.New("connection refused"))
			list, err := inventory.Containers(GinkgoT().Context())
			Expect(err).To(MatchError("connection refused"))
			Expect(list).To(BeNil())
		},
		Entry("for the list", func(err error) { w.garden.handlesErr = err }),
		Entry("for the depot", func(err error) { w.garden.depotErr = err }),
		Entry("for the containers", func(err error) { w.garden.inspectErr = err }),
	)

	It("asks again about what an error kept it from seeing", func() {
		w.garden.inspectErr = errors.New("connection refused")
		_, err := inventory.Containers(GinkgoT().Context())
		Expect(err).To(HaveOccurred())

		w.garden.inspectErr = nil
		Expect(containers()["b"].References).To(HaveLen(1))
	})
})
