package spec

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("a Garden that is no help", func() {
	// judgesNothing shows that no command takes what it hears for containers.
	judgesNothing := func(w *worker, texts ...string) {
		GinkgoHelper()
		complains(weeder(w, "list"), 1, texts...)
		complains(weeder(w, "properties", "handle"), 1, texts...)
		for _, command := range []string{"scan", "scan --exit-code", "explain handle", "reap --yes", "reap --yes handle"} {
			complains(weeder(w, strings.Fields(command)...), 1, append(texts, "error: garden-unreachable: ", "--target")...)
		}
	}

	// waitsNot shows the same of one that keeps weeder waiting.
	waitsNot := func(w *worker, texts ...string) {
		GinkgoHelper()
		for _, command := range []string{"list", "scan", "reap --yes"} {
			complains(weeder(w, strings.Fields(command+" --timeout=200ms")...), 1, append(texts, "is Garden up? set --target")...)
		}
	}

	It("where nothing listens", func() {
		w := workerAt("127.0.0.1:" + freePort())
		judgesNothing(w, w.Target, "nothing listens there")
		complains(weeder(w, "ping"), 1, w.Target, "is Garden up? set --target")
		complains(weeder(w, "capacity"), 1, w.Target, "is Garden up? set --target")
		complains(weeder(w, "destroy", "handle"), 1, w.Target, "nothing listens there")
	})

	It("where the socket is left from one that is dead", func() {
		socket := filepath.Join(GinkgoT().TempDir(), "garden.sock")
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
		Expect(err).NotTo(HaveOccurred())
		listener.SetUnlinkOnClose(false)
		Expect(listener.Close()).To(Succeed())
		judgesNothing(workerAt(socket), socket, "nothing listens there")
	})

	It("that hangs, having accepted", func() {
		w := listening(nil)
		waitsNot(w, w.Target, "within 200ms")
		complains(weeder(w, "ping", "--timeout=100ms"), 1, "within 100ms", "is Garden up? set --target")
		complains(weeder(w, "capacity", "--timeout=100ms"), 1, "within 100ms")
		complains(weeder(w, "properties", "handle", "--timeout=100ms"), 1, "within 100ms")
	})

	It("that hangs while it destroys, which --timeout bounds as well", func() {
		session := start(listening(nil), "destroy", "handle", "--timeout=100ms")
		Eventually(session).WithTimeout(5 * time.Second).Should(gexec.Exit(1))
		complains(session, 1, "within 100ms", "garden may go on with it")
	})

	It("that hangs in the middle of an answer", func() {
		waitsNot(fakeGarden(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"Handles":["a",`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}), "within 200ms")
	})

	It("that never comes to the end of its answer", func() {
		waitsNot(fakeGarden(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"Handles":[`)
			for r.Context().Err() == nil {
				if _, err := fmt.Fprintf(w, "%q,", strings.Repeat("a", 100)); err != nil {
					return
				}
				w.(http.Flusher).Flush()
			}
		}), "no answer from garden")
	})

	It("that is slow, but within the timeout", func() {
		const slowness = 100 * time.Millisecond
		w := emptyWorker()
		w.healthy("healthy")
		w.orphan("leaked")
		backend, err := url.Parse("http://" + w.Target)
		Expect(err).NotTo(HaveOccurred())
		proxy := httputil.NewSingleHostReverseProxy(backend)
		proxy.ErrorLog = log.New(GinkgoWriter, "", 0)
		slow := fakeGarden(func(w http.ResponseWriter, r *http.Request) {
			<-time.After(slowness)
			proxy.ServeHTTP(w, r)
		})
		w.Target = slow.Target

		began := time.Now()
		found := scan(w, "--timeout=5s")
		Expect(time.Since(began)).To(BeNumerically(">", slowness))
		Expect(found.of("leaked").Eligible).To(BeTrue())
		complains(weeder(w, "scan", "--timeout=50ms"), 1, "within 50ms")

		result, status := reap(w, "--timeout=5s")
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("leaked"))
	})

	DescribeTable("that answers with", func(answer http.HandlerFunc, texts ...string) {
		var destroys atomic.Int32
		w := fakeGarden(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				destroys.Add(1)
			}
			answer(w, r)
		})
		judgesNothing(w, append(texts, w.Target)...)
		Expect(destroys.Load()).To(BeZero())
	},
		Entry("HTML", answering(200, asHTML, page), "is that a Garden?", "200 OK"),
		Entry("HTML of a proxy without a Garden", answering(502, asHTML, page), "is that a Garden?", "502 Bad Gateway"),
		Entry("another server's 404", http.NotFoundHandler().ServeHTTP, "is that a Garden?", "404 Not Found"),
		Entry("another server's errors in JSON", answering(500, asJSON, `{"error":"no"}`), "is that a Garden?", "500 "),
		Entry("a 500 that says nothing", answering(500, asJSON, ""), "is that a Garden?", "500 ", "nothing"),
		Entry("nothing", answering(200, asJSON, ""), "is that a Garden?", "nothing"),
		Entry("JSON that is cut short", answering(200, asJSON, `{"Handles":["a","b`), "is that a Garden?"),
		Entry("JSON of another shape", answering(200, asJSON, `{"Handles":"a"}`), "is that a Garden?"),
		Entry("a list", answering(200, asJSON, `["a"]`), "is that a Garden?"),
		Entry("a redirection", http.RedirectHandler("/login", http.StatusFound).ServeHTTP, "is that a Garden?", "302 Found"),
	)

	// What lists nothing is no list of no containers. For bulk_info these are
	// answers, from which a container is left out.
	DescribeTable("that answers, in the place of a list, with", func(answer string) {
		w := fakeGarden(answering(200, asJSON, answer))
		for _, command := range []string{"list", "scan", "reap --yes"} {
			complains(weeder(w, strings.Fields(command)...), 1, "is that a Garden?", w.Target)
		}
		complains(weeder(w, "properties", "handle"), 1, "left out of the answer")
	},
		Entry("an empty object", `{}`),
		Entry("null", `null`),
	)

	It("that fails in its own words", func() {
		w := fakeGarden(answering(500, asJSON, `{"Type":"","Message":"open /run/runc: too many open files","Handle":"","ProcessID":"","Binary":""}`))
		complains(weeder(w, "list"), 1, "error: list containers: open /run/runc: too many open files\n")
		complains(weeder(w, "scan"), 1, "garden-unreachable", "open /run/runc: too many open files")
		complains(weeder(w, "reap", "--yes"), 1, "garden-unreachable", "open /run/runc: too many open files")
	})

	DescribeTable("that, asked, says", func(says string, texts ...string) {
		judgesNothing(listening(func(conn net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(conn))
			fmt.Fprint(conn, says)
			conn.Close()
		}), append(texts, "no answer from garden")...)
	},
		Entry("nothing, and hangs up", "", "EOF"),
		Entry("something of another protocol", "SSH-2.0-OpenSSH_9.7\r\n", "SSH-2.0"),
		Entry("less than it promises",
			"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"Handles\":[]}",
			"broken off after 14 bytes"),
	)

	It("that speaks unasked, as another protocol has it", func() {
		judgesNothing(listening(func(conn net.Conn) {
			fmt.Fprint(conn, "SSH-2.0-OpenSSH_9.7\r\n")
		}), "no answer from garden")
	})

	Context("once it has listed a container", func() {
		// lists lists one container and answers all else in another way.
		lists := func(answer http.HandlerFunc) *worker {
			GinkgoHelper()
			return fakeGarden(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && r.URL.Path == "/containers" {
					_, _ = io.WriteString(w, `{"Handles":["handle"]}`)
					return
				}
				answer(w, r)
			})
		}

		DescribeTable("it can't be asked about the container for", func(answer http.HandlerFunc, text string) {
			w := lists(answer)
			Expect(stdout(weeder(w, "list"))).To(Equal("handle\n"))
			for _, command := range []string{"scan", "reap --yes", "explain handle"} {
				complains(weeder(w, strings.Fields(command)...), 1, "garden-unreachable", text)
			}
			session := weeder(w, "destroy", "handle")
			complains(session, 1, text)
		},
			Entry("HTML", answering(200, asHTML, page), "is that a Garden?"),
			Entry("HTML of a proxy", answering(502, asHTML, page), "502 Bad Gateway"),
			Entry("cut JSON", answering(200, asJSON, `{"handle":{"Info":`), "is that a Garden?"),
			Entry("another server's 404", http.NotFoundHandler().ServeHTTP, "404 Not Found"),
			Entry("an error of its own", answering(500, asJSON, `{"Type":"","Message":"out of memory"}`), "out of memory"),
		)

		DescribeTable("it tells nothing of the container by", func(text, code string) {
			w := lists(answering(200, asJSON, text))
			c := scan(w).of("handle")
			Expect(c.Verdict).To(Equal("unknown"))
			Expect(c.codes()).To(ConsistOf(code))

			result, status := reap(w, "--grace=0s", "--busy-grace=0s")
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(BeEmpty())
		},
			Entry("an empty object", `{}`, "source-unreadable"),
			Entry("null", `null`, "source-unreadable"),
			Entry("word of another", `{"other":{"Info":{"State":"active"}}}`, "source-unreadable"),
			Entry("an entry that is empty", `{"handle":{}}`, "no-source"),
			Entry("an entry that is null", `{"handle":null}`, "no-source"),
		)
	})
})
