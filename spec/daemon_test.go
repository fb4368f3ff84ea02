package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// endsWithin is how long a daemon may take that was told to end.
const endsWithin = 10 * time.Second

// daemon is a weeder daemon on a worker.
type daemon struct {
	*gexec.Session
	worker *worker
	// address of its HTTP server.
	address string
}

// startDaemon starts a daemon that passes every 5 s with a grace of 1 m, and
// waits until it listens. Arguments come after that. It is told to end after
// the spec, if it has not ended, and must end well.
func startDaemon(w *worker, args ...string) *daemon {
	GinkgoHelper()
	args = append([]string{"daemon", "--interval=5s", "--grace=1m", "--listen=127.0.0.1:0"}, args...)
	d := &daemon{Session: start(w, args...), worker: w}
	DeferCleanup(func() {
		if d.ExitCode() < 0 {
			d.end()
		}
	})
	Eventually(func() error {
		if d.ExitCode() >= 0 {
			return StopTrying(fmt.Sprintf("the daemon exited %d", d.ExitCode()))
		}
		for _, line := range d.logged("listening") {
			d.address, _ = line.Data["address"].(string)
			return nil
		}
		return errors.New("it does not listen yet")
	}).Should(Succeed())
	return d
}

// end tells the daemon to end, which it must do in time.
func (d *daemon) end() {
	GinkgoHelper()
	d.Terminate()
	Eventually(d).WithTimeout(endsWithin).Should(gexec.Exit(0))
}

// kill lets it do nothing more.
func (d *daemon) kill() {
	GinkgoHelper()
	d.Kill()
	Eventually(d).Should(gexec.Exit())
}

// logLine is one of a daemon's log.
type logLine struct {
	Timestamp time.Time
	Level     string
	Message   string
	Data      map[string]any
}

// logged are the lines with a message, given without the logger's name.
func (d *daemon) logged(message string) []logLine {
	GinkgoHelper()
	var lines []logLine
	for text := range strings.Lines(string(d.Out.Contents())) {
		var line logLine
		if !strings.HasSuffix(text, "\n") {
			break
		}
		Expect(json.Unmarshal([]byte(text), &line)).To(Succeed(), "the log is JSON: %s", text)
		if line.Message == "weeder."+message {
			lines = append(lines, line)
		}
	}
	return lines
}

// loggedFor are the handles that the lines with a message are about.
func (d *daemon) loggedFor(message string) []string {
	GinkgoHelper()
	var handles []string
	for _, line := range d.logged(message) {
		handle, _ := line.Data["handle"].(string)
		handles = append(handles, handle)
	}
	return handles
}

// get asks the daemon's HTTP server.
func (d *daemon) get(path string) (*http.Response, []byte) {
	GinkgoHelper()
	return d.call(http.MethodGet, path)
}

func (d *daemon) call(method, path string) (*http.Response, []byte) {
	GinkgoHelper()
	request, err := http.NewRequest(method, "http://"+d.address+path, nil)
	Expect(err).NotTo(HaveOccurred())
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response, text
}

var sample = regexp.MustCompile(`(?m)^weeder_(\S+) (\S+)$`)

// metrics are what the daemon serves, without weeder_ before the name.
func (d *daemon) metrics() map[string]float64 {
	GinkgoHelper()
	response, text := d.get("/metrics")
	Expect(response.StatusCode).To(Equal(http.StatusOK))
	metrics := map[string]float64{}
	for _, found := range sample.FindAllSubmatch(text, -1) {
		value, err := strconv.ParseFloat(string(found[2]), 64)
		Expect(err).NotTo(HaveOccurred())
		metrics[string(found[1])] = value
	}
	return metrics
}

// passes is how many passes are over.
func (d *daemon) passes() int {
	GinkgoHelper()
	return int(d.metrics()["scan_duration_seconds_count"])
}

// passed waits until so many passes are over.
func (d *daemon) passed(passes int) {
	GinkgoHelper()
	Eventually(d.passes).WithTimeout(time.Duration(passes)*10*time.Second + 10*time.Second).
		Should(BeNumerically(">=", passes))
}

// interlocks are those that the last pass shows.
func (d *daemon) interlocks() []string {
	GinkgoHelper()
	on := []string{}
	for name, value := range d.metrics() {
		if found := strings.TrimPrefix(name, `interlock{name="`); found != name && value == 1 {
			on = append(on, strings.TrimSuffix(found, `"}`))
		}
	}
	return on
}

// scanned is what the daemon says of its last pass.
func (d *daemon) scanned() report {
	GinkgoHelper()
	response, text := d.get("/api/v1/scan")
	Expect(response.StatusCode).To(Equal(http.StatusOK), string(text))
	var r report
	Expect(json.Unmarshal(text, &r)).To(Succeed())
	return r
}

// health is what a daemon says of itself.
type health struct {
	Code   int `json:"-"`
	Status string
	Sick   []struct{ Part, Detail string }
}

// sick are the parts that are.
func (h health) sick() []string {
	parts := []string{}
	for _, sick := range h.Sick {
		parts = append(parts, sick.Part)
	}
	return parts
}

func (d *daemon) healthz() health {
	GinkgoHelper()
	response, text := d.get("/healthz")
	h := health{Code: response.StatusCode}
	Expect(json.Unmarshal(text, &h)).To(Succeed(), string(text))
	return h
}

// told is what the journal tells of a handle, or of an interlock, in order;
// nil while there is no journal.
func (w *worker) told(about string) func() []string {
	return func() []string {
		GinkgoHelper()
		return events(w, about)
	}
}

// stopped makes a process do nothing until it is let go on, or the spec is
// over.
func stopped(session *gexec.Session) (letGo func()) {
	session.Signal(syscall.SIGSTOP)
	letGo = func() { session.Signal(syscall.SIGCONT) }
	DeferCleanup(letGo)
	return letGo
}
