package baggageclaim_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
	"weeder/reaper"
)

// recordedReply is a body that a real baggageclaim sent.
func recordedReply(elements ...string) string {
	GinkgoHelper()
	data, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, elements...)...))
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}

var _ = Describe("API", func() {
	// timeout of each request; long against what a loopback needs.
	const timeout = 10 * time.Second

	var (
		ctx         context.Context
		server      *httptest.Server
		answer      http.HandlerFunc
		connections atomic.Int32
		api         *baggageclaim.API
	)

	BeforeEach(func() {
		ctx = context.Background()
		connections.Store(0)
		server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		}
		server.Start()
		DeferCleanup(server.Close)
		api = baggageclaim.NewAPI(server.Listener.Addr().String(), timeout)
		DeferCleanup(api.Close)
	})

	// reply has the server answer the same to everything.
	reply := func(status int, contentType, body string) {
		answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}

	Describe("Knows", func() {
		DescribeTable("takes the answers of a real server",
			func(version string) {
				answer = func(w http.ResponseWriter, r *http.Request) {
					defer GinkgoRecover()
					Expect(r.Method).To(Equal(http.MethodGet))
					w.Header().Set("Content-Type", "application/json")
					if r.URL.Path == "/volumes/v-1" {
						_, _ = w.Write([]byte(recordedReply(version, "http-volume.json")))
						return
					}
					w.WriteHeader(http.StatusNotFound)
					_, _ = w.Write([]byte(recordedReply(version, "http-volume-unknown.json")))
				}
				Expect(api.Knows(ctx, "v-1")).To(BeTrue())
				Expect(api.Knows(ctx, "v-2")).To(BeFalse())
			},
			Entry("of 1.3.5", "baggageclaim-1.3.5"),
			Entry("of 1.10.0", "baggageclaim-1.10.0"),
		)

		DescribeTable("takes another server's 404 for no answer",
			func(body string) {
				reply(http.StatusNotFound, "text/plain; charset=utf-8", body)
				_, err := api.Knows(ctx, "v-1")
				Expect(err).To(MatchError(ContainSubstring("in other words than baggageclaim's")))
			},
			Entry("in plain text", "404 page not found\n"),
			Entry("in HTML", "<html><body>404</body></html>"),
			Entry("in Garden's JSON", `{"Type":"ContainerNotFoundError","Message":"unknown handle: v-1"}`),
			Entry("in silence", ""),
		)

		DescribeTable("fails on any other answer",
			func(status int, body, expected string) {
				reply(status, "application/json", body)
				known, err := api.Knows(ctx, "v-1")
				Expect(known).To(BeFalse())
				Expect(err).To(MatchError(HavePrefix("ask baggageclaim at " + server.Listener.Addr().String() + " for volume v-1: " + expected)))
			},
			Entry("a failure", 500, `{"error":"failed to get volume"}`, "it answers 500 Internal Server Error"),
			Entry("a refusal", 403, "", "it answers 403 Forbidden"),
			Entry("nothing", 204, "", "it answers 204 No Content"),
			Entry("HTML", 200, "<html><body>It works!</body></html>", "decode its answer: invalid character '<'"),
			Entry("an empty body", 200, "", "decode its answer: EOF"),
			Entry("a body cut short", 200, `{"handle":"v-1","pa`, "decode its answer: unexpected EOF"),
			Entry("another volume", 200, `{"handle":"v-2"}`, `it answers with volume "v-2"`),
			Entry("no volume", 200, `null`, `it answers with volume ""`),
			Entry("a list", 200, `[{"handle":"v-1"}]`, "decode its answer: json: cannot unmarshal array"),
		)

		It("can't tell of a volume that baggageclaim can't tell of", func() {
			reply(500, "application/json", `{"error":"failed to get volume"}`)
			_, err := api.Knows(ctx, "v-1")
			Expect(err).To(MatchError(reaper.ErrVolumeUntold))
			Expect(err).To(MatchError(ContainSubstring("500 Internal Server Error: failed to get volume")))
		})

		DescribeTable("takes another server's 500 for no answer",
			func(status int, body string) {
				reply(status, "text/plain; charset=utf-8", body)
				_, err := api.Knows(ctx, "v-1")
				Expect(err).To(HaveOccurred())
				Expect(err).NotTo(MatchError(reaper.ErrVolumeUntold))
			},
			Entry("in plain text", 500, "oh no"),
			Entry("in Garden's JSON", 500, `{"Type":"","Message":"oh no"}`),
			Entry("in silence", 500, ""),
			Entry("of one that is overloaded", 503, `{"error":"failed to get volume"}`),
		)

		It("follows no redirect", func() {
			answer = func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/elsewhere" {
					_, _ = w.Write([]byte(`{"handle":"v-1"}`))
					return
				}
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
			}
			_, err := api.Knows(ctx, "v-1")
			Expect(err).To(MatchError(HaveSuffix("it answers 302 Found")))
		})

		DescribeTable("escapes the handle",
			func(handle, escaped string) {
				answer = func(w http.ResponseWriter, r *http.Request) {
					defer GinkgoRecover()
					Expect(r.RequestURI).To(Equal("/volumes/" + escaped))
					w.WriteHeader(http.StatusNotFound)
					_, _ = w.Write([]byte(`{"error":"failed to get volume"}`))
				}
				Expect(api.Knows(ctx, handle)).To(BeFalse())
			},
			Entry("of a question", "a?x", "a%3Fx"),
			Entry("with a fragment", "a#x", "a%23x"),
			Entry("with a space", "a b", "a%20b"),
			Entry("that is escaped already", "a%2fb", "a%252fb"),
			Entry("with a line break", "a\nb", "a%0Ab"),
		)

		DescribeTable("does not ask for an unsafe handle",
			func(handle string) {
				answer = func(http.ResponseWriter, *http.Request) {
					defer GinkgoRecover()
					Fail("asked")
				}
				_, err := api.Knows(ctx, handle)
				Expect(err).To(MatchError(ContainSubstring("is not safe in a path")))
			},
			Entry("that is empty", ""),
			Entry("that leads up", ".."),
			Entry("with a slash", "a/b"),
			Entry("with a NUL", "a\x00"),
		)
	})

	Describe("LivePaths", func() {
		DescribeTable("takes the list of a real server",
			func(version string, expected ...string) {
				answer = func(w http.ResponseWriter, r *http.Request) {
					defer GinkgoRecover()
					Expect(r.Method + " " + r.RequestURI).To(Equal("GET /volumes"))
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write([]byte(recordedReply(version, "http-volumes.json")))
				}
				Expect(api.LivePaths(ctx)).To(Equal(expected))
			},
			Entry("of 1.3.5", "baggageclaim-1.3.5",
				"/var/vcap/data/baggageclaim/volumes/live/88914c83-fc71-4358-4f3f-b886429f9013/volume",
				"/var/vcap/data/baggageclaim/volumes/live/cow-child/volume",
				"/var/vcap/data/baggageclaim/volumes/live/v-1/volume"),
			Entry("of 1.10.0", "baggageclaim-1.10.0",
				"/worker-state/volumes/live/m-cow/volume",
				"/worker-state/volumes/live/m-root/volume"),
		)

		DescribeTable("takes an empty list",
			func(body string) {
				reply(http.StatusOK, "application/json", body)
				paths, err := api.LivePaths(ctx)
				Expect(err).NotTo(HaveOccurred())
				Expect(paths).To(BeEmpty())
			},
			Entry("as real servers send it", "[]\n"),
			Entry("that is null", "null\n"),
		)

		DescribeTable("fails on any other answer",
			func(status int, body, expected string) {
				reply(status, "application/json", body)
				paths, err := api.LivePaths(ctx)
				Expect(paths).To(BeNil())
				Expect(err).To(MatchError(HavePrefix("ask baggageclaim at " + server.Listener.Addr().String() + " for its volumes: " + expected)))
			},
			Entry("a failure, as real servers send it", 500, `{"error":"failed to list volumes"}`, "it answers 500 Internal Server Error"),
			Entry("not found", 404, "404 page not found\n", "it answers 404 Not Found"),
			Entry("HTML", 200, "<html></html>", "decode its answer: invalid character '<'"),
			Entry("a list cut short", 200, `[{"path":"/a"},`, "decode its answer: unexpected EOF"),
			Entry("an object", 200, `{"error":"no"}`, "decode its answer: json: cannot unmarshal object"),
			Entry("a volume without a path", 200, `[{"path":"/a"},{"handle":"v-1"}]`, "it lists a volume without a path"),
			Entry("an endless list", 200, "["+strings.Repeat(" ", 32<<20)+"]", "decode its answer: unexpected EOF"),
		)
	})

	It("keeps the connection", func() {
		reply(http.StatusNotFound, "application/json", `{"error":"failed to get volume"}`+"\n")
		for range 5 {
			Expect(api.Knows(ctx, "v-1")).To(BeFalse())
		}
		Expect(connections.Load()).To(BeEquivalentTo(1))
	})

	It("takes an address with http:// before it", func() {
		reply(http.StatusOK, "application/json", "[]")
		named := baggageclaim.NewAPI(server.URL+"/", timeout)
		DeferCleanup(named.Close)
		Expect(named.LivePaths(ctx)).To(BeEmpty())
	})

	Context("when nothing listens", func() {
		It("says so, and leaves what to try to who knows what for it was asked", func() {
			server.Close()
			for _, ask := range []func() error{
				func() error { _, err := api.Knows(ctx, "v-1"); return err },
				func() error { _, err := api.LivePaths(ctx); return err },
			} {
				err := ask()
				Expect(err).To(MatchError(syscall.ECONNREFUSED))
				Expect(err).To(MatchError(HaveSuffix("connect: connection refused")))
			}
		})
	})

	Context("when the server hangs", func() {
		DescribeTable("fails after the timeout",
			func(before func(http.ResponseWriter)) {
				answer = func(w http.ResponseWriter, r *http.Request) {
					before(w)
					<-r.Context().Done()
				}
				hasty := baggageclaim.NewAPI(server.URL, 50*time.Millisecond)
				DeferCleanup(hasty.Close)
				_, err := hasty.Knows(ctx, "v-1")
				Expect(err).To(MatchError(context.DeadlineExceeded))
				Expect(err).To(MatchError(HaveSuffix("no answer within 50ms: context deadline exceeded")))
				_, err = hasty.LivePaths(ctx)
				Expect(err).To(MatchError(context.DeadlineExceeded))
			},
			Entry("before it answers", func(http.ResponseWriter) {}),
			Entry("in the middle of its answer", func(w http.ResponseWriter) {
				_, _ = w.Write([]byte(`[{"path":`))
				w.(http.Flusher).Flush()
			}),
		)

		It("fails when the context ends", func() {
			canceled, cancel := context.WithCancel(ctx)
			answer = func(_ http.ResponseWriter, r *http.Request) {
				cancel()
				<-r.Context().Done()
			}
			_, err := api.Knows(canceled, "v-1")
			Expect(err).To(MatchError(context.Canceled))
		})
	})
})
