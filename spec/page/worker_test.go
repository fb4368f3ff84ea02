package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// worker is a running sandbox.
type worker struct{ Target, Baggageclaim, Control, Volumes, Containerd string }

// body is a JSON object for the control API.
type body map[string]any

// startWorker starts a sandbox, which is gone after the spec.
func startWorker(args ...string) *worker {
	GinkgoHelper()
	ready := filepath.Join(GinkgoT().TempDir(), "ready.json")
	session := run(exec.Command(built.Sandbox, append([]string{"--ready-file", ready}, args...)...))
	w := &worker{}
	Eventually(func() error {
		if session.ExitCode() >= 0 {
			return StopTrying("the sandbox has ended")
		}
		text, err := os.ReadFile(ready)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, w)
	}).Should(Succeed())
	return w
}

// run starts a program, which must end well after the spec.
func run(command *exec.Cmd) *gexec.Session {
	GinkgoHelper()
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		session.Interrupt()
		Eventually(session).Should(gexec.Exit(0))
	})
	return session
}

// control calls the sandbox's control API.
func (w *worker) control(method, path string, said body) {
	GinkgoHelper()
	text, err := json.Marshal(said)
	Expect(err).NotTo(HaveOccurred())
	request, err := http.NewRequest(method, "http://"+w.Control+path, bytes.NewReader(text))
	Expect(err).NotTo(HaveOccurred())
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(response.StatusCode).To(BeNumerically("<", 300), "%s %s: %s", method, path, answer)
}

var listening = regexp.MustCompile(`"address":"([^"]+)"`)

// watch starts a daemon on the worker, and gives the address of its page when its
// first look is over.
func (w *worker) watch(args ...string) string {
	GinkgoHelper()
	command := exec.Command(built.Weeder, append([]string{"daemon", "--interval=5s", "--grace=1m", "--listen=127.0.0.1:0"}, args...)...)
	command.Env = append(os.Environ(), "WEEDER_TARGET="+w.Target, "WEEDER_VOLUMES="+w.Volumes, "WEEDER_BAGGAGECLAIM="+w.Baggageclaim,
		"WEEDER_CONTAINERD="+w.Containerd, "WEEDER_JOURNAL="+filepath.Join(GinkgoT().TempDir(), "journal"))
	session := run(command)
	var address string
	Eventually(func() error {
		found := listening.FindSubmatch(session.Out.Contents())
		if found == nil {
			return errors.New("it does not listen yet")
		}
		address = "http://" + string(found[1]) + "/"
		response, err := http.Get(address + "api/v1/scan")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New(response.Status)
		}
		return nil
	}).Should(Succeed())
	return address
}

// hostile is what somebody may call a thing who means ill.
var hostile = `<img src=//evil.example/x onerror=alert(1)><style>*{color:red}</style>"'&amp;` + "\u202e\u2066\x1b[31m\u0007 " + strings.Repeat("W", 60)

// hostileWorker has orphans with hostile names wherever Concourse's users can
// choose them.
func hostileWorker() *worker {
	GinkgoHelper()
	w := startWorker("--containers=3", "--leaked=0")
	file := strings.NewReplacer("/", "%").Replace(hostile)
	for i, handle := range []string{"plain", strings.Repeat("h", 120), strings.Repeat("a-", 50) + "z"} {
		w.control(http.MethodPost, "/containers", body{
			"handle": handle, "root_volume": file + string(rune('a'+i)), "age": "6h", "volumes": body{handle[:5] + "-v": "/tmp/build/get"},
			"properties": body{"<b>": hostile}, "env": []string{
				"BUILD_TEAM_NAME=" + hostile, "BUILD_PIPELINE_NAME=" + hostile, "BUILD_JOB_NAME=" + hostile, "BUILD_NAME=" + hostile},
		})
	}
	w.control(http.MethodPost, "/containers", body{"handle": file, "root_volume": "gone", "age": "6h"})
	return w
}

// serve serves a page.
func serve(text string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, text)
	}))
	DeferCleanup(server.Close)
	return server.URL + "/"
}
