package reaper_test

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Inventory, asked about one container", func() {
	var (
		w         *fakeWorker
		inventory *reaper.Inventory
	)
	BeforeEach(func() {
		w = newWorker()
		w.container("b", live("v-b"))
		inventory = reaper.NewInventory(w.garden, nil, w.volumes, w.clock)
		_, err := inventory.Containers(GinkgoT().Context())
		Expect(err).NotTo(HaveOccurred())
	})

	Describe("Look", func() {
		It("reads afresh what was seen", func() {
			w.sight("b", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-new") })
			Expect(inventory.Look(GinkgoT().Context(), "b")).To(HaveField("References", ConsistOf(HaveField("Volume", "v-new"))))
		})

		It("fails where Garden can't be asked", func() {
			w.garden.inspectErr = errors.New("connection refused")
			_, err := inventory.Look(GinkgoT().Context(), "b")
			Expect(err).To(MatchError("connection refused"))
		})
	})

	Describe("Gone", func() {
		gone := func(handle string) bool {
			GinkgoHelper()
			gone, err := inventory.Gone(GinkgoT().Context(), handle)
			Expect(err).NotTo(HaveOccurred())
			return gone
		}
		It("goes by every list and the depot", func() {
			w.garden.hidden, w.garden.depot = []string{"half-made"}, []string{"zombie"}
			Expect(gone("b")).To(BeFalse())
			Expect(gone("half-made")).To(BeFalse())
			Expect(gone("zombie")).To(BeFalse())
			Expect(gone("never-was")).To(BeTrue())
		})

		DescribeTable("tells nothing where Garden can't be asked",
			func(fail func(error)) {
				fail(errors.New("connection refused"))
				_, err := inventory.Gone(GinkgoT().Context(), "never-was")
				Expect(err).To(MatchError("connection refused"))
			},
			Entry("for the list", func(err error) { w.garden.handlesErr = err }),
			Entry("for the depot", func(err error) { w.garden.depotErr = err }),
		)
	})
})
