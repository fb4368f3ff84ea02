package gardenclient_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing/iotest"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/gardenfakes"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

var _ = Describe("Streams", func() {
	var (
		backend   *gardenfakes.FakeBackend
		container *gardenfakes.FakeContainer
		client    *gardenclient.Client
	)

	BeforeEach(func() {
		backend, container = new(gardenfakes.FakeBackend), new(gardenfakes.FakeContainer)
		container.HandleReturns("c-1")
		backend.LookupReturns(container, nil)
		backend.ContainersReturns([]garden.Container{container}, nil)
		client = newClient(gardenclient.Config{Target: newGardenServer(backend)})
	})

	// refused is what StreamIn gives, which must not take for ever.
	refused := func(ctx context.Context, client *gardenclient.Client, stream io.Reader) error {
		GinkgoHelper()
		result := make(chan error, 1)
		go func() { result <- client.StreamIn(ctx, "c-1", garden.StreamInSpec{TarStream: stream}) }()
		var err error
		Eventually(result).WithTimeout(5 * time.Second).Should(Receive(&err))
		return err
	}

	Describe("StreamIn", func() {
		It("sends the stream, the path and the user as they are", func(ctx SpecContext) {
			content := bytes.Repeat([]byte("no tar\x00\r\n"), 1<<17)
			container.StreamInStub = func(spec garden.StreamInSpec) error {
				defer GinkgoRecover()
				Expect(io.ReadAll(spec.TarStream)).To(Equal(content))
				Expect(spec.Path).To(Equal("/a b/ü&?x=1#"))
				Expect(spec.User).To(Equal("al ice"))
				return nil
			}
			stream := struct{ io.Reader }{bytes.NewReader(content)}
			Expect(client.StreamIn(ctx, "c-1", garden.StreamInSpec{Path: "/a b/ü&?x=1#", User: "al ice", TarStream: stream})).To(Succeed())
			Expect(container.StreamInCallCount()).To(Equal(1))
		})

		It("sends an empty stream, and none", func(ctx SpecContext) {
			container.StreamInStub = func(spec garden.StreamInSpec) error {
				content, err := io.ReadAll(spec.TarStream)
				return errors.Join(err, map[bool]error{true: errors.New("not empty")}[len(content) > 0])
			}
			Expect(client.StreamIn(ctx, "c-1", garden.StreamInSpec{TarStream: struct{ io.Reader }{strings.NewReader("")}})).To(Succeed())
			Expect(client.StreamIn(ctx, "c-1", garden.StreamInSpec{})).To(Succeed())
		})

		It("reads nothing of a stream that is refused", func(ctx SpecContext) {
			backend.LookupReturns(nil, garden.ContainerNotFoundError{Handle: "c-1"})
			stream := newIdle("")
			Expect(refused(ctx, client, stream)).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
			Expect(stream.reads.Load()).To(BeZero())
		})

		It("has the lists decide where Garden does not say that there is no such container", func(ctx SpecContext) {
			backend.ContainersReturns(nil, nil)
			container.StreamInReturns(errors.New("stream-in: pid not found for container"))
			container.StreamOutReturns(nil, errors.New("stream-out: pid not found for container"))
			_, err := client.StreamOut(ctx, "c-1", garden.StreamOutSpec{})
			Expect(err).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
			Expect(refused(ctx, client, newIdle(""))).To(MatchError("stream in to c-1: unknown handle: c-1"))
		})

		It("stops reading a stream that is refused while it is sent", func(ctx SpecContext) {
			container.StreamInStub = func(spec garden.StreamInSpec) error {
				_, err := io.CopyN(io.Discard, spec.TarStream, 1<<20)
				return errors.Join(err, errors.New("tar: no space left on device"))
			}
			stream := &unending{}
			Expect(refused(ctx, client, stream)).To(MatchError("stream in to c-1: tar: no space left on device"))
			Eventually(stream.closed.Load).Should(BeTrue())
		})

		It("closes a stream that is not read to its end", func(ctx SpecContext) {
			container.StreamInStub = func(spec garden.StreamInSpec) error {
				_, err := io.CopyN(io.Discard, spec.TarStream, 1<<20)
				return err
			}
			stream := &unending{}
			Expect(refused(ctx, client, stream)).To(Succeed())
			Eventually(stream.closed.Load).Should(BeTrue())
		})

		It("believes the answer of a server that closes while more is written", func(ctx SpecContext) {
			wire := newWireGarden()
			closed := make(chan struct{})
			wire.on("PUT /containers/{handle}/files", func(w http.ResponseWriter, r *http.Request) {
				_, err := io.ReadFull(r.Body, make([]byte, 5))
				conn, _, hijackErr := http.NewResponseController(w).Hijack()
				if errors.Join(err, hijackErr) == nil {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
					conn.Close()
					closed <- struct{}{}
				}
			})
			// A socket's answer is still there when writing fails, unlike that of TCP.
			socket := filepath.Join(GinkgoT().TempDir(), "garden.sock")
			listener, err := net.Listen("unix", socket)
			Expect(err).NotTo(HaveOccurred())
			server := &http.Server{Handler: wire.mux}
			served := make(chan error)
			go func() { served <- server.Serve(listener) }()
			DeferCleanup(func() {
				Expect(server.Close()).To(Succeed())
				Eventually(served).Should(Receive(MatchError(http.ErrServerClosed)))
			})
			client := newClient(gardenclient.Config{Target: gardenclient.Target{Network: "unix", Address: socket}})
			// Which of the two is noticed first is up to chance.
			for range 50 {
				stream := io.MultiReader(strings.NewReader("begun"), after(closed), strings.NewReader("more"), &unending{})
				Expect(refused(ctx, client, stream)).To(Succeed())
			}
		})

		It("closes a stream that stands still when the answer is there", func(ctx SpecContext) {
			wire := newWireGarden()
			wire.on("PUT /containers/{handle}/files", func(w http.ResponseWriter, r *http.Request) {
				_, err := io.ReadFull(r.Body, make([]byte, 5))
				conn, _, hijackErr := http.NewResponseController(w).Hijack()
				if errors.Join(err, hijackErr) == nil {
					DeferCleanup(conn.Close)
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
				}
			})
			stream := newIdle("begun")
			Expect(refused(ctx, wire.client(gardenclient.Config{}), stream)).To(Succeed())
			Eventually(stream.closed).Should(BeClosed())
		})

		It("ends with the connection, though the stream stands still", func(ctx SpecContext) {
			wire := newWireGarden()
			wire.on("PUT /containers/{handle}/files", func(w http.ResponseWriter, r *http.Request) {
				_, err := io.ReadFull(r.Body, make([]byte, 5))
				conn, _, hijackErr := http.NewResponseController(w).Hijack()
				if errors.Join(err, hijackErr) == nil {
					conn.Close()
				}
			})
			stream := newIdle("begun")
			Expect(refused(ctx, wire.client(gardenclient.Config{}), stream)).To(And(
				MatchError(gardenclient.ErrNoAnswer),
				MatchError(Or(ContainSubstring("EOF"), ContainSubstring("reset"))),
			))
			Eventually(stream.closed).Should(BeClosed())
			Expect(wire.asked("GET ")).To(BeEmpty())
		})

		It("ends with the context, though the stream stands still", func(ctx SpecContext) {
			cancelled, cancel := context.WithCancel(ctx)
			container.StreamInStub = func(spec garden.StreamInSpec) error {
				_, err := io.ReadFull(spec.TarStream, make([]byte, 5))
				cancel()
				_, restErr := io.ReadAll(spec.TarStream)
				return errors.Join(err, restErr)
			}
			stream := newIdle("begun")
			err := refused(cancelled, client, stream)
			Expect(err).To(MatchError(context.Canceled))
			Eventually(stream.closed).Should(BeClosed())
		})

		It("does not end a stream that can't be read as if it were whole", func(ctx SpecContext) {
			seen := make(chan error, 1)
			container.StreamInStub = func(spec garden.StreamInSpec) error {
				_, err := io.ReadAll(spec.TarStream)
				seen <- err
				return err
			}
			unreadable := errors.New("is a directory")
			stream := io.MultiReader(strings.NewReader("begun"), iotest.ErrReader(unreadable))
			Expect(refused(ctx, client, stream)).To(MatchError(unreadable))
			Eventually(seen).Should(Receive(HaveOccurred()))
		})

		It("says what to try where nothing listens", func(ctx SpecContext) {
			target := gardenclient.Target{Network: "unix", Address: "/nowhere/garden.sock"}
			stream := newIdle("")
			err := refused(ctx, newClient(gardenclient.Config{Target: target}), stream)
			Expect(err).To(MatchError(And(HavePrefix("stream in to c-1: "), HaveSuffix("set --target"))))
			Eventually(stream.closed).Should(BeClosed())
		})
	})

	Describe("StreamOut", func() {
		It("gives the stream, the path and the user as they are", func(ctx SpecContext) {
			content := bytes.Repeat([]byte("no tar\x00\r\n"), 1<<17)
			container.StreamOutReturns(io.NopCloser(bytes.NewReader(content)), nil)

			stream, err := client.StreamOut(ctx, "c-1", garden.StreamOutSpec{Path: "/a b/ü&?x=1#", User: "al ice"})
			Expect(err).NotTo(HaveOccurred())
			Expect(io.ReadAll(stream)).To(Equal(content))
			Expect(stream.Close()).To(Succeed())
			Expect(container.StreamOutArgsForCall(0)).To(Equal(garden.StreamOutSpec{Path: "/a b/ü&?x=1#", User: "al ice"}))
		})

		It("says what Garden says", func(ctx SpecContext) {
			container.StreamOutReturns(nil, errors.New("no such user"))
			_, err := client.StreamOut(ctx, "c-1", garden.StreamOutSpec{})
			Expect(err).To(MatchError("stream out of c-1: no such user"))
		})

		It("ends with the context", func(ctx SpecContext) {
			cancelled, cancel := context.WithCancel(ctx)
			reader, writer := io.Pipe()
			container.StreamOutReturns(reader, nil)
			DeferCleanup(writer.Close)
			// Garden's server keeps back the first few KiB.
			go func() { _, _ = writer.Write(make([]byte, 1<<20)) }()
			stream, err := client.StreamOut(cancelled, "c-1", garden.StreamOutSpec{})
			Expect(err).NotTo(HaveOccurred())
			_, err = io.ReadFull(stream, make([]byte, 5))
			Expect(err).NotTo(HaveOccurred())
			cancel()
			_, err = io.Copy(io.Discard, stream)
			Expect(err).To(MatchError(context.Canceled))
		}, SpecTimeout(time.Minute))
	})
})

// idle is a stream that stands still after some bytes, until it is closed.
type idle struct {
	begin  *strings.Reader
	reads  atomic.Int32
	close  sync.Once
	closed chan struct{}
}

func newIdle(begin string) *idle {
	return &idle{begin: strings.NewReader(begin), closed: make(chan struct{})}
}

// Read implements io.Reader.
func (i *idle) Read(b []byte) (int, error) {
	i.reads.Add(1)
	if n, err := i.begin.Read(b); err == nil {
		return n, nil
	}
	<-i.closed
	return 0, io.ErrClosedPipe
}

// Close implements io.Closer.
func (i *idle) Close() error {
	i.close.Do(func() { close(i.closed) })
	return nil
}

// after is a stream without bytes that ends when something has happened.
func after(happened <-chan struct{}) io.Reader {
	return readerFunc(func([]byte) (int, error) {
		<-happened
		return 0, io.EOF
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// unending is a stream without an end.
type unending struct{ closed atomic.Bool }

// Read implements io.Reader.
func (u *unending) Read(b []byte) (int, error) {
	if u.closed.Load() {
		return 0, errors.New("read though closed")
	}
	return len(b), nil
}

// Close implements io.Closer.
func (u *unending) Close() error {
	u.closed.Store(true)
	return nil
}
