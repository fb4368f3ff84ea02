package backend_test

import (
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

var _ = Describe("the answers of Concourse's own backend", func() {
	var containers = []backend.Container{
		{Handle: "modern-1", Properties: garden.Properties{"user": "root", "empty": ""}},
		{Handle: "modern-2", Properties: garden.Properties{"k": "v"}},
		{Handle: "modern-3", Hidden: true},
		{Handle: "left", DepotOnly: true},
	}

	DescribeTableSubtree("are given",
		func(start func() *served) {
			var s *served
			BeforeEach(func() { s = start() })

			DescribeTable("as recorded",
				func(method, path, recording string, status int) {
					got, body := s.request(method, path)
					line, real := recordedReply("containerd/" + recording)
					Expect(got).To(Equal(status))
					Expect(line).To(ContainSubstring("500"))
					Expect(body).To(MatchJSON(real))
				},
				Entry("for bulk_info", "GET", "/containers/bulk_info?handles=modern-1", "bulk_info-not-implemented.http", 500),
				Entry("for bulk_metrics", "GET", "/containers/bulk_metrics?handles=modern-1", "bulk_info-not-implemented.http", 500),
				Entry("for info", "GET", "/containers/modern-1/info", "info-not-implemented.http", 500),
				Entry("for metrics", "GET", "/containers/modern-1/metrics", "info-not-implemented.http", 500),
				Entry("for the capacity", "GET", "/capacity", "capacity-not-implemented.http", 500),
				Entry("for the destroy of an unknown handle", "DELETE", "/containers/nope", "destroy-unknown-handle.http", 500),
				Entry("for the properties of one", "GET", "/containers/nope/properties", "destroy-unknown-handle.http", 500),
			)

			It("lists all there are, and nothing for garden.state=all", func() {
				Expect(s.list(nil)).To(Equal([]string{"modern-1", "modern-2", "modern-3"}))
				Expect(s.list(garden.Properties{"garden.state": "all"})).To(BeEmpty())
				Expect(s.list(garden.Properties{"garden.state": "created"})).To(BeEmpty())
			})

			It("ORs filters", func() {
				Expect(s.list(garden.Properties{"user": "root", "k": "v"})).To(Equal([]string{"modern-1", "modern-2"}))
			})

			It("has no properties of Guardian's, nor empty ones", func() {
				Expect(s.container("modern-1").Properties()).To(Equal(garden.Properties{"user": "root"}))
				Expect(s.container("modern-3").Properties()).To(BeEmpty())
			})

			It("removes no property", func() {
				Expect(s.container("modern-1").RemoveProperty("user")).To(MatchError(ContainSubstring("not implemented")))
				Expect(s.container("modern-1").Properties()).To(HaveKey("user"))
			})

			It("creates without a grace time, which can be set then", func() {
				created, err := s.client.Create(garden.ContainerSpec{Handle: "modern-4", GraceTime: time.Hour})
				Expect(err).NotTo(HaveOccurred())
				Expect(created.Properties()).To(BeEmpty())
				Expect(created.SetGraceTime(time.Hour)).To(Succeed())
				Expect(created.Properties()).To(Equal(garden.Properties{"garden.grace-time": "3600000000000"}))
			})

			It("does not know what is but a bundle", func() {
				Expect(s.client.Destroy("left")).To(MatchError(`get container: container "left" in namespace "concourse": not found`))
				Expect(s.Destroyed()).To(BeEmpty())
			})

			It("destroys", func() {
				Expect(s.client.Destroy("modern-1")).To(Succeed())
				Expect(s.list(nil)).To(Equal([]string{"modern-2", "modern-3"}))
			})
		},
		Entry("for good", func() *served { return serve(backend.Options{Containerd: true}, containers...) }),
		Entry("with the fault", func() *served {
			s := serve(backend.Options{}, containers...)
			s.fault("containerd")
			return s
		}),
	)
})

var _ = Describe("the answers of Guardian for an unknown handle", func() {
	It("has no properties, which is no error, and a typed 404 as its info", func() {
		s := serve(backend.Options{})
		status, body := s.request("GET", "/containers/nope/properties")
		Expect(status).To(Equal(200))
		Expect(body).To(MatchJSON(`null`))

		status, body = s.request("GET", "/containers/nope/info")
		Expect(status).To(Equal(404))
		Expect(body).To(ContainSubstring("ContainerNotFoundError"))
	})
})
