package gardenclient_test

import (
	"net"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

var _ = Describe("ParseTarget", func() {
	DescribeTable("reads host:port and unix://PATH",
		func(text, network, address string) {
			target, err := gardenclient.ParseTarget(text)
			Expect(err).NotTo(HaveOccurred())
			Expect(target).To(Equal(gardenclient.Target{Network: network, Address: address}))
			Expect(target.String()).To(Equal(text))
		},
		Entry("an IPv4 address", "127.0.0.1:7777", "tcp", "127.0.0.1:7777"),
		Entry("an IPv6 address", "[::1]:7777", "tcp", "[::1]:7777"),
		Entry("a host name", "worker-0.example:7777", "tcp", "worker-0.example:7777"),
		Entry("no host", ":7777", "tcp", ":7777"),
		Entry("a socket that is not there yet", "unix:///no/such/garden.sock", "unix", "/no/such/garden.sock"),
	)

	It("takes the path of a socket that is there for that socket", func() {
		socket := filepath.Join(GinkgoT().TempDir(), "garden.sock")
		listener, err := net.Listen("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)

		Expect(gardenclient.ParseTarget(socket)).To(Equal(gardenclient.Target{Network: "unix", Address: socket}))
	})

	It("takes an absolute path where nothing is yet", func() {
		Expect(gardenclient.ParseTarget("/no/such/garden.sock")).To(Equal(
			gardenclient.Target{Network: "unix", Address: "/no/such/garden.sock"}))
	})

	It("refuses the path of something else, by name", func() {
		file := filepath.Join(GinkgoT().TempDir(), "garden.pid")
		Expect(os.WriteFile(file, nil, 0o644)).To(Succeed())

		_, err := gardenclient.ParseTarget(file)
		Expect(err).To(MatchError(And(ContainSubstring(file), ContainSubstring("is no socket"))))
	})

	It("refuses a path that can't be looked at, and says why", func() {
		loop := filepath.Join(GinkgoT().TempDir(), "garden.sock")
		Expect(os.Symlink(loop, loop)).To(Succeed())

		_, err := gardenclient.ParseTarget(loop)
		Expect(err).To(MatchError(And(ContainSubstring(loop), ContainSubstring("too many levels of symbolic links"))))
	})

	DescribeTable("refuses what is no target",
		func(text, complaint string) {
			_, err := gardenclient.ParseTarget(text)
			Expect(err).To(MatchError(ContainSubstring(complaint)))
			Expect(err).To(MatchError(ContainSubstring(text)))
		},
		Entry("nothing", "", "empty target: want host:port"),
		Entry("a host without a port", "10.0.0.1", "want host:port"),
		Entry("a host without a port, with one that will do", "worker.internal", "has no port: want host:port, such as worker.internal:7777"),
		Entry("a port without a host", "7777", "has no host: want host:port, such as 127.0.0.1:7777"),
		Entry("an address of IPv6 without brackets", "::1:7777", ": want host:port, an address of IPv6 in brackets"),
		Entry("a host with an empty port", "10.0.0.1:", `"" is no port`),
		Entry("port 0", "10.0.0.1:0", `"0" is no port`),
		Entry("a port that is no number", "10.0.0.1:garden!", `"garden!" is no port`),
		Entry("a port beyond all ports", "10.0.0.1:77777", `"77777" is no port`),
		Entry("a URL", "http://10.0.0.1:7777", "want host:port, unix://PATH"),
		Entry("unix:// and nothing", "unix://", "names no socket"),
		Entry("a relative path where nothing is", "no/such/garden.sock", "no socket is there"),
	)
})
