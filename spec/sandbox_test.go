package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// worker is a running sandbox, or a sandbox's Garden with the volumes of a
// real baggageclaim, or real containers with such volumes.
type worker struct {
	Target       string `json:"target"`
	Baggageclaim string `json:"baggageclaim"`
	Control      string `json:"control"`
	Dir          string `json:"dir"`
	Volumes      string `json:"volumes"`
	Depot        string `json:"depot"`
	// Containerd is its socket; empty: there is none.
	Containerd string `json:"containerd"`
	// Journal is a directory that is not there yet.
	Journal string

	session *gexec.Session
}

// body is a JSON object for the sandbox's control API.
type body map[string]any

// startWorker starts a sandbox, which is gone after the spec.
func startWorker(args ...string) *worker {
	GinkgoHelper()
	ready := filepath.Join(GinkgoT().TempDir(), "ready.json")
	command := exec.Command(built.Sandbox, append([]string{"--ready-file", ready}, args...)...)
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())

	w := &worker{session: session}
	DeferCleanup(func() {
		session.Interrupt()
		Eventually(session).Should(gexec.Exit(0), "the sandbox leaves cleanly")
		Expect(w.Dir).NotTo(BeADirectory(), "the sandbox leaves nothing behind")
	})
	Eventually(func() error {
		if session.ExitCode() >= 0 {
			return StopTrying(fmt.Sprintf("the sandbox exited %d", session.ExitCode()))
		}
		data, err := os.ReadFile(ready)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, w)
	}).Should(Succeed())
	// Who may not look for the journal has to suppose that there is one.
	journal := GinkgoT().TempDir()
	Expect(os.Chmod(journal, 0o755)).To(Succeed())
	w.Journal = filepath.Join(journal, "journal")
	return w
}

// emptyWorker is a sandbox without containers: specs make their own.
func emptyWorker(args ...string) *worker {
	GinkgoHelper()
	return startWorker(append([]string{"--containers", "0", "--leaked", "0"}, args...)...)
}

// control calls the sandbox's control API.
func (w *worker) control(method, path string, request any) []byte {
	GinkgoHelper()
	var content bytes.Buffer
	if request != nil {
		Expect(json.NewEncoder(&content).Encode(request)).To(Succeed())
	}
	call, err := http.NewRequest(method, "http://"+w.Control+path, &content)
	Expect(err).NotTo(HaveOccurred())
	reply, err := http.DefaultClient.Do(call)
	Expect(err).NotTo(HaveOccurred())
	defer reply.Body.Close()
	answer, err := io.ReadAll(reply.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(reply.StatusCode).To(BeNumerically("<", 300), "%s %s: %s", method, path, answer)
	return answer
}

// create makes a container with full control over how it shows.
func (w *worker) create(container body) {
	GinkgoHelper()
	w.control(http.MethodPost, "/containers", container)
}

// change changes a container.
func (w *worker) change(handle string, change body) {
	GinkgoHelper()
	w.control(http.MethodPatch, "/containers/"+handle, change)
}

// fault switches a fault on; handles limit it.
func (w *worker) fault(name string, handles ...string) {
	GinkgoHelper()
	request := body{}
	if len(handles) > 0 {
		request["handles"] = handles
	}
	w.control(http.MethodPut, "/faults/"+name, request)
}

// mend switches a fault off.
func (w *worker) mend(name string) {
	GinkgoHelper()
	w.control(http.MethodDelete, "/faults/"+name, nil)
}

// holding is how many calls wait for a fault to be mended.
func (w *worker) holding(name string) int {
	GinkgoHelper()
	var faults map[string]struct{ Holding int }
	Expect(json.Unmarshal(w.control(http.MethodGet, "/faults", nil), &faults)).To(Succeed())
	Expect(faults).To(HaveKey(name))
	return faults[name].Holding
}

// hook changes the worker once, right before a call of its point is answered.
func (w *worker) hook(point string, hook body) {
	GinkgoHelper()
	w.control(http.MethodPut, "/hooks/"+point, hook)
}

// removeVolume takes a volume off the disk.
func (w *worker) removeVolume(handle string) {
	GinkgoHelper()
	w.control(http.MethodDelete, "/volumes/"+handle, nil)
}

// volume puts a volume into a state: live, init or dead. ttl nil: it has no
// ttl.json.
func (w *worker) volume(handle, state string, ttl *ttl) {
	GinkgoHelper()
	request := body{"state": state}
	if ttl != nil {
		request["ttl"] = body{"seconds": ttl.seconds, "expires_at": ttl.expiresAt.Unix()}
	}
	w.control(http.MethodPut, "/volumes/"+handle, request)
}

type ttl struct {
	seconds   int
	expiresAt time.Time
}

// expired is a ttl that ran out long ago.
func expired() *ttl {
	return &ttl{seconds: 300, expiresAt: time.Now().Add(-3 * time.Hour)}
}

// orphan makes a container, hours old, whose root volume is missing and
// whose bind-mounted volume is there. Beside it stand healthy ones, so that
// the volumes directory is not found empty.
func (w *worker) orphan(handle string) {
	GinkgoHelper()
	w.volume(handle+"-get", "live", nil)
	w.create(body{
		"handle": handle, "root_volume": handle + "-root", "age": "6h",
		"volumes": map[string]string{handle + "-get": "/tmp/build/get"},
	})
}

// healthy makes a container, hours old, whose volumes are there.
func (w *worker) healthy(handle string) {
	GinkgoHelper()
	w.volume(handle+"-root", "live", nil)
	w.create(body{"handle": handle, "root_volume": handle + "-root", "age": "6h"})
}

// destroyed are the handles that were destroyed, in order.
func (w *worker) destroyed() []string {
	GinkgoHelper()
	var handles []string
	Expect(json.Unmarshal(w.control(http.MethodGet, "/destroyed", nil), &handles)).To(Succeed())
	return handles
}

// calls are the counts of the calls to Garden by kind.
func (w *worker) calls() map[string]int {
	GinkgoHelper()
	var calls struct{ Counts map[string]int }
	Expect(json.Unmarshal(w.control(http.MethodGet, "/calls", nil), &calls)).To(Succeed())
	return calls.Counts
}
