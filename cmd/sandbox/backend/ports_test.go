package backend_test

import (
	"net"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

var _ = Describe("networks", func() {
	var s *served

	BeforeEach(func() {
		s = hosted(backend.Options{}, backend.Container{Handle: "c-1"}, backend.Container{Handle: "c-2"})
	})

	netIn := func(handle string, host, container uint32) garden.PortMapping {
		GinkgoHelper()
		hostPort, containerPort, err := s.container(handle).NetIn(host, container)
		Expect(err).NotTo(HaveOccurred())
		return garden.PortMapping{HostPort: hostPort, ContainerPort: containerPort}
	}

	Describe("NetIn", func() {
		It("takes the host's ports in turn, from 60000 on", func() {
			Expect(netIn("c-1", 0, 8080)).To(Equal(garden.PortMapping{HostPort: 60000, ContainerPort: 8080}))
			Expect(netIn("c-2", 0, 8080)).To(Equal(garden.PortMapping{HostPort: 60001, ContainerPort: 8080}))
		})

		It("takes one for the container that is not given, and one of the host that is", func() {
			Expect(netIn("c-1", 0, 0)).To(Equal(garden.PortMapping{HostPort: 60000, ContainerPort: 60000}))
			Expect(netIn("c-1", 1234, 0)).To(Equal(garden.PortMapping{HostPort: 1234, ContainerPort: 1234}))
			Expect(netIn("c-1", 1235, 80)).To(Equal(garden.PortMapping{HostPort: 1235, ContainerPort: 80}))
		})

		It("shows", func() {
			Expect(s.info("c-1").Info.MappedPorts).To(Equal([]garden.PortMapping{}))
			mappings := []garden.PortMapping{netIn("c-1", 0, 80), netIn("c-1", 0, 443)}
			Expect(s.info("c-1").Info.MappedPorts).To(Equal(mappings))
			Expect(s.info("c-2").Info.MappedPorts).To(BeEmpty())
			info, err := s.container("c-1").Info()
			Expect(err).NotTo(HaveOccurred())
			Expect(info.MappedPorts).To(Equal(mappings))
			Expect(info.Properties["garden.network.mapped-ports"]).To(MatchJSON(
				`[{"HostPort": 60000, "ContainerPort": 80}, {"HostPort": 60001, "ContainerPort": 443}]`))
		})

		It("takes a port again that its container has given back, when there is no other", func() {
			s := hosted(backend.Options{Ports: 3}, backend.Container{Handle: "c-1"}, backend.Container{Handle: "c-2"})
			for port := uint32(60000); port < 60003; port++ {
				_, _, err := s.container("c-1").NetIn(0, 80)
				Expect(err).NotTo(HaveOccurred())
			}
			_, _, err := s.container("c-2").NetIn(0, 80)
			Expect(err).To(MatchError("port pool is exhausted"))
			Expect(s.client.Destroy("c-1")).To(Succeed())
			for port := uint32(60000); port < 60003; port++ {
				hostPort, _, err := s.container("c-2").NetIn(0, 80)
				Expect(err).NotTo(HaveOccurred())
				Expect(hostPort).To(Equal(port))
			}
		})
	})

	rule := func(port uint16) garden.NetOutRule {
		return garden.NetOutRule{
			Protocol: garden.ProtocolTCP,
			Networks: []garden.IPRange{{Start: net.IPv4(10, 0, 0, 1), End: net.IPv4(10, 0, 0, 9)}},
			Ports:    []garden.PortRange{{Start: port, End: port}},
		}
	}

	It("keep the rules in order", func() {
		Expect(s.container("c-1").NetOut(rule(1))).To(Succeed())
		Expect(s.container("c-1").BulkNetOut([]garden.NetOutRule{rule(2), rule(3)})).To(Succeed())
		Expect(s.Snapshot()[0].NetOut).To(Equal([]garden.NetOutRule{rule(1), rule(2), rule(3)}))
		Expect(s.Snapshot()[1].NetOut).To(BeEmpty())
	})

	DescribeTable("have Guardian's error for an unknown handle",
		func(call func() error) { Expect(call()).To(MatchError("property not found: kawasaki.host-interface")) },
		Entry("in", func() error { _, _, err := s.connection.NetIn("c-9", 0, 80); return err }),
		Entry("out", func() error { return s.connection.NetOut("c-9", rule(1)) }),
	)

	DescribeTable("are not implemented",
		func(options func() *served) {
			s = options()
			_, _, err := s.container("c-1").NetIn(0, 80)
			Expect(err).To(MatchError("not implemented"))
			Expect(s.container("c-1").NetOut(rule(1))).To(MatchError("not implemented"))
			Expect(s.container("c-1").BulkNetOut([]garden.NetOutRule{rule(1)})).To(MatchError("not implemented"))
		},
		Entry("without files", func() *served { return serve(backend.Options{}, backend.Container{Handle: "c-1"}) }),
		Entry("over containerd", func() *served {
			return hosted(backend.Options{Containerd: true}, backend.Container{Handle: "c-1"})
		}),
	)
})
