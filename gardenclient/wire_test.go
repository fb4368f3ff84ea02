package gardenclient_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

var _ = Describe("The wire", func() {
	DescribeTable("does not believe an answer that is no Garden's",
		func(ctx SpecContext, status int, body string, got string) {
			garden := newWireGarden()
			garden.answers("GET /containers", status, body)

			_, err := garden.client(gardenclient.Config{}).List(ctx)
			Expect(err).To(MatchError(gardenclient.ErrNotGarden))
			Expect(err).To(MatchError(And(
				ContainSubstring(garden.target().Address),
				ContainSubstring(got),
				HaveSuffix("is that a Garden? set --target"),
			)))
		},
		Entry("HTML of a proxy", 502, html, `GET /containers with 502 Bad Gateway and "<html>`),
		Entry("HTML with 200", 200, html, `200 OK and "<html>`),
		Entry("an empty error", 500, "", "500 Internal Server Error and nothing"),
		Entry("an empty 200", 200, "", "200 OK and nothing"),
		Entry("an error cut short", 500, `{"Type":"","Mess`, `"{\"Type\":\"\",\"Mess"`),
		Entry("a list cut short", 200, `{"Handles":["c-1","c-`, "c-1"),
		Entry("a list with something behind it", 200, `{"Handles":["c-1"]}<html>`, "200 OK"),
		Entry("another server's error", 404, `{"error":"not found"}`, "404 Not Found"),
		Entry("a redirect", 302, "", "302 Found and nothing"),
		Entry("no Handles", 200, `{}`, "without Handles"),
		Entry("null Handles", 200, `{"Handles":null}`, "without Handles"),
		Entry("null", 200, `null`, `200 OK and "null"`),
		Entry("Handles of another shape", 200, `{"Handles":{"c-1":{}}}`, "another shape"),
		Entry("a list without an object around it", 200, `["c-1"]`, "another shape"),
	)

	It("shows only the beginning of a long answer", func(ctx SpecContext) {
		garden := newWireGarden()
		garden.answers("GET /ping", 500, strings.Repeat("x", 10_000))

		err := garden.client(gardenclient.Config{}).Ping(ctx)
		Expect(err).To(MatchError(ContainSubstring(`xxx"…`)))
		Expect(len(err.Error())).To(BeNumerically("<", 300))
	})

	It("follows no redirect", func(ctx SpecContext) {
		garden := newWireGarden()
		garden.on("GET /ping", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		})
		garden.answers("GET /elsewhere", 200, `{}`)

		Expect(garden.client(gardenclient.Config{}).Ping(ctx)).To(MatchError(gardenclient.ErrNotGarden))
		Expect(garden.asked("GET /elsewhere")).To(BeEmpty())
	})

	It("reads no further than the limit", func(ctx SpecContext) {
		garden := newWireGarden()
		garden.on("GET /containers", endless)

		_, err := garden.client(gardenclient.Config{ReplyLimit: 1000}).List(ctx)
		Expect(err).To(MatchError(gardenclient.ErrNotGarden))
		Expect(err).To(MatchError(ContainSubstring("more than 1000 bytes")))
	})

	Context("when Garden leaves a request without a whole answer", func() {
		DescribeTable("gives up after the timeout, and says so",
			func(ctx SpecContext, handler http.HandlerFunc) {
				garden := newWireGarden()
				garden.on("GET /containers", handler)

				_, err := garden.client(gardenclient.Config{Timeout: 50 * time.Millisecond}).List(ctx)
				Expect(err).To(MatchError(context.DeadlineExceeded))
				Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
				Expect(err).To(MatchError(And(ContainSubstring("within 50ms"), ContainSubstring(garden.target().Address))))
			},
			Entry("it never answers", http.HandlerFunc(hang)),
			Entry("it stops in the middle", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, `{"Handles":[`)
				w.(http.Flusher).Flush()
				hang(w, r)
			})),
			Entry("it never ends", http.HandlerFunc(endless)),
		)

		It("gives up after the timeout on a listener that nobody serves", func(ctx SpecContext) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(listener.Close)
			target := gardenclient.Target{Network: "tcp", Address: listener.Addr().String()}

			err = newClient(gardenclient.Config{Target: target, Timeout: 50 * time.Millisecond}).Ping(ctx)
			Expect(err).To(MatchError(context.DeadlineExceeded))
		})

		It("names the context's deadline where that is nearer", func(ctx SpecContext) {
			garden := newWireGarden()
			garden.on("GET /ping", hang)
			near, cancel := context.WithTimeout(ctx, 40*time.Millisecond)
			defer cancel()

			err := garden.client(gardenclient.Config{}).Ping(near)
			Expect(err).To(MatchError(context.DeadlineExceeded))
			Expect(err).To(MatchError(MatchRegexp(`within [34]\dms`)))
		})

		It("returns at once when the context is cancelled", func(ctx SpecContext) {
			garden := newWireGarden()
			arrived := make(chan struct{})
			garden.on("GET /ping", func(w http.ResponseWriter, r *http.Request) {
				close(arrived)
				hang(w, r)
			})
			client := garden.client(gardenclient.Config{Timeout: time.Hour})
			cancelled, cancel := context.WithCancel(ctx)

			result := make(chan error, 1)
			go func() { result <- client.Ping(cancelled) }()
			Eventually(arrived).Should(BeClosed())
			cancel()
			Eventually(result).WithTimeout(time.Second).Should(Receive(MatchError(context.Canceled)))
		}, SpecTimeout(time.Minute))

		It("says where an answer breaks off", func(ctx SpecContext) {
			garden := newWireGarden()
			garden.on("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				io.WriteString(w, `{"`)
			})

			err := garden.client(gardenclient.Config{}).Ping(ctx)
			Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
			Expect(err).To(MatchError(io.ErrUnexpectedEOF))
			Expect(err).To(MatchError(ContainSubstring("broken off after 2 bytes")))
		})
	})

	Context("when there is no connection", func() {
		It("says that nothing listens there", func(ctx SpecContext) {
			closed := httptest.NewServer(http.NotFoundHandler())
			closed.Close()
			target := gardenclient.Target{Network: "tcp", Address: closed.Listener.Addr().String()}

			err := newClient(gardenclient.Config{Target: target}).Ping(ctx)
			Expect(err).To(MatchError(syscall.ECONNREFUSED))
			Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
			Expect(err).To(MatchError(ContainSubstring(target.Address + ": nothing listens there")))
		})

		It("says that there is no such socket", func(ctx SpecContext) {
			target := gardenclient.Target{Network: "unix", Address: filepath.Join(GinkgoT().TempDir(), "garden.sock")}

			err := newClient(gardenclient.Config{Target: target}).Ping(ctx)
			Expect(err).To(MatchError(fs.ErrNotExist))
			Expect(err).To(MatchError(ContainSubstring(target.String() + ": there is no such socket")))
		})
	})

	It("makes many calls over one connection, failures among them", func(ctx SpecContext) {
		garden := newWireGarden()
		var connections atomic.Int32
		counted := httptest.NewUnstartedServer(garden.mux)
		counted.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		}
		counted.Start()
		DeferCleanup(counted.Close)
		garden.lists(`{"Handles":["c-1"]}`, `{"Handles":[]}`)
		garden.answers("GET /capacity", 500, notImplemented)
		garden.answers("GET /ping", 502, html)
		garden.answers("DELETE /containers/{handle}", 200, `{}`)
		client := newClient(gardenclient.Config{Target: gardenclient.Target{Network: "tcp", Address: counted.Listener.Addr().String()}})

		for range 20 {
			_, err := client.Handles(ctx)
			Expect(err).NotTo(HaveOccurred())
			_, err = client.Capacity(ctx)
			Expect(gardenclient.IsNotImplemented(err)).To(BeTrue())
			Expect(client.Ping(ctx)).To(MatchError(gardenclient.ErrNotGarden))
			Expect(client.Destroy(ctx, "c-1")).To(Succeed())
		}
		Expect(connections.Load()).To(BeEquivalentTo(1))
	})
})

var _ = DescribeTable("IsNotImplemented goes by the text alone",
	func(err error, is bool) {
		Expect(gardenclient.IsNotImplemented(err)).To(Equal(is))
	},
	Entry("the text", errors.New("not implemented"), true),
	Entry("the text with what was being done", errors.New("bulk_info: not implemented"), true),
	Entry("ENOSYS", errors.New("runc state: function not implemented"), false),
	Entry("another error", errors.New("runc state: exit status 1"), false),
	Entry("none", nil, false),
)

// endless is an answer without an end, until the client hangs up.
func endless(w http.ResponseWriter, _ *http.Request) {
	spaces := []byte(strings.Repeat(" ", 4096))
	for {
		if _, err := w.Write(spaces); err != nil {
			return
		}
	}
}
