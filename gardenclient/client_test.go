package gardenclient_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/gardenfakes"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

var _ = Describe("Client", func() {
	It("pings", func(ctx SpecContext) {
		backend := new(gardenfakes.FakeBackend)
		client := newClient(gardenclient.Config{Target: newGardenServer(backend)})
		Expect(client.Ping(ctx)).To(Succeed())

		backend.PingReturns(garden.NewUnrecoverableError("no runc"))
		Expect(client.Ping(ctx)).To(MatchError(garden.UnrecoverableError{Symptom: "no runc"}))
	})

	It("reads the capacity", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.replays("GET /capacity", "guardian/capacity.json")

		Expect(wire.client(gardenclient.Config{}).Capacity(ctx)).To(Equal(garden.Capacity{
			MemoryInBytes: 25276510208, DiskInBytes: 270553174016, MaxContainers: 256,
		}))
	})

	It("knows a capacity that is not implemented", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.replays("GET /capacity", "concourse-containerd/capacity-not-implemented.http")

		_, err := wire.client(gardenclient.Config{}).Capacity(ctx)
		Expect(gardenclient.IsNotImplemented(err)).To(BeTrue())
	})

	Describe("Connection", func() {
		var (
			backend   *gardenfakes.FakeBackend
			container *gardenfakes.FakeContainer
			client    *gardenclient.Client
		)

		BeforeEach(func() {
			backend, container = new(gardenfakes.FakeBackend), new(gardenfakes.FakeContainer)
			container.HandleReturns("c-1")
			backend.LookupReturns(container, nil)
			client = newClient(gardenclient.Config{Target: newGardenServer(backend), Timeout: time.Minute})
		})

		It("runs a process, with its streams and exit status", func(ctx SpecContext) {
			container.RunStub = func(_ garden.ProcessSpec, streams garden.ProcessIO) (garden.Process, error) {
				process := new(gardenfakes.FakeProcess)
				process.IDReturns("p-1")
				process.WaitStub = func() (int, error) {
					_, err := io.WriteString(streams.Stdout, "hello")
					return 42, err
				}
				return process, nil
			}

			var stdout bytes.Buffer
			process, err := client.Connection(ctx).Run("c-1", garden.ProcessSpec{Path: "true"}, garden.ProcessIO{Stdout: &stdout})
			Expect(err).NotTo(HaveOccurred())
			Expect(process.Wait()).To(Equal(42))
			Expect(stdout.String()).To(Equal("hello"))
		}, SpecTimeout(time.Minute))

		It("ends a process's stream with the context", func(ctx SpecContext) {
			ended := make(chan struct{})
			DeferCleanup(func() { close(ended) })
			process := new(gardenfakes.FakeProcess)
			process.IDReturns("p-1")
			process.WaitStub = func() (int, error) {
				<-ended
				return 0, nil
			}
			container.AttachReturns(process, nil)
			cancelled, cancel := context.WithCancel(ctx)

			attached, err := client.Connection(cancelled).Attach("c-1", "p-1", garden.ProcessIO{})
			Expect(err).NotTo(HaveOccurred())
			cancel()
			_, err = attached.Wait()
			Expect(err).To(HaveOccurred())
		}, SpecTimeout(time.Minute))

		It("has Garden's own errors come through where it takes over a connection", func(ctx SpecContext) {
			container.AttachReturns(nil, garden.ProcessNotFoundError{ProcessID: "p-2"})

			_, err := client.Connection(ctx).Attach("c-1", "p-2", garden.ProcessIO{})
			Expect(err).To(MatchError(garden.ProcessNotFoundError{ProcessID: "p-2"}))
		})

		It("streams in and out", func(ctx SpecContext) {
			container.StreamInStub = func(spec garden.StreamInSpec) error {
				content, err := io.ReadAll(spec.TarStream)
				return errors.Join(err, map[bool]error{false: errors.New("other content")}[string(content) == "a tar"])
			}
			container.StreamOutReturns(io.NopCloser(strings.NewReader("no JSON")), nil)

			connection := client.Connection(ctx)
			Expect(connection.StreamIn("c-1", garden.StreamInSpec{TarStream: strings.NewReader("a tar")})).To(Succeed())
			out, err := connection.StreamOut("c-1", garden.StreamOutSpec{Path: "/etc"})
			Expect(err).NotTo(HaveOccurred())
			Expect(io.ReadAll(out)).To(BeEquivalentTo("no JSON"))
			Expect(out.Close()).To(Succeed())
		})

		It("refuses unsafe handles", func(ctx SpecContext) {
			connection := client.Connection(ctx)
			Expect(connection.Stop("c-1?x", true)).To(MatchError(gardenclient.ErrUnsafeHandle))
			_, err := connection.Run("../c-1", garden.ProcessSpec{}, garden.ProcessIO{})
			Expect(err).To(MatchError(gardenclient.ErrUnsafeHandle))
			Expect(backend.LookupCallCount()).To(BeZero())
		})
	})

	It("keeps no connection that it could not take over", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.answers("GET /containers/{handle}/processes/{process}", 404, unknownHandle)
		closed := make(chan struct{}, 1)
		counted := httptest.NewUnstartedServer(wire.mux)
		counted.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				closed <- struct{}{}
			}
		}
		counted.Start()
		DeferCleanup(counted.Close)
		client := newClient(gardenclient.Config{Target: gardenclient.Target{Network: "tcp", Address: counted.Listener.Addr().String()}})

		_, err := client.Connection(ctx).Attach("c-1", "p-1", garden.ProcessIO{})
		Expect(err).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
		Eventually(closed).Should(Receive())
	})

	DescribeTable("leaves what has to last without the timeout",
		func(ctx SpecContext, pattern string, call func(context.Context, *gardenclient.Client) error) {
			wire := newWireGarden()
			release := make(chan struct{})
			wire.on(pattern, func(w http.ResponseWriter, _ *http.Request) {
				<-release
				io.WriteString(w, `{"handle":"c-1"}`)
			})
			wire.on("GET /ping", hang)
			client := wire.client(gardenclient.Config{Timeout: 20 * time.Millisecond})

			result := make(chan error, 1)
			go func() { result <- call(ctx, client) }()
			Eventually(func() []string { return wire.asked("") }).Should(HaveLen(1))
			// A whole timeout passes meanwhile.
			Expect(client.Ping(ctx)).To(MatchError(context.DeadlineExceeded))
			close(release)
			Eventually(result).Should(Receive(BeNil()))
		},
		Entry("create", "POST /containers", func(ctx context.Context, client *gardenclient.Client) error {
			_, err := client.Connection(ctx).Create(garden.ContainerSpec{Handle: "c-1"})
			return err
		}),
		Entry("destroy", "DELETE /containers/{handle}", func(ctx context.Context, client *gardenclient.Client) error {
			return client.Destroy(ctx, "c-1")
		}),
		Entry("stream-in", "PUT /containers/{handle}/files", func(ctx context.Context, client *gardenclient.Client) error {
			return client.Connection(ctx).StreamIn("c-1", garden.StreamInSpec{})
		}),
		Entry("stream-out", "GET /containers/{handle}/files", func(ctx context.Context, client *gardenclient.Client) error {
			out, err := client.Connection(ctx).StreamOut("c-1", garden.StreamOutSpec{})
			return errors.Join(err, out.Close())
		}),
	)
})
