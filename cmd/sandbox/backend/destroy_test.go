package backend_test

import (
	"path/filepath"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

var _ = Describe("Destroy", func() {
	var s *served

	BeforeEach(func() {
		s = serve(backend.Options{},
			backend.Container{Handle: "c-1"},
			backend.Container{Handle: "c-2"},
			backend.Container{Handle: "half-created", Hidden: true},
			backend.Container{Handle: "undead", Zombie: true},
			backend.Container{Handle: "left", DepotOnly: true},
		)
	})

	bundle := func(handle string) string { return filepath.Join(s.depot, handle) }

	DescribeTable("destroys, with the bundle",
		func(handle string) {
			Expect(s.client.Destroy(handle)).To(Succeed())
			Expect(s.list(garden.Properties{"garden.state": "all"})).NotTo(ContainElement(handle))
			Expect(bundle(handle)).NotTo(BeAnExistingFile())
			Expect(s.Destroyed()).To(Equal([]string{handle}))
		},
		Entry("what is created", "c-1"),
		Entry("what is half-created", "half-created"),
		Entry("a zombie", "undead"),
		Entry("what is only in the depot", "left"),
	)

	It("leaves room for the handle", func() {
		Expect(s.client.Destroy("c-1")).To(Succeed())
		_, err := s.client.Create(garden.ContainerSpec{Handle: "c-1"})
		Expect(err).NotTo(HaveOccurred())
		Expect(bundle("c-1")).To(BeADirectory())
		Expect(s.client.Destroy("c-1")).To(Succeed())
		Expect(s.Destroyed()).To(Equal([]string{"c-1", "c-1"}))

		s.ForgetDestroyed()
		Expect(s.Destroyed()).To(BeEmpty())
	})

	It("says for an unknown handle what Guardian says", func() {
		Expect(s.client.Destroy("nope")).To(MatchError(garden.ContainerNotFoundError{Handle: "nope"}))

		status, body := s.request("DELETE", "/containers/nope")
		_, real := recordedReply("guardian/destroy-unknown-handle.http")
		Expect(status).To(Equal(404))
		Expect(body).To(MatchJSON(real))
		Expect(s.Destroyed()).To(BeEmpty())
	})

	It("fails with destroy-fails, for the handles it is limited to", func() {
		s.fault("destroy-fails", "c-1")
		for range 2 {
			Expect(s.client.Destroy("c-1")).To(MatchError(ContainSubstring("container init still running")))
		}
		Expect(bundle("c-1")).To(BeADirectory())
		Expect(s.client.Destroy("c-2")).To(Succeed())
	})

	It("fails once for each with destroy-fails-once", func() {
		s.fault("destroy-fails-once")
		for _, handle := range []string{"c-1", "c-2"} {
			Expect(s.client.Destroy(handle)).To(HaveOccurred())
			Expect(s.client.Destroy(handle)).To(Succeed())
		}
	})

	It("says that a destroy is under way with destroy-says-in-progress", func() {
		s.fault("destroy-says-in-progress")
		Expect(s.client.Destroy("c-1")).To(MatchError("container already being destroyed"))
		Expect(s.list(nil)).To(ContainElement("c-1"))
	})

	It("destroys and says otherwise with destroy-untyped-gone", func() {
		s.fault("destroy-untyped-gone")
		status, body := s.request("DELETE", "/containers/c-1")
		Expect(status).To(Equal(500))
		Expect(body).To(ContainSubstring(`"Type":""`))
		Expect(s.list(nil)).NotTo(ContainElement("c-1"))
	})

	It("is a 404 of no type with destroy-404-untyped, and destroys nothing", func() {
		s.fault("destroy-404-untyped")
		status, body := s.request("DELETE", "/containers/c-1")
		Expect(status).To(Equal(404))
		Expect(body).To(MatchJSON(`{"Type":"","Message":"unknown handle: c-1","Handle":"","ProcessID":"c-1","Binary":""}`))
		Expect(s.client.Destroy("c-1")).To(MatchError("unknown handle: c-1"))
		Expect(s.list(nil)).To(ContainElement("c-1"))
	})

	It("is a 404 for another with destroy-404-other-handle, and destroys nothing", func() {
		s.fault("destroy-404-other-handle")
		Expect(s.client.Destroy("c-1")).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1-other"}))
		Expect(s.list(nil)).To(ContainElement("c-1"))
	})

	It("hangs with destroy-hangs, refuses a second one meanwhile, and goes through when let go", func() {
		s.fault("destroy-hangs", "c-1")
		done := make(chan error, 1)
		go func() { done <- s.client.Destroy("c-1") }()
		Eventually(func() int { return s.Faults.States()["destroy-hangs"].Holding }).Should(Equal(1))

		Expect(s.client.Destroy("c-1")).To(MatchError("container already being destroyed"))
		Expect(s.client.Destroy("c-2")).To(Succeed())
		Expect(s.list(nil)).To(ContainElement("c-1"))

		Expect(s.Faults.Off("destroy-hangs")).To(Succeed())
		Eventually(done).Should(Receive(BeNil()))
		Expect(s.Destroyed()).To(Equal([]string{"c-2", "c-1"}))
	})
})
