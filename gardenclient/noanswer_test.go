package gardenclient_test

import (
	"bufio"
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

// listen is a listener that has whoever connects handled.
func listen(network, address string, handle func(net.Conn)) net.Listener {
	GinkgoHelper()
	listener, err := net.Listen(network, address)
	Expect(err).NotTo(HaveOccurred())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			handle(conn)
			conn.Close()
		}
	}()
	DeferCleanup(func() {
		listener.Close()
		<-done
	})
	return listener
}

// saying answers any request with a text.
func saying(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		io.WriteString(conn, text)
	}
}

// nowhere is an address at which nothing listens.
func nowhere() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return listener.Addr().String()
}

// What is said must be the same whichever way Garden is asked.
var ways = map[string]func(context.Context, *gardenclient.Client) error{
	"a request": func(ctx context.Context, client *gardenclient.Client) error {
		return client.Ping(ctx)
	},
	"a request of its own": func(ctx context.Context, client *gardenclient.Client) error {
		return client.Connection(ctx).Ping()
	},
	"a connection taken over": func(ctx context.Context, client *gardenclient.Client) error {
		_, err := client.Connection(ctx).Run("c-1", garden.ProcessSpec{}, garden.ProcessIO{})
		return err
	},
}

var _ = Describe("An error where no answer came", func() {
	// says checks for this text, in which AT is the address, and WHAT the request.
	says := func(ctx context.Context, config gardenclient.Config, text string, causes ...any) {
		GinkgoHelper()
		for way, call := range ways {
			err := call(ctx, newClient(config))
			what := "GET /ping"
			if way == "a connection taken over" {
				what = "POST /containers/c-1/processes"
			}
			want := strings.NewReplacer("AT", config.Target.String(), "WHAT", what).Replace(text)
			Expect(strings.TrimPrefix(err.Error(), "ping: ")).To(Equal(want), way)
			for _, cause := range append(causes, gardenclient.ErrNoAnswer) {
				Expect(err).To(MatchError(cause), way)
			}
		}
	}

	It("says that nothing listens, and where the target came from", func(ctx SpecContext) {
		target := gardenclient.Target{Network: "tcp", Address: nowhere()}
		says(ctx, gardenclient.Config{Target: target},
			"no answer from garden at AT: nothing listens there (connection refused): is Garden up? set --target", syscall.ECONNREFUSED)
		says(ctx, gardenclient.Config{Target: target, Origin: "from GAOL_TARGET"},
			"no answer from garden at AT (from GAOL_TARGET): nothing listens there (connection refused): is Garden up? set --target")
	})

	It("names a socket that is there", func(ctx SpecContext) {
		dir := GinkgoT().TempDir()
		there := filepath.Join(dir, "garden.sock")
		listen("unix", there, saying(""))
		file := writeConfig(dir, "c-1", "")
		elsewhere := []string{filepath.Join(dir, "none.sock"), file, there}

		for _, target := range []gardenclient.Target{{Network: "tcp", Address: nowhere()}, {Network: "unix", Address: filepath.Join(dir, "none.sock")}} {
			config := gardenclient.Config{Target: target, Elsewhere: elsewhere}
			Expect(newClient(config).Ping(ctx)).To(MatchError(HaveSuffix(
				": is Garden up? set --target, such as unix://" + there + ", which is there")))
		}
		config := gardenclient.Config{Target: gardenclient.Target{Network: "tcp", Address: nowhere()}, Elsewhere: elsewhere[:2]}
		Expect(newClient(config).Ping(ctx)).To(MatchError(HaveSuffix(": is Garden up? set --target")))
	})

	It("says that there is no such socket", func(ctx SpecContext) {
		target := gardenclient.Target{Network: "unix", Address: filepath.Join(GinkgoT().TempDir(), "garden.sock")}
		says(ctx, gardenclient.Config{Target: target},
			"no answer from garden at AT: there is no such socket: is Garden up? set --target", fs.ErrNotExist)
	})

	It("says that there is no such host", func(ctx SpecContext) {
		// No resolver is asked about what is no name.
		says(ctx, gardenclient.Config{Target: gardenclient.Target{Network: "tcp", Address: "worker..internal:7777"}},
			"no answer from garden at AT: there is no such host: is its name right? set --target")
	})

	It("says what else keeps from a connection", func(ctx SpecContext) {
		path := "/" + strings.Repeat("x", 200)
		says(ctx, gardenclient.Config{Target: gardenclient.Target{Network: "unix", Address: path}},
			"no answer from garden at AT: no connection (invalid argument): is Garden up? set --target", syscall.EINVAL)
	})

	DescribeTable("says what came instead of one:",
		func(ctx SpecContext, answer, text string, causes ...any) {
			target := gardenclient.Target{Network: "tcp", Address: listen("tcp", "127.0.0.1:0", saying(answer)).Addr().String()}
			says(ctx, gardenclient.Config{Target: target, Origin: "the default"}, "no answer from garden at AT (the default) to WHAT: "+text, causes...)
		},
		Entry("nothing", "", "it hung up (EOF): is that a Garden, and is it up? set --target"),
		Entry("an alert of TLS", "\x15\x03\x01\x00\x02\x02\x46\r\n", "it speaks TLS, which Garden does not: is that a Garden? set --target"),
		Entry("another protocol", "SSH-2.0-OpenSSH_9.7\r\n",
			`malformed HTTP response "SSH-2.0-OpenSSH_9.7": is that a Garden? set --target`),
		Entry("less than was promised", "HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n{",
			"broken off after 1 bytes: unexpected EOF: is that a Garden, and is it up? set --target", io.ErrUnexpectedEOF),
	)

	It("says how long it waited, and for what of its own it did", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.on("/", func(w http.ResponseWriter, r *http.Request) {
			// A server learns that the client is gone only once it has read the body.
			_, _ = io.Copy(io.Discard, r.Body)
			hang(w, r)
		})
		config := gardenclient.Config{Target: wire.target(), Timeout: 30 * time.Millisecond}
		at := "no answer from garden at " + config.Target.String()
		Expect(newClient(config).Ping(ctx)).To(MatchError(
			"ping: " + at + " to GET /ping within 30ms: is Garden up? set --target, or a longer --timeout"))

		near, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
		defer cancel()
		_, err := newClient(config).Connection(near).Run("c-1", garden.ProcessSpec{}, garden.ProcessIO{})
		Expect(err).To(MatchError(MatchRegexp(`^%s to POST /containers/c-1/processes within [23]\dms: is Garden up\? set --target$`, at)))
		Expect(err).To(MatchError(context.DeadlineExceeded))
	})

	It("gives no hint to whoever called it off", func(ctx SpecContext) {
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		says(cancelled, gardenclient.Config{Target: newWireGarden().target()},
			"no answer from garden at AT to WHAT: context canceled", context.Canceled)
	})
})

var _ = DescribeTable("A connection that is taken over is one of a Garden, not of a server that answers with",
	func(ctx SpecContext, status int, body, got string) {
		garden := newWireGarden()
		garden.answers("/", status, body)
		client := garden.client(gardenclient.Config{Origin: "the default"})
		for what, call := range map[string]func(connection.Connection) error{
			"POST /containers/c-1/processes":    runs,
			"GET /containers/c-1/processes/p-1": attaches,
		} {
			err := call(client.Connection(ctx))
			Expect(err).To(MatchError(gardenclient.ErrNotGarden))
			Expect(err).To(MatchError(And(
				HavePrefix("%s (the default) answered %s with ", garden.target(), what),
				ContainSubstring(got),
			)))
		}
	},
	Entry("HTML", 200, html, `200 OK and "<html><body>nothing here`),
	Entry("long HTML", 200, html+strings.Repeat(" ", 5000), `200 OK and "`),
	Entry("HTML of a proxy", 502, html, `502 Bad Gateway and "<html><body>nothing here`),
	Entry("another server's 404", 404, "404 page not found\n", `404 Not Found and "404 page not found"`),
	Entry("another server's JSON", 404, `{"error":"not found"}`, `404 Not Found and "{\"error`),
	Entry("nothing but a 500", 500, "", "500 Internal Server Error and nothing"),
	Entry("a redirection", 302, "", "302 Found and nothing"),
)

func runs(conn connection.Connection) error {
	_, err := conn.Run("c-1", garden.ProcessSpec{}, garden.ProcessIO{})
	return err
}

func attaches(conn connection.Connection) error {
	_, err := conn.Attach("c-1", "p-1", garden.ProcessIO{})
	return err
}
