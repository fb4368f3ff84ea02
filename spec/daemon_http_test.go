package spec

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"

	"weeder/spec/leftout"
)

var _ = Describe("daemon's HTTP server", func() {
	var w *worker
	var d *daemon

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan("leak")
		w.orphan("fresh")
		w.remember("leak")
		d = startDaemon(w, "--dry-run")
		d.passed(1)
		Eventually(w.told("leak")).Should(Equal([]string{"would-destroy"}))
	})

	It("changes nothing, and serves but what it names", func() {
		for _, path := range []string{"/", "/metrics", "/healthz", "/api/v1/scan"} {
			for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
				response, _ := d.call(method, path)
				Expect(response.StatusCode).To(Equal(http.StatusMethodNotAllowed), "%s %s", method, path)
				Expect(response.Header.Get("Allow")).To(Equal("GET, HEAD"))
			}
			response, text := d.get(path)
			Expect(response.StatusCode).To(Equal(http.StatusOK), path)
			Expect(text).NotTo(BeEmpty())
			head, text := d.call(http.MethodHead, path)
			Expect(head.StatusCode).To(Equal(http.StatusOK))
			Expect(text).To(BeEmpty())
			for header, value := range map[string]string{
				"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'",
			} {
				Expect(response.Header.Get(header)).To(HavePrefix(value), "%s of %s", header, path)
			}
		}
		for _, path := range []string{"/metrics/", "/api/v1/scan/leak", "/api/v1/reap", "/debug/pprof/", "/favicon.ico"} {
			response, _ := d.get(path)
			Expect(response.StatusCode).To(Equal(http.StatusNotFound), path)
		}
		Expect(w.calls()).NotTo(HaveKey("destroy"))
	})

	It("tells of the last pass what scan --json would", func() {
		moving := regexp.MustCompile(`("scanned_at"|"age_seconds"): [^,\n]+`)
		still := func(text []byte) string { return moving.ReplaceAllString(string(text), "$1: …") }
		response, text := d.get("/api/v1/scan")
		Expect(response.Header.Get("Content-Type")).To(Equal("application/json"))
		session := weeder(w, "scan", "--json", "--grace=1m")
		Expect(session).To(gexec.Exit(0))
		Expect(still(text)).To(Equal(still(session.Out.Contents())))
		Expect(d.scanned().of("leak").Eligible).To(BeTrue())
		Expect(d.scanned().of("fresh").HeldBy).To(ConsistOf("grace", "confirm"))
	})

	It("serves metrics that promtool finds no fault with", func() {
		needPrometheus()
		_, text := d.get("/metrics")
		check := exec.Command("promtool", "check", "metrics")
		check.Stdin = bytes.NewReader(text)
		session := finish(check)
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session) + stderr(session)).To(BeEmpty())
	})

	It("is scraped by Prometheus", func() {
		p := startPrometheus(d.address)
		Eventually(func() map[string]string { return p.query(`up{job="weeder"}`, "job") }).Should(Equal(map[string]string{"weeder": "1"}))
		Expect(p.query("weeder_containers", "verdict")).To(Equal(
			map[string]string{"live": "1", "orphan": "2", "unknown": "0", "foreign": "0"}))
		Expect(p.query("weeder_would_destroy_total", "job")).To(Equal(map[string]string{"weeder": "1"}))
		Expect(p.query("weeder_interlock == 1", "name")).To(BeEmpty())
		Expect(p.query("time() - weeder_last_success_timestamp_seconds < 30", "job")).To(HaveKey("weeder"))
	})
})

// needPrometheus skips the spec, and says why, where there is no Prometheus. In
// continuous integration it fails instead.
func needPrometheus() {
	GinkgoHelper()
	for _, program := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(program); err != nil {
			leftout.Skip("a real Prometheus, for there is no " + program + ": spec/setup.sh prometheus")
		}
	}
}

// prometheus is a running one.
type prometheus struct{ address string }

// startPrometheus starts a Prometheus that scrapes an address each second. It is
// gone after the spec.
func startPrometheus(target string) *prometheus {
	GinkgoHelper()
	needPrometheus()
	dir := GinkgoT().TempDir()
	config := writeFile(`
global: {scrape_interval: 1s}
scrape_configs: [{job_name: weeder, static_configs: [{targets: ["`+target+`"]}]}]
`, dir, "prometheus.yml")
	p := &prometheus{}
	// It does not tell the port where it is to choose one. Another process can
	// take a free one before it does.
	Eventually(func(g Gomega) {
		p.address = "127.0.0.1:" + freePort()
		session, err := gexec.Start(exec.Command("prometheus", "--config.file", config,
			"--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", p.address), GinkgoWriter, GinkgoWriter)
		g.Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() {
			session.Kill()
			Eventually(session).Should(gexec.Exit())
		})
		g.Eventually(session.Err).WithTimeout(15 * time.Second).Should(gbytes.Say("ready to receive web requests"))
		g.Expect(session).NotTo(gexec.Exit())
	}).WithTimeout(30 * time.Second).Should(Succeed())
	return p
}

// query gives the values that a query finds, by one of their labels.
func (p *prometheus) query(query, label string) map[string]string {
	GinkgoHelper()
	response, err := http.Get("http://" + p.address + "/api/v1/query?query=" + url.QueryEscape(query))
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	var answer struct {
		Status string
		Data   struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	Expect(json.NewDecoder(response.Body).Decode(&answer)).To(Succeed())
	Expect(answer.Status).To(Equal("success"))
	found := map[string]string{}
	for _, result := range answer.Data.Result {
		found[result.Metric[label]], _ = result.Value[1].(string)
	}
	return found
}
