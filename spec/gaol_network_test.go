package spec

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// networkGarden is a Garden that maps ports and remembers what it is told. It
// has no containers, and no networks.
type networkGarden struct {
	*worker
	notes
}

// notes are what a fake has been sent.
type notes struct {
	mutex sync.Mutex
	texts []string
}

func (n *notes) note(texts ...string) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.texts = append(n.texts, texts...)
}

// sent are the notes so far.
func (n *notes) sent() []string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return slices.Clone(n.texts)
}

func newNetworkGarden(listener net.Listener) *networkGarden {
	GinkgoHelper()
	garden := &networkGarden{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		text, _ := io.ReadAll(request.Body)
		garden.note(request.Method+" "+request.URL.Path, string(text))
		fmt.Fprint(answer, `{"host_port":60123,"container_port":8080}`)
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	DeferCleanup(server.Close)
	garden.worker = workerAt(listener.Addr().String())
	return garden
}

func listenOn(network, address string) net.Listener {
	GinkgoHelper()
	listener, err := net.Listen(network, address)
	Expect(err).NotTo(HaveOccurred())
	return listener
}

var _ = Describe("net-in", func() {
	It("prints where the port of the host is, on the host of the target", func() {
		garden := newNetworkGarden(listenOn("tcp", "127.0.0.1:0"))
		printsExactly(garden.worker, "127.0.0.1:60123\n", "net-in", "-p", "8080", "handle")
		Expect(garden.sent()).To(HaveExactElements("POST /containers/handle/net/in",
			MatchJSON(`{"handle":"handle","container_port":8080}`)))

		_, port, err := net.SplitHostPort(garden.Target)
		Expect(err).NotTo(HaveOccurred())
		printsExactly(garden.worker, "localhost:60123\n", "net-in", "--port=8080", "handle", "-t", "localhost:"+port)
	})

	It("prints it with brackets on a host of IPv6", func() {
		garden := newNetworkGarden(listenOn("tcp", "127.0.0.1:0"))
		_, port, err := net.SplitHostPort(garden.Target)
		Expect(err).NotTo(HaveOccurred())
		// It needs no IPv6 on the machine.
		printsExactly(garden.worker, "[::ffff:127.0.0.1]:60123\n", "net-in", "-p", "8080", "handle", "-t", "[::ffff:127.0.0.1]:"+port)
	})

	It("prints it on the loopback for a socket, however it is given", func() {
		socket := filepath.Join(GinkgoT().TempDir(), "garden.sock")
		garden := newNetworkGarden(listenOn("unix", socket))
		printsExactly(garden.worker, "127.0.0.1:60123\n", "net-in", "-p", "8080", "handle", "-t", socket)
		printsExactly(garden.worker, "127.0.0.1:60123\n", "net-in", "-p", "8080", "handle", "-t", "unix://"+socket)
	})

	DescribeTable("refuses", func(line string, texts ...string) {
		garden := newNetworkGarden(listenOn("tcp", "127.0.0.1:0"))
		complains(weeder(garden.worker, append([]string{"net-in"}, strings.Fields(line)...)...), 2, texts...)
		Expect(garden.sent()).To(BeEmpty())
	},
		Entry("no port", "handle", "--port", "was not specified"),
		Entry("no handle", "-p 8080", "HANDLE", "was not provided"),
		Entry("a port that is too large", "-p 65536 handle", "--port", `"65536": want a whole number from 0 to 65535`),
		Entry("a port that is none", "-p http handle", "--port", `"http"`),
		Entry("a second handle", "-p 8080 handle other", `unexpected argument "other"`),
	)
})

var _ = Describe("net-out", func() {
	// with are good options, in which some are replaced.
	with := func(replaced ...string) []string {
		options := []string{"--protocol=tcp", "--ip-start=10.0.0.1", "--ip-end=10.0.0.9", "--port-start=80", "--port-end=443"}
		for _, option := range replaced {
			name, value, _ := strings.Cut(option, "=")
			options = slices.DeleteFunc(options, func(other string) bool { return strings.HasPrefix(other, name+"=") })
			if value != "" {
				options = append(options, option)
			}
		}
		return append([]string{"net-out", "handle"}, options...)
	}

	DescribeTable("has Garden let the container reach a range, and says so", func(protocol int, start, end string, ports string, replaced ...string) {
		garden := newNetworkGarden(listenOn("tcp", "127.0.0.1:0"))
		printsExactly(garden.worker, "applied\n", with(replaced...)...)
		Expect(garden.sent()).To(HaveExactElements("POST /containers/handle/net/out", MatchJSON(fmt.Sprintf(
			`{"protocol":%d,"networks":[{"start":%q,"end":%q}],"ports":[%s]}`, protocol, start, end, ports))))
	},
		Entry("of tcp", 1, "10.0.0.1", "10.0.0.9", `{"start":80,"end":443}`),
		Entry("of udp", 2, "10.0.0.1", "10.0.0.9", `{"start":80,"end":443}`, "--protocol=udp"),
		Entry("of one address and port", 1, "10.0.0.9", "10.0.0.9", `{"start":443,"end":443}`, "--ip-start=10.0.0.9", "--port-start=443"),
		Entry("of IPv6", 1, "fe80::1", "fe80::ff", `{"start":80,"end":443}`, "--ip-start=fe80::1", "--ip-end=fe80:0::ff"),
		Entry("of IPv4 in the form of IPv6", 1, "10.0.0.1", "10.0.0.9", `{"start":80,"end":443}`, "--ip-start=::ffff:10.0.0.1"),
		Entry("of addresses that do not sort as text", 1, "10.0.0.9", "10.0.0.10", `{"start":80,"end":443}`,
			"--ip-start=10.0.0.9", "--ip-end=10.0.0.10"),
		Entry("of all ports", 1, "10.0.0.1", "10.0.0.9", `{"end":65535}`, "--port-start=0", "--port-end=65535"),
	)

	It("takes the last of an address given twice", func() {
		garden := newNetworkGarden(listenOn("tcp", "127.0.0.1:0"))
		printsExactly(garden.worker, "applied\n", append(with(), "--ip-start=10.0.0.2")...)
		Expect(garden.sent()[1]).To(ContainSubstring(`"start":"10.0.0.2"`))
	})

	It("has its short option for the protocol", func() {
		garden := newNetworkGarden(listenOn("tcp", "127.0.0.1:0"))
		printsExactly(garden.worker, "applied\n", append(with("--protocol="), "-p", "udp")...)
		Expect(garden.sent()[1]).To(ContainSubstring(`"protocol":2`))
	})

	DescribeTable("refuses", func(texts []string, replaced ...string) {
		garden := newNetworkGarden(listenOn("tcp", "127.0.0.1:0"))
		complains(weeder(garden.worker, with(replaced...)...), 2, texts...)
		Expect(garden.sent()).To(BeEmpty())
	},
		Entry("no address", []string{"--ip-end", "was not specified"}, "--ip-end="),
		Entry("another protocol", []string{"--protocol", `"icmp": give tcp or udp`}, "--protocol=icmp"),
		Entry("what is no address", []string{"--ip-start", "invalid IP: 'x'"}, "--ip-start=x"),
		Entry("a name", []string{"--ip-end", "invalid IP: 'localhost'"}, "--ip-end=localhost"),
		Entry("a network", []string{"--ip-start", "invalid IP: '10.0.0.0/8'"}, "--ip-start=10.0.0.0/8"),
		Entry("an end before the start", []string{"--ip-end: 10.0.0.9 is before --ip-start, 10.0.0.10"}, "--ip-start=10.0.0.10"),
		Entry("the same of IPv6", []string{"--ip-end: fe80::1 is before"}, "--ip-start=fe80::2", "--ip-end=fe80::1"),
		Entry("one of IPv4 and one of IPv6", []string{"two addresses of IPv4, or two of IPv6"}, "--ip-end=fe80::1"),
		Entry("ports that end before they start", []string{"--port-end: 79 is before --port-start, 80"}, "--port-end=79"),
		Entry("a port that is none", []string{"--port-end", `"https": want a whole number from 0 to 65535`}, "--port-end=https"),
	)

	It("tells all mistakes at once, each once", func() {
		session := weeder(nil, with("--ip-start=10.0.0.10", "--port-end=79")...)
		Expect(session).To(gexec.Exit(2))
		Expect(lines(stderr(session))).To(HaveLen(2))

		session = weeder(nil, with("--ip-start=x", "--ip-end=y", "--port-end=z", "--protocol=")...)
		Expect(session).To(gexec.Exit(2))
		Expect(lines(stderr(session))).To(HaveExactElements(
			ContainSubstring("`--ip-start': invalid IP: 'x'"), ContainSubstring("`--ip-end': invalid IP: 'y'"),
			ContainSubstring("--port-end"), ContainSubstring("--protocol' was not specified")))
	})
})

var _ = Describe("net-in and net-out", func() {
	netOut := []string{"net-out", "-p=tcp", "--ip-start=10.0.0.1", "--ip-end=10.0.0.1", "--port-start=1", "--port-end=1"}

	It("never send a handle that can't safely be sent", func() {
		garden := newNetworkGarden(listenOn("tcp", "127.0.0.1:0"))
		complains(weeder(garden.worker, "net-in", "-p", "8080", "a?x"), 1, "not a handle that can safely be sent to garden")
		complains(weeder(garden.worker, append(netOut, "a?x")...), 1, "not a handle that can safely be sent to garden")
		Expect(garden.sent()).To(BeEmpty())
	})

	Context("of a Garden with networks", func() {
		var w *worker

		BeforeEach(func() {
			w = emptyWorker("--processes")
			printsExactly(w, "mine\n", "create", "-n", "mine")
		})

		It("map ports and allow traffic", func() {
			host, _, err := net.SplitHostPort(w.Target)
			Expect(err).NotTo(HaveOccurred())
			printed := stdout(weeder(w, "net-in", "-p", "8080", "mine"))
			printsExactly(w, "applied\n", append(netOut, "mine")...)

			has := w.askedFor()[0]
			Expect(has.MappedPorts).To(HaveLen(1))
			Expect(has.MappedPorts[0].ContainerPort).To(BeEquivalentTo(8080))
			Expect(printed).To(Equal(fmt.Sprintf("%s:%d\n", host, has.MappedPorts[0].HostPort)))
			Expect(has.NetOut).To(HaveLen(1))
			Expect(has.NetOut[0].Networks[0].Start.String()).To(Equal("10.0.0.1"))
		})

		It("say that a handle is not known, as Guardian does not", func() {
			complains(weeder(w, "net-in", "-p", "8080", "nobody"), 1, "unknown handle: nobody")
			complains(weeder(w, append(netOut, "nobody")...), 1, "unknown handle: nobody")
		})
	})

	It("say that a handle is not known, and what Garden says otherwise", func() {
		w := emptyWorker("--runtime", "containerd")
		w.create(body{"handle": "known"})
		complains(weeder(w, "net-in", "-p", "8080", "nobody"), 1, "unknown handle: nobody")
		complains(weeder(w, append(netOut, "nobody")...), 1, "unknown handle: nobody")
		complains(weeder(w, "net-in", "-p", "8080", "known"), 1, "map port: not implemented")
		complains(weeder(w, append(netOut, "known")...), 1, "allow traffic: not implemented")
	})

	It("wait no longer than --timeout", func() {
		complains(weeder(listening(nil), "net-in", "-p", "8080", "handle", "--timeout=100ms"), 1, "within 100ms")
		complains(weeder(listening(nil), append(netOut, "handle", "--timeout=100ms")...), 1, "within 100ms")
	})
})
