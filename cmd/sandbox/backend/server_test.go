package backend_test

import (
	"net"
	"path/filepath"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client"
	"code.cloudfoundry.org/garden/client/connection"
	"code.cloudfoundry.org/lager/v3/lagertest"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

var _ = Describe("Server", func() {
	It("serves a unix socket, and leaves none behind", func() {
		socket := filepath.Join(GinkgoT().TempDir(), "garden.sock")
		listener, err := net.Listen("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		server, err := backend.Serve(backend.New(backend.Options{Depot: GinkgoT().TempDir()}), listener, lagertest.NewTestLogger("garden"))
		Expect(err).NotTo(HaveOccurred())

		Expect(client.New(connection.New("unix", socket)).Ping()).To(Succeed())
		Expect(server.Stop()).To(Succeed())
		Expect(socket).NotTo(BeAnExistingFile())
	})

	Describe("Stop", func() {
		var s *served

		BeforeEach(func() { s = serve(backend.Options{}, backend.Container{Handle: "c-1"}) })

		It("lets go of hung calls, and destroys nothing by that", func() {
			s.fault("destroy-hangs")
			done := make(chan error, 1)
			go func() { done <- s.client.Destroy("c-1") }()
			Eventually(func() int { return s.Faults.States()["destroy-hangs"].Holding }).Should(Equal(1))

			Expect(s.server.Stop()).To(Succeed())
			Eventually(done).Should(Receive(MatchError("sandbox is stopping")))
			Expect(filepath.Join(s.depot, "c-1")).To(BeADirectory())
		})

		It("does not wait for a client that says nothing", func() {
			silent, err := net.Dial("tcp", s.address.String())
			Expect(err).NotTo(HaveOccurred())
			defer silent.Close()
			Expect(s.client.Ping()).To(Succeed())

			start := time.Now()
			Expect(s.server.Stop()).To(Succeed())
			Expect(time.Since(start)).To(BeNumerically("<", 5*time.Second))
		})

		It("leaves timers that go off later nothing to destroy", func() {
			_, err := s.client.Create(garden.ContainerSpec{Handle: "c-2", GraceTime: 300 * time.Millisecond})
			Expect(err).NotTo(HaveOccurred())
			Expect(s.server.Stop()).To(Succeed())
			Eventually(func() int { return s.Calls.Counts().Counts["destroy"] }).Should(Equal(1))
			Expect(s.Destroyed()).To(BeEmpty())
			Expect(filepath.Join(s.depot, "c-2")).To(BeADirectory())
		})
	})

	Describe("Remove", func() {
		var s *served

		BeforeEach(func() { s = serve(backend.Options{}, backend.Container{Handle: "c-1"}) })

		It("takes a container away without a trace, whatever the faults", func() {
			s.fault("destroy-fails")
			Expect(s.server.Remove("c-1")).To(Succeed())
			Expect(s.list(nil)).To(BeEmpty())
			Expect(s.Destroyed()).To(BeEmpty())
			Expect(s.Calls.Counts().Counts).NotTo(HaveKey("destroy"))
			Expect(s.server.Remove("c-1")).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
		})

		It("takes the timer away too", func() {
			Expect(s.server.Create(backend.Container{Handle: "c-2", GraceTime: 300 * time.Millisecond})).To(Succeed())
			Expect(s.server.Remove("c-2")).To(Succeed())
			Expect(s.server.Create(backend.Container{Handle: "c-2"})).To(Succeed())
			Consistently(func() []string { return s.list(nil) }, 600*time.Millisecond).Should(ContainElement("c-2"))
		})

		It("takes away what is being destroyed", func() {
			s.fault("destroy-hangs")
			done := make(chan error, 1)
			go func() { done <- s.client.Destroy("c-1") }()
			Eventually(func() int { return s.Faults.States()["destroy-hangs"].Holding }).Should(Equal(1))

			Expect(s.server.Remove("c-1")).To(Succeed())
			Expect(s.Faults.Off("destroy-hangs")).To(Succeed())
			Eventually(done).Should(Receive(MatchError(garden.ContainerNotFoundError{Handle: "c-1"})))
		})

		It("takes away what Garden's client can't name", func() {
			Expect(s.Add(backend.Container{Handle: "c-1?x", NoBundle: true})).To(Succeed())
			Expect(s.server.Remove("c-1?x")).To(Succeed())
			Expect(s.list(nil)).To(Equal([]string{"c-1"}))
		})
	})
})

var _ = Describe("Hooks", func() {
	var (
		s     *served
		acted int
	)

	act := func() error {
		acted++
		return s.Update("c-1", func(container *backend.Container) { container.Properties["acted"] = "yes" })
	}

	BeforeEach(func() {
		acted = 0
		s = serve(backend.Options{}, backend.Container{Handle: "c-1"}, backend.Container{Handle: "c-2"})
	})

	It("act once, before the call is answered", func() {
		s.Hooks.Add(backend.Hook{Point: backend.OnBulkInfoSingle, Handle: "c-1", Act: act})

		_, err := s.client.BulkInfo([]string{"c-1", "c-2"})
		Expect(err).NotTo(HaveOccurred())
		s.info("c-2")
		Expect(acted).To(BeZero())

		Expect(s.info("c-1").Info.Properties).To(HaveKey("acted"))
		s.info("c-1")
		Expect(acted).To(Equal(1))
		Expect(s.Hooks.List()[0].Fired).To(Equal(1))
	})

	It("let calls pass first where told to", func() {
		s.Hooks.Add(backend.Hook{Point: backend.OnBulkInfoSingle, Handle: "c-1", Skip: 2, Act: act})
		s.info("c-1")
		s.info("c-1")
		Expect(acted).To(BeZero())
		s.info("c-1")
		Expect(acted).To(Equal(1))
	})

	DescribeTable("act at their point",
		func(point string, call func()) {
			s.Hooks.Add(backend.Hook{Point: point, Handle: "c-1", Act: act})
			call()
			Expect(acted).To(Equal(1))
		},
		Entry("of a bulk_info for several", backend.OnBulkInfo, func() { _, _ = s.client.BulkInfo([]string{"c-2", "c-1"}) }),
		Entry("of a bulk_metrics", backend.OnBulkMetrics, func() { s.metrics("c-1") }),
		Entry("of a look at the properties", backend.OnProperties, func() { _, _ = s.container("c-1").Properties() }),
		Entry("of a destroy", backend.OnDestroy, func() { Expect(s.client.Destroy("c-1")).To(Succeed()) }),
	)

	It("are dropped by point", func() {
		s.Hooks.Add(backend.Hook{Point: backend.OnBulkInfoSingle, Handle: "c-1", Act: act})
		s.Hooks.Remove(backend.OnDestroy)
		Expect(s.Hooks.List()).To(HaveLen(1))
		s.Hooks.Remove(backend.OnBulkInfoSingle)
		s.info("c-1")
		Expect(acted).To(BeZero())
	})
})
