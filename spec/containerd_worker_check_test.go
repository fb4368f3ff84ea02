package spec

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// These show, without weeder, that the worker of the other containerd specs
// behaves as Concourse's.
var _ = Describe("The worker that is made for specs with containerd", Label("containerd"), func() {
	const notImplemented = `{"Type":"","Message":"not implemented","Handle":"","ProcessID":"","Binary":""}`

	var w *containerdWorker
	BeforeEach(func() {
		_, w = containerdWorkerOf(withoutTTLs)
	})

	It("sees all that is there of a container", func() {
		w.healthy("c-1")
		w.busy("c-1")
		Expect(w.left("c-1")).To(ContainElements(
			"container", "task: RUNNING", "shim", "process: /tmp/gdn-init",
			HaveSuffix("/run/io.containerd.runtime.v2.task/concourse/c-1"), HaveSuffix("/run/runc/concourse/c-1"),
			HavePrefix("/sys/fs/cgroup/"),
		))
		Expect(w.left("c")).To(BeEmpty())
	})

	It("has containers without a task", func() {
		w.healthy("c-lost")
		w.loseTask("c-lost")
		Expect(w.create("c-never", w.volumes.file("no-such", "volume"))).To(MatchError(ContainSubstring("no such file or directory")))
		Expect(w.handles()).To(ConsistOf("c-lost", "c-never"))
		Expect(w.tasks()).To(BeEmpty())
		Eventually(w.left).WithArguments("c-lost").Should(Equal([]string{"container"}))

		w.busy("c-lost")
		Expect(w.tasks()).To(Equal(map[string]int{"c-lost": 2}), "it is started again")
		for _, handle := range w.handles() {
			Expect(w.client.Destroy(handle)).To(Succeed())
			Eventually(w.left).WithArguments(handle).Should(BeEmpty())
		}
	})

	It("keeps namespaces apart", func() {
		w.healthy("c-1")
		other := w.garden("moby")
		w.volumes.empty("other", 0)
		Expect(other.create("c-1", w.volumes.file("other", "volume"), bind(GinkgoT().TempDir(), "/data"))).To(Succeed())
		Expect(other.create("c-2", GinkgoT().TempDir())).To(Succeed())
		Expect(w.handles()).To(ConsistOf("c-1"))
		Expect(other.handles()).To(ConsistOf("c-1", "c-2"))

		Expect(w.client.Destroy("c-1")).To(Succeed())
		Eventually(w.left).WithArguments("c-1").Should(BeEmpty())
		Expect(other.tasks()).To(HaveLen(2))
	})

	It("ORs property filters, and knows no garden.state", func() {
		w.healthy("c-1")
		list := func(properties garden.Properties) []garden.Container {
			GinkgoHelper()
			containers, err := w.client.Containers(properties)
			Expect(err).NotTo(HaveOccurred())
			return containers
		}
		Expect(list(garden.Properties{"user": "root"})).To(HaveLen(1))
		Expect(list(garden.Properties{"user": "root", "no": "such"})).To(HaveLen(1))
		Expect(list(garden.Properties{"garden.state": "all"})).To(BeEmpty())
	})

	It("has properties, however long", func() {
		w.healthy("c-1")
		container, err := w.client.Lookup("c-1")
		Expect(err).NotTo(HaveOccurred())
		long := strings.Repeat("0123456789", 1000)
		Expect(container.SetProperty("long.1", long)).To(Succeed())
		Expect(container.SetGraceTime(300e9)).To(Succeed())
		Expect(container.Properties()).To(Equal(garden.Properties{"user": "root", "long.1": long, "garden.grace-time": "300000000000"}))
	})

	DescribeTable("answers as Concourse",
		func(method, path string, status int, answer string) {
			w.healthy("c-1")
			gotStatus, gotAnswer := ask(w.gardend, method, path)
			Expect(gotStatus).To(Equal(status))
			Expect(gotAnswer).To(MatchJSON(answer))
			Expect(w.handles()).To(ConsistOf("c-1"))
		},
		Entry("list", http.MethodGet, "/containers", 200, `{"Handles":["c-1"]}`),
		Entry("properties", http.MethodGet, "/containers/c-1/properties", 200, `{"user":"root"}`),
		Entry("bulk_info", http.MethodGet, "/containers/bulk_info?handles=c-1", 500, notImplemented),
		Entry("bulk_metrics", http.MethodGet, "/containers/bulk_metrics?handles=c-1", 500, notImplemented),
		Entry("info", http.MethodGet, "/containers/c-1/info", 500, notImplemented),
		Entry("metrics", http.MethodGet, "/containers/c-1/metrics", 500, notImplemented),
		Entry("capacity", http.MethodGet, "/capacity", 500, notImplemented),
		Entry("an unknown handle", http.MethodDelete, "/containers/nope", 500,
			`{"Type":"","Message":"get container: container \"nope\" in namespace \"concourse\": not found","Handle":"","ProcessID":"","Binary":""}`),
	)

	It("outlives containerd, whose containers go on", func() {
		w.healthy("c-1")
		w.busy("c-1")
		for _, end := range []func(){w.kill, w.stop} {
			end()
			Expect(w.client.Ping()).NotTo(Succeed())
			_, err := w.client.Containers(nil)
			Expect(err).To(MatchError(ContainSubstring("list containers")))
			w.start()
			Expect(w.tasks()).To(Equal(map[string]int{"c-1": 2}))
			Eventually(w.client.Ping).Should(Succeed())
		}
		Expect(w.client.Destroy("c-1")).To(Succeed())
		Eventually(w.left).WithArguments("c-1").Should(BeEmpty())
	})

	It("waits for a containerd that hangs", func() {
		w.healthy("c-1")
		w.hang()
		destroyed := make(chan error, 1)
		go func() { destroyed <- w.client.Destroy("c-1") }()
		Consistently(destroyed, "200ms").ShouldNot(Receive())
		w.resume()
		Eventually(destroyed).Should(Receive(Succeed()))
		Eventually(w.left).WithArguments("c-1").Should(BeEmpty())
	})
})

var _ = DescribeTable("The worker that is made for specs with containerd runs containers on volumes", Label("containerd"),
	func(of release) {
		_, w := containerdWorkerOf(of)
		w.orphan("c-1")
		w.healthy("c-2")
		w.busy("c-2")
		Expect(w.handles()).To(ConsistOf("c-1", "c-2"))
		Expect(w.tasks()).To(Equal(map[string]int{"c-1": 1, "c-2": 2}))

		w.volumes.destroy("c-2-get")
		Expect(w.volumes.file("c-2-get")).NotTo(BeADirectory())
		Expect(w.volumes.file("c-1-get")).To(BeADirectory())
		Expect(w.tasks()).To(Equal(map[string]int{"c-1": 1, "c-2": 2}))
		for _, handle := range w.handles() {
			Expect(w.client.Destroy(handle)).To(Succeed())
			Eventually(w.left).WithArguments(handle).Should(BeEmpty())
		}
		Expect(w.handles()).To(BeEmpty())
	},
	Entry(withoutTTLs.String(), withoutTTLs),
	Entry(onOverlay.String(), onOverlay),
)

// ask is the status and the body of an answer of Garden.
func ask(g *gardend, method, path string) (int, string) {
	GinkgoHelper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", g.target)
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest(method, "http://garden"+path, nil)
	Expect(err).NotTo(HaveOccurred())
	reply, err := transport.RoundTrip(request)
	Expect(err).NotTo(HaveOccurred())
	defer reply.Body.Close()
	answer, err := io.ReadAll(reply.Body)
	Expect(err).NotTo(HaveOccurred())
	return reply.StatusCode, string(answer)
}
