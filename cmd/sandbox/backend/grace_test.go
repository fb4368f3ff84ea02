package backend_test

import (
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

var _ = Describe("grace times", func() {
	const grace = 500 * time.Millisecond

	create := func(s *served, grace time.Duration) garden.Container {
		GinkgoHelper()
		container, err := s.client.Create(garden.ContainerSpec{Handle: "c-1", GraceTime: grace})
		Expect(err).NotTo(HaveOccurred())
		return container
	}
	listed := func(s *served) func() []string {
		return func() []string { return s.list(nil) }
	}

	It("end containers when they have passed, and not before", func() {
		s := serve(backend.Options{})
		start := time.Now()
		create(s, grace)
		Eventually(listed(s)).Should(BeEmpty())
		Expect(time.Since(start)).To(BeNumerically(">=", grace))
		Expect(s.Destroyed()).To(Equal([]string{"c-1"}))
	})

	It("end containers that were there before the server", func() {
		s := serve(backend.Options{}, backend.Container{Handle: "c-1", GraceTime: grace}, backend.Container{Handle: "c-2"})
		Eventually(listed(s)).Should(Equal([]string{"c-2"}))
	})

	It("end containers made through the server", func() {
		s := serve(backend.Options{})
		Expect(s.server.Create(backend.Container{Handle: "c-1", GraceTime: grace})).To(Succeed())
		Expect(s.Calls.Counts().Counts).To(BeEmpty())
		Eventually(listed(s)).Should(BeEmpty())
	})

	It("end no container whose timer was dropped, nor one that is half-created", func() {
		s := serve(backend.Options{})
		Expect(s.server.Create(backend.Container{Handle: "c-1", GraceTime: grace, NoTimer: true})).To(Succeed())
		Expect(s.server.Create(backend.Container{Handle: "c-2", GraceTime: grace, Hidden: true})).To(Succeed())
		Consistently(func() []string { return s.list(garden.Properties{"garden.state": "all"}) }, 2*grace).Should(HaveLen(2))
		Expect(s.info("c-1").Info.Properties).To(HaveKeyWithValue("garden.grace-time", "500000000"))
	})

	It("never end where they are 0", func() {
		s := serve(backend.Options{})
		create(s, 0)
		Consistently(listed(s), 2*grace).Should(Equal([]string{"c-1"}))
		Expect(s.info("c-1").Info.Properties).NotTo(HaveKey("garden.grace-time"))
	})

	It("start anew at each per-handle call", func() {
		s := serve(backend.Options{})
		container := create(s, grace)
		Consistently(func() (garden.Properties, error) { return container.Properties() }, 3*grace).ShouldNot(BeEmpty())
		Expect(s.list(nil)).To(Equal([]string{"c-1"}))
		Eventually(listed(s)).Should(BeEmpty())
	})

	It("do not start anew at bulk calls", func() {
		s := serve(backend.Options{})
		create(s, grace)
		Eventually(func() error {
			s.metrics("c-1")
			if err := s.info("c-1").Err; err != nil {
				return err
			}
			return nil
		}, 2*grace).Should(MatchError("unknown handle: c-1"))
	})

	It("are tried once", func() {
		s := serve(backend.Options{})
		s.fault("destroy-fails")
		create(s, grace)
		Eventually(func() int { return s.Calls.Counts().Counts["destroy"] }).Should(Equal(1))
		Expect(s.Faults.Off("destroy-fails")).To(Succeed())
		Consistently(listed(s), 2*grace).Should(Equal([]string{"c-1"}))
	})

	It("can be set, which shows in the property", func() {
		s := serve(backend.Options{})
		container := create(s, time.Hour)
		Expect(container.SetGraceTime(2 * time.Hour)).To(Succeed())
		Expect(s.info("c-1").Info.Properties).To(HaveKeyWithValue("garden.grace-time", "7200000000000"))
		Expect(container.SetGraceTime(time.Millisecond)).To(Succeed())
		Eventually(listed(s)).Should(BeEmpty())
	})

	It("end a container at once when set to 0", func() {
		s := serve(backend.Options{})
		container := create(s, time.Hour)
		Expect(container.SetGraceTime(0)).To(Succeed())
		Eventually(listed(s)).Should(BeEmpty())
	})
})
