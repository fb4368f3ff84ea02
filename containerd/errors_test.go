package containerd_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/containerd/containerd/api/services/containers/v1"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"google.golang.org/grpc"

	"weeder/containerd"
)

// asking are all ways to ask a client, few containers and many.
var asking = map[string]func(context.Context, *containerd.Client) error{
	"version": func(ctx context.Context, client *containerd.Client) error {
		_, err := client.Version(ctx)
		return err
	},
	"get": func(ctx context.Context, client *containerd.Client) error {
		_, err := client.Inspect(ctx, []string{"c-1"})
		return err
	},
	"list": func(ctx context.Context, client *containerd.Client) error {
		_, err := client.Inspect(ctx, many)
		return err
	},
	"tasks": func(ctx context.Context, client *containerd.Client) error {
		_, err := client.Tasks(ctx, many)
		return err
	},
}

// failToAsk expects that all ways to ask fail with an error that names the socket
// and the option, and has the given text.
func failToAsk(ctx context.Context, client *containerd.Client, socket string, is error, text string) {
	GinkgoHelper()
	for way, ask := range asking {
		err := ask(ctx, client)
		Expect(err).To(MatchError(is), way)
		Expect(err).To(MatchError(ContainSubstring(socket)), way)
		Expect(err).To(MatchError(ContainSubstring(text)), way)
		Expect(err).To(MatchError(ContainSubstring("set --containerd ('' to do without)")), way)
	}
}

// listen takes connections, and leaves each to a function, until the spec ends.
func listen(socket string, handle func(net.Conn)) {
	GinkgoHelper()
	listener, err := net.Listen("unix", socket)
	Expect(err).NotTo(HaveOccurred())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			handle(conn)
		}
	}()
	DeferCleanup(func() {
		Expect(listener.Close()).To(Succeed())
		Eventually(ended).Should(BeClosed())
	})
}

var _ = Describe("A socket", func() {
	var dir, socket string
	BeforeEach(func() {
		dir = shortDir()
		socket = filepath.Join(dir, "containerd.sock")
	})

	client := func() *containerd.Client {
		return newClient(containerd.Config{Socket: socket, Namespace: "concourse", Timeout: 5 * time.Second})
	}

	DescribeTable("that is not there makes the source absent",
		func(ctx SpecContext, path func() string) {
			client := newClient(containerd.Config{Socket: path(), Namespace: "concourse"})
			Expect(client.Inspect(ctx, []string{"c-1"})).To(And(BeEmpty(), Not(BeNil())))
			Expect(client.Inspect(ctx, many)).To(And(BeEmpty(), Not(BeNil())))
			Expect(client.Tasks(ctx, many)).To(And(BeEmpty(), Not(BeNil())))
			_, err := client.Version(ctx)
			Expect(err).To(MatchError(containerd.ErrAbsent))
		},
		Entry("in a directory that is", func() string { return socket }),
		Entry("nor its directory", func() string { return filepath.Join(dir, "absent", "containerd.sock") }),
		Entry("behind a link", func() string {
			Expect(os.Symlink(filepath.Join(dir, "absent"), socket)).To(Succeed())
			return socket
		}),
		Entry("nor given", func() string { return "" }),
	)

	It("that was there before is not absent, but gone", func(ctx SpecContext) {
		server := grpc.NewServer()
		serve(server, socket)
		client := client()
		_, err := client.Version(ctx)
		Expect(err).To(MatchError(containerd.ErrNotContainerd))

		server.Stop()
		Expect(socket).NotTo(BeAnExistingFile())
		failToAsk(ctx, client, socket, containerd.ErrNoAnswer, "its socket was there before: start containerd, or")
	})

	It("whose containerd was restarted between two calls is no error", func(ctx SpecContext) {
		fake := newFake()
		fake.has(container("c-1", spec))
		var ended atomic.Bool
		listen(socket, func(conn net.Conn) { relay(conn, fake.socket, &ended) })
		client := client()
		for way, ask := range asking {
			Expect(ask(ctx, client)).To(Succeed(), way)
			ended.Store(true)
			Expect(ask(ctx, client)).To(Succeed(), way)
			Expect(ended.Load()).To(BeFalse(), way)
		}
	})

	It("that nobody listens on is an error", func(ctx SpecContext) {
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
		Expect(err).NotTo(HaveOccurred())
		listener.SetUnlinkOnClose(false)
		Expect(listener.Close()).To(Succeed())
		failToAsk(ctx, client(), socket, containerd.ErrNoAnswer, "nothing listens there: start containerd, or")
		_, err = client().Version(ctx)
		Expect(err).To(MatchError("read version: no answer from containerd at " + socket + ": nothing listens there: " +
			"start containerd, or set --containerd ('' to do without): connect: connection refused"))
	})

	It("that takes no more connections is an error, at once", func(ctx SpecContext) {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(syscall.Close, fd)
		Expect(syscall.Bind(fd, &syscall.SockaddrUnix{Name: socket})).To(Succeed())
		Expect(syscall.Listen(fd, 0)).To(Succeed())
		waiting, err := net.Dial("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(waiting.Close)
		failToAsk(ctx, client(), socket, containerd.ErrNoAnswer, "it takes no connection: does it hang? Look at it, or")
	})

	DescribeTable("that is something else is an error",
		func(ctx SpecContext, make func(), text string) {
			make()
			failToAsk(ctx, client(), socket, containerd.ErrNoAnswer, text)
		},
		Entry("a file", func() { Expect(os.WriteFile(socket, nil, 0o600)).To(Succeed()) }, "that is no socket: give another, or"),
		Entry("a directory", func() { Expect(os.Mkdir(socket, 0o700)).To(Succeed()) }, "that is no socket: give another, or"),
		Entry("a link to itself", func() { Expect(os.Symlink(socket, socket)).To(Succeed()) }, "too many levels of symbolic links"),
		Entry("below a file", func() {
			Expect(os.WriteFile(socket, nil, 0o600)).To(Succeed())
			socket = filepath.Join(socket, "containerd.sock")
		}, "not a directory"),
		Entry("of datagrams", func() {
			conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(conn.Close)
		}, "protocol wrong type for socket"),
		Entry("with too long a path", func() {
			long := filepath.Join(dir, "0123456789012345678901234567890123456789012345678901234567890123456789")
			Expect(os.Mkdir(long, 0o700)).To(Succeed())
			socket = filepath.Join(long, "01234567890123456789012345678901234567890123456789")
			Expect(os.WriteFile(socket, nil, 0o600)).To(Succeed())
		}, "invalid argument"),
	)

	It("that never answers is an error within the timeout", func(ctx SpecContext) {
		listen(socket, func(net.Conn) {})
		began := time.Now()
		for way, ask := range asking {
			client := newClient(containerd.Config{Socket: socket, Timeout: 200 * time.Millisecond})
			err := ask(ctx, client)
			Expect(err).To(MatchError(containerd.ErrNoAnswer), way)
			Expect(err).To(MatchError(context.DeadlineExceeded), way)
			Expect(err).To(MatchError(MatchRegexp("no answer from containerd at "+socket+
				": nothing within [0-9.]+ms: does it hang\\? Look at it, or set --containerd \\('' to do without\\)$")), way)
		}
		Expect(time.Since(began)).To(BeNumerically("<", 5*time.Second))
	})

	It("that never answers lets the caller go, and says who gave up", func(ctx SpecContext) {
		listen(socket, func(net.Conn) {})
		for way, ask := range asking {
			impatient, giveUp := context.WithTimeout(ctx, 50*time.Millisecond)
			err := ask(impatient, client())
			giveUp()
			Expect(err).To(MatchError(containerd.ErrNoAnswer), way)
			Expect(err).To(MatchError(context.DeadlineExceeded), way)
			Expect(err).NotTo(MatchError(ContainSubstring("hang")), way)
		}
	})

	It("that never answers lets go of calls under way when the client is closed", func(ctx SpecContext) {
		connected := make(chan struct{})
		listen(socket, func(net.Conn) { connected <- struct{}{} })
		client := newClient(containerd.Config{Socket: socket, Timeout: time.Minute})
		failed := make(chan error)
		go func() {
			_, err := client.Inspect(ctx, []string{"c-1"})
			failed <- err
		}()
		Eventually(connected).Should(Receive())
		client.Close()
		Eventually(failed).Should(Receive(MatchError(containerd.ErrNoAnswer)))

		_, err := client.Inspect(ctx, []string{"c-1"})
		Expect(err).To(MatchError(net.ErrClosed))
	})

	It("whose answer ends without a status is an error: there may be more", func(ctx SpecContext) {
		listed := encode(&containers.ListContainerMessage{Container: container("c-00000", spec)})
		serveHTTP(socket, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var message []byte
			if strings.HasSuffix(r.URL.Path, "/ListStream") {
				message = listed
			}
			w.Header().Set("Content-Type", "application/grpc")
			w.Write(append([]byte{0, 0, 0, byte(len(message) >> 8), byte(len(message))}, message...))
		}))
		failToAsk(ctx, client(), socket, containerd.ErrNotContainerd, "it ends the connection, or speaks no gRPC")
	})

	DescribeTable("that does not speak as containerd does is an error",
		func(ctx SpecContext, start func(), text string) {
			start()
			failToAsk(ctx, client(), socket, containerd.ErrNotContainerd, text)
		},
		Entry("HTTP/1", func() { serveHTTP(socket, false, http.NotFoundHandler()) }, "it ends the connection, or speaks no gRPC"),
		Entry("HTTP/2 without gRPC", func() { serveHTTP(socket, true, http.NotFoundHandler()) }, `404 (Not Found); transport: received unexpected content-type "text/plain; charset=utf-8"`),
		Entry("gRPC without containerd's services", func() { serve(grpc.NewServer(), socket) }, "unknown service containerd.services."),
		Entry("text", func() {
			listen(socket, func(conn net.Conn) {
				io.WriteString(conn, "220 mail.example.com ESMTP, and more than a frame's header\r\n")
			})
		}, "it ends the connection, or speaks no gRPC"),
		Entry("nothing: it ends the connection", func() {
			listen(socket, func(conn net.Conn) { conn.Close() })
		}, "it ends the connection, or speaks no gRPC"),
	)
})

// relay carries a connection to another socket. When the client sends something
// after the end is set, it unsets it and ends the connection.
func relay(client net.Conn, socket string, end *atomic.Bool) {
	server, err := net.Dial("unix", socket)
	if err != nil {
		client.Close()
		return
	}
	go func() {
		defer client.Close()
		io.Copy(client, server)
	}()
	go func() {
		defer server.Close()
		sent := make([]byte, 4096)
		for {
			n, err := client.Read(sent)
			if err != nil || end.CompareAndSwap(true, false) {
				return
			}
			server.Write(sent[:n])
		}
	}()
}

// serveHTTP serves by HTTP/1 or HTTP/2.
func serveHTTP(socket string, two bool, handler http.Handler) {
	GinkgoHelper()
	listener, err := net.Listen("unix", socket)
	Expect(err).NotTo(HaveOccurred())
	server := &http.Server{Handler: handler, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(!two)
	server.Protocols.SetUnencryptedHTTP2(two)
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()
	DeferCleanup(func() {
		Expect(server.Close()).To(Succeed())
		Eventually(done).Should(Receive())
	})
}
