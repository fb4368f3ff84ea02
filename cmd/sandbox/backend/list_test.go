package backend_test

import (
	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

var _ = Describe("Containers", func() {
	var s *served

	BeforeEach(func() {
		s = serve(backend.Options{},
			backend.Container{Handle: "c-2", Properties: garden.Properties{"k": "v", "l": "w"}},
			backend.Container{Handle: "c-1", Properties: garden.Properties{"k": "v"}},
			backend.Container{Handle: "half-created", Hidden: true, Properties: garden.Properties{"k": "v"}},
			backend.Container{Handle: "undead", Zombie: true},
			backend.Container{Handle: "left", DepotOnly: true},
		)
	})

	DescribeTable("filters",
		func(filter garden.Properties, handles ...string) {
			Expect(s.list(filter)).To(Equal(handles))
		},
		Entry("nothing but what is created", nil, "c-1", "c-2", "undead"),
		Entry("nothing with garden.state=all",
			garden.Properties{"garden.state": "all"}, "c-1", "c-2", "half-created", "undead"),
		Entry("by a property", garden.Properties{"k": "v"}, "c-1", "c-2"),
		Entry("by all of several properties", garden.Properties{"k": "v", "l": "w"}, "c-2"),
		Entry("by a property with garden.state=all",
			garden.Properties{"k": "v", "garden.state": "all"}, "c-1", "c-2", "half-created"),
	)

	It("lists none where nothing matches", func() {
		Expect(s.list(garden.Properties{"k": "other"})).To(BeEmpty())
		Expect(s.list(garden.Properties{"garden.state": "creating"})).To(BeEmpty())
	})

	It("counts plain lists and others apart", func() {
		s.list(nil)
		s.list(garden.Properties{"garden.state": "all"})
		Expect(s.Calls.Counts().Counts).To(Equal(map[string]int{"list": 1, "list-all": 1}))
	})

	DescribeTable("fails",
		func(fault string, plainFails, allFails bool) {
			s.fault(fault)
			_, err := s.client.Containers(nil)
			Expect(err != nil).To(Equal(plainFails))
			_, err = s.client.Containers(garden.Properties{"garden.state": "all"})
			Expect(err != nil).To(Equal(allFails))

			Expect(s.Faults.Off(fault)).To(Succeed())
			Expect(s.list(nil)).To(HaveLen(3))
		},
		Entry("with list-fails", "list-fails", true, true),
		Entry("with all-list-fails", "all-list-fails", false, true),
	)

	It("is empty with list-empty", func() {
		s.fault("list-empty")
		Expect(s.list(nil)).To(BeEmpty())
		Expect(s.list(garden.Properties{"garden.state": "all"})).To(BeEmpty())
	})

	It("lacks the handles that list-empty is limited to", func() {
		s.fault("list-empty", "c-1", "half-created")
		Expect(s.list(nil)).To(Equal([]string{"c-2", "undead"}))
		Expect(s.list(garden.Properties{"garden.state": "all"})).To(Equal([]string{"c-2", "undead"}))
	})

	It("shows nothing half-created with all-list-empty", func() {
		s.fault("all-list-empty")
		Expect(s.list(nil)).To(HaveLen(3))
		Expect(s.list(garden.Properties{"garden.state": "all"})).To(BeEmpty())
	})

	It("hangs with list-hangs, until that is off", func() {
		s.fault("list-hangs")
		listed := make(chan []string, 1)
		go func() {
			defer GinkgoRecover()
			listed <- s.list(nil)
		}()
		Eventually(func() int { return s.Faults.States()["list-hangs"].Holding }).Should(Equal(1))
		Expect(listed).NotTo(Receive())

		Expect(s.Faults.Off("list-hangs")).To(Succeed())
		Eventually(listed).Should(Receive(HaveLen(3)))
	})
})
