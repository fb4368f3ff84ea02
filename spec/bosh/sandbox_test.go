package bosh_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// leak is the handle of the one container of a worker that is leaked.
const leak = "leak"

// worker is a running sandbox with a leaked container, and one whose volume is
// there.
type worker struct {
	Target       string `json:"target"`
	Baggageclaim string `json:"baggageclaim"`
	Control      string `json:"control"`
	Volumes      string `json:"volumes"`
	Depot        string `json:"depot"`
}

// startWorker starts a sandbox, which is gone after the spec.
func startWorker(args ...string) *worker {
	GinkgoHelper()
	ready := filepath.Join(GinkgoT().TempDir(), "ready.json")
	session, err := gexec.Start(exec.Command(built.Sandbox,
		append([]string{"--containers=0", "--leaked=0", "--ready-file", ready}, args...)...), GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Eventually(session.Interrupt()).Should(gexec.Exit(0)) })

	w := &worker{}
	Eventually(func() error {
		if session.ExitCode() >= 0 {
			return StopTrying("the sandbox exited")
		}
		data, err := os.ReadFile(ready)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, w)
	}).Should(Succeed())
	w.control(http.MethodPut, "/volumes/neighbour-root", object{"state": "live"})
	w.control(http.MethodPost, "/containers", object{"handle": "neighbour", "root_volume": "neighbour-root", "age": "6h"})
	w.control(http.MethodPost, "/containers", object{"handle": leak, "root_volume": "leak-root", "age": "6h"})
	return w
}

// properties are those of a job on the worker, with a look every 5 s.
func (w *worker) properties(more object) object {
	properties := object{
		"target": w.Target, "baggageclaim": w.Baggageclaim, "volumes_dir": w.Volumes, "depot": w.Depot,
		"containerd": object{"socket": ""}, "interval": "5s", "grace": "1m",
		// The specs need no metrics, and ports are the machine's.
		"listen": object{"address": ""},
	}
	for name, value := range more {
		properties[name] = value
	}
	return properties
}

// control calls the sandbox's control API.
func (w *worker) control(method, path string, request any) []byte {
	GinkgoHelper()
	content, err := json.Marshal(request)
	Expect(err).NotTo(HaveOccurred())
	call, err := http.NewRequest(method, "http://"+w.Control+path, bytes.NewReader(content))
	Expect(err).NotTo(HaveOccurred())
	reply, err := http.DefaultClient.Do(call)
	Expect(err).NotTo(HaveOccurred())
	defer reply.Body.Close()
	answer, err := io.ReadAll(reply.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(reply.StatusCode).To(BeNumerically("<", 300), "%s %s: %s", method, path, answer)
	return answer
}

// destroyed are the handles that were destroyed, in order.
func (w *worker) destroyed() []string {
	GinkgoHelper()
	var handles []string
	Expect(json.Unmarshal(w.control(http.MethodGet, "/destroyed", nil), &handles)).To(Succeed())
	return handles
}
