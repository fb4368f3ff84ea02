package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

// release is a baggageclaim as a worker runs it.
type release struct{ version, driver string }

// The releases before and after the TTLs went, the latter with its drivers.
var (
	withTTLs    = release{"1.3.5", "naive"}
	withoutTTLs = release{"1.10.0", "naive"}
	onOverlay   = release{"1.10.0", "overlay"}
)

func (r release) String() string { return "baggageclaim " + r.version + ", driver " + r.driver }

// baggageclaim is a running one.
type baggageclaim struct {
	address string
	volumes string
	session *gexec.Session
}

// startBaggageclaim starts a baggageclaim, which is gone after the spec with
// all that its driver mounted.
func startBaggageclaim(of release, volumes string) *baggageclaim {
	GinkgoHelper()
	b := &baggageclaim{volumes: volumes}
	args := []string{"--volumes", volumes, "--debug-bind-port", "0", "--driver", of.driver}
	switch of {
	case withTTLs:
		args = append(args, "--reap-interval", "200ms")
	case onOverlay:
		needOverlay()
		args = append(args, "--overlays-dir", GinkgoT().TempDir())
	}
	DeferCleanup(func() {
		b.stop()
		mounted, err := filepath.Glob(filepath.Join(volumes, "*", "*", "volume"))
		Expect(err).NotTo(HaveOccurred())
		for _, path := range mounted {
			// What is no mount any more does not matter.
			_ = syscall.Unmount(path, syscall.MNT_DETACH)
		}
	})
	// It does not tell the port where it is to choose one. Another process can
	// take a free one before it does.
	Eventually(func(g Gomega) {
		port := freePort()
		b.address = "127.0.0.1:" + port
		command := exec.Command(built.Baggageclaim[of.version], append(args, "--bind-port", port)...)
		session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
		g.Expect(err).NotTo(HaveOccurred())
		b.session = session
		g.Eventually(session).WithTimeout(5 * time.Second).Should(Or(gbytes.Say("baggageclaim.listening"), gexec.Exit()))
		g.Expect(session).NotTo(gexec.Exit())
	}).Should(Succeed())
	return b
}

// stop kills it: asked to end, it waits for its reaper's next tick.
func (b *baggageclaim) stop() {
	GinkgoHelper()
	if b.session != nil {
		b.session.Kill()
		Eventually(b.session).Should(gexec.Exit())
	}
}

func freePort() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	Expect(err).NotTo(HaveOccurred())
	return port
}

// needOverlay skips the spec, and says why, where no overlay can be mounted.
func needOverlay() {
	GinkgoHelper()
	place := GinkgoT().TempDir()
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		Expect(os.Mkdir(filepath.Join(place, name), 0o755)).To(Succeed())
	}
	options := fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", place)
	merged := filepath.Join(place, "merged")
	if err := syscall.Mount("overlay", merged, "overlay", 0, options); err != nil {
		Skip("left out: baggageclaim's overlay driver, for no overlay can be mounted here: " + err.Error())
	}
	Expect(syscall.Unmount(merged, 0)).To(Succeed())
}

// call calls baggageclaim's API.
func (b *baggageclaim) call(method, path string, request any) []byte {
	GinkgoHelper()
	content, err := json.Marshal(request)
	Expect(err).NotTo(HaveOccurred())
	call, err := http.NewRequest(method, "http://"+b.address+path, bytes.NewReader(content))
	Expect(err).NotTo(HaveOccurred())
	call.Close = true
	reply, err := http.DefaultClient.Do(call)
	Expect(err).NotTo(HaveOccurred())
	defer reply.Body.Close()
	answer, err := io.ReadAll(reply.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(reply.StatusCode).To(BeNumerically("<", 300), "%s %s: %s", method, path, answer)
	return answer
}

// empty makes an empty volume. Releases without TTLs take no notice of its
// ttl, in seconds; 0 means for ever.
func (b *baggageclaim) empty(handle string, ttl int) {
	GinkgoHelper()
	b.make(handle, body{"type": "empty"}, ttl)
}

// child makes a copy-on-write child of a volume.
func (b *baggageclaim) child(handle, parent string) {
	GinkgoHelper()
	b.make(handle, body{"type": "cow", "volume": parent}, 0)
}

func (b *baggageclaim) make(handle string, strategy body, ttl int) {
	GinkgoHelper()
	b.call(http.MethodPost, "/volumes", body{"handle": handle, "strategy": strategy, "ttl": ttl, "privileged": true})
	Expect(b.file(handle)).To(BeADirectory())
}

func (b *baggageclaim) setTTL(handle string, ttl int) {
	GinkgoHelper()
	b.call(http.MethodPut, "/volumes/"+handle+"/ttl", body{"value": ttl})
}

func (b *baggageclaim) destroy(handle string) {
	GinkgoHelper()
	b.call(http.MethodDelete, "/volumes/"+handle, nil)
}

// file is a path in a live volume's directory.
func (b *baggageclaim) file(handle string, path ...string) string {
	return filepath.Join(append([]string{b.volumes, "live", handle}, path...)...)
}

// reapPasses waits until a pass of its reaper that began after the call is
// over. It goes through the volumes by handle, and destroys what expired.
func (b *baggageclaim) reapPasses() {
	GinkgoHelper()
	last := "zz-last"
	b.empty(last, 1)
	Eventually(b.file(last)).ShouldNot(BeADirectory())
}

// workerOf is a sandbox's Garden with the volumes of a real baggageclaim.
func workerOf(of release) (*worker, *baggageclaim) {
	GinkgoHelper()
	b := startBaggageclaim(of, GinkgoT().TempDir())
	w := startWorker("--volumes", b.volumes, "--baggageclaim", "")
	w.Baggageclaim = b.address
	return w, b
}

// rooted makes a container, hours old, with a volume for its root.
func (w *worker) rooted(handle, volume string) {
	GinkgoHelper()
	w.create(body{"handle": handle, "root_volume": volume, "age": "6h"})
}

// diskVolume is what volumes --json says of one.
type diskVolume struct {
	Handle     string
	State      string
	TTLSeconds *float64 `json:"ttl_seconds"`
	ExpiresAt  *string  `json:"expires_at"`
	Parent     *string
	Containers []string
	Error      *string
}

// volumes runs volumes --json.
func volumes(w *worker) map[string]diskVolume {
	GinkgoHelper()
	session := weeder(w, "volumes", "--json")
	Expect(session).To(gexec.Exit(0))
	var answer struct{ Volumes []diskVolume }
	Expect(json.Unmarshal(session.Out.Contents(), &answer)).To(Succeed())
	volumes := map[string]diskVolume{}
	for _, volume := range answer.Volumes {
		volumes[volume.Handle] = volume
	}
	return volumes
}
