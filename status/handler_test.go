package status_test

import (
	"io"
	"net/http/httptest"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
	"weeder/status"
	"weeder/status/page"
)

var routes = []string{"/", "/metrics", "/healthz", "/api/v1/scan"}

var _ = Describe("the handler", func() {
	body := func(s subject, path string) string {
		GinkgoHelper()
		text, err := io.ReadAll(s.ask("GET", path).Body)
		Expect(err).NotTo(HaveOccurred())
		return string(text)
	}

	It("serves a page that leads to its routes", func() {
		response := newSubject().ask("GET", "/")
		Expect(response.StatusCode).To(Equal(200))
		Expect(response.Header.Get("Content-Type")).To(Equal("text/html; charset=utf-8"))
		for _, path := range routes[1:] {
			Expect(body(newSubject(), "/")).To(ContainSubstring(`href="` + path + `"`))
		}
	})

	It("has no last pass before the first", func() {
		response := newSubject().ask("GET", "/api/v1/scan")
		Expect(response.StatusCode).To(Equal(503))
		Expect(response.Header.Get("Content-Type")).To(Equal("application/json"))
		Expect(body(newSubject(), "/api/v1/scan")).To(MatchJSON(`{"error": "no pass is over yet"}`))
	})

	It("tells of the last pass", func() {
		dirs := []string{"/first", "/second"}
		s := newSubject(func(c *status.Config) {
			c.VolumesDir = func() string {
				dir := dirs[0]
				dirs = dirs[1:]
				return dir
			}
		})
		s.Passed(interlocked(true))
		last := judged(held(orphan("leaked", time.Hour, reaper.VolumeIsMissing), reaper.HeldByGrace))
		last.Interlocks = []reaper.Interlock{{Name: reaper.Starting, Detail: "the daemon watches"}}
		s.Passed(last)

		response := s.ask("GET", "/api/v1/scan")
		Expect(response.StatusCode).To(Equal(200))
		Expect(response.Header.Get("Content-Type")).To(Equal("application/json"))
		Expect(body(s, "/api/v1/scan")).To(MatchJSON(`{
			"scanned_at": "2016-10-21T14:29:14Z", "target": "127.0.0.1:7777", "volumes_dir": "/second",
			"interlocks": [{"name": "starting", "detail": "the daemon watches"}],
			"summary": {"containers": 1, "live": 0, "orphan": 1, "unknown": 0, "foreign": 0, "eligible": 0, "max_containers": 250},
			"containers": [{"handle": "leaked", "verdict": "orphan", "eligible": false, "held_by": ["grace"], "stuck": false,
				"destroying": false, "failures": 0, "reasons": [{"code": "volume-missing", "volume": "", "detail": ""}],
				"age_seconds": null, "grace_time_seconds": null, "task": null,
				"purpose": {"team": null, "pipeline": null, "job": null, "resource": null, "build": null, "build_id": null, "step": null}, "volumes": []}]}`))
	})

	It("tells of a last pass that could not judge", func() {
		s := newSubject(func(c *status.Config) { c.VolumesDir = nil })
		s.Passed(interlocked(false, reaper.GardenUnreachable))
		Expect(s.ask("GET", "/api/v1/scan").StatusCode).To(Equal(200))
		Expect(body(s, "/api/v1/scan")).To(ContainSubstring(`"containers": null`))
		Expect(body(s, "/api/v1/scan")).To(ContainSubstring(`"volumes_dir": ""`))
	})

	It("serves metrics as Prometheus reads them", func() {
		response := newSubject().ask("GET", "/metrics")
		Expect(response.Header.Get("Content-Type")).To(HavePrefix("text/plain; version=0.0.4"))
	})

	It("compresses nothing", func() {
		for _, path := range routes {
			request, recorder := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
			request.Header.Set("Accept-Encoding", "gzip, zstd")
			newSubject().Handler().ServeHTTP(recorder, request)
			Expect(recorder.Header().Get("Content-Encoding")).To(BeEmpty(), path)
		}
	})

	DescribeTable("takes no request that could change something",
		func(method string) {
			for _, path := range routes {
				response := newSubject().ask(method, path)
				Expect(response.StatusCode).To(Equal(405), path)
				Expect(response.Header.Get("Allow")).To(Equal("GET, HEAD"), path)
			}
		},
		Entry(nil, "POST"), Entry(nil, "PUT"), Entry(nil, "PATCH"), Entry(nil, "DELETE"), Entry(nil, "OPTIONS"),
		Entry(nil, "TRACE"), Entry(nil, "PROPFIND"), Entry(nil, "get"),
	)

	It("answers HEAD like GET", func() {
		for _, path := range routes {
			Expect(newSubject().ask("HEAD", path).StatusCode).To(Equal(newSubject().ask("GET", path).StatusCode), path)
		}
	})

	DescribeTable("knows no other path",
		func(path string) { Expect(newSubject().ask("GET", path).StatusCode).To(Equal(404)) },
		Entry(nil, "/nothing"), Entry(nil, "/metrics/"), Entry(nil, "/api/v1/"), Entry(nil, "/api/v1/scan/x"),
		Entry(nil, "/debug/pprof/"), Entry(nil, "/index.html"),
	)

	DescribeTable("says that nothing is to be kept, guessed or run",
		func(method, path string) {
			header := newSubject().ask(method, path).Header
			Expect(header.Get("Cache-Control")).To(Equal("no-store"))
			Expect(header.Get("X-Content-Type-Options")).To(Equal("nosniff"))
			policy := "default-src 'none'"
			if method == "GET" && path == "/" {
				policy = page.SecurityPolicy()
			}
			Expect(header.Get("Content-Security-Policy")).To(Equal(policy))
		},
		Entry(nil, "GET", "/"), Entry(nil, "GET", "/metrics"), Entry(nil, "GET", "/healthz"),
		Entry(nil, "GET", "/api/v1/scan"), Entry(nil, "GET", "/nothing"), Entry(nil, "POST", "/metrics"),
	)
})
