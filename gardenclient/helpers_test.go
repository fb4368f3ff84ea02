package gardenclient_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"code.cloudfoundry.org/garden/gardenfakes"
	"code.cloudfoundry.org/garden/server"
	"code.cloudfoundry.org/lager/v3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

const (
	unknownHandle  = `{"Type":"ContainerNotFoundError","Message":"unknown handle: c-1","Handle":"c-1"}`
	untyped        = `{"Type":"","Message":"runc delete: exit status 1"}`
	notImplemented = `{"Type":"","Message":"not implemented"}`
	html           = "<html><body>nothing here</body></html>"
)

// wireGarden answers requests as it is told, and remembers them. It knows
// nothing of containers: what is not told is a 404 of net/http.
type wireGarden struct {
	server *httptest.Server
	mux    *http.ServeMux

	mu       sync.Mutex
	requests []string
}

func newWireGarden() *wireGarden {
	garden := &wireGarden{mux: http.NewServeMux()}
	garden.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		garden.mu.Lock()
		garden.requests = append(garden.requests, r.Method+" "+r.URL.RequestURI())
		garden.mu.Unlock()
		garden.mux.ServeHTTP(w, r)
	}))
	DeferCleanup(garden.server.Close)
	return garden
}

func (g *wireGarden) target() gardenclient.Target {
	return gardenclient.Target{Network: "tcp", Address: g.server.Listener.Addr().String()}
}

func (g *wireGarden) client(config gardenclient.Config) *gardenclient.Client {
	config.Target = g.target()
	return newClient(config)
}

func (g *wireGarden) on(pattern string, handler http.HandlerFunc) {
	g.mux.HandleFunc(pattern, handler)
}

func (g *wireGarden) answers(pattern string, status int, body string) {
	g.on(pattern, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// lists answers the plain list and that of garden.state=all.
func (g *wireGarden) lists(plain, all string) {
	g.on("GET /containers", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("garden.state") == "all" {
			io.WriteString(w, all)
			return
		}
		io.WriteString(w, plain)
	})
}

// replays answers with a recording: of a body, or of a whole reply (.http).
func (g *wireGarden) replays(pattern, recording string) {
	content := testdata(recording)
	if !strings.HasSuffix(recording, ".http") {
		g.answers(pattern, http.StatusOK, string(content))
		return
	}
	reply, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(content)), nil)
	Expect(err).NotTo(HaveOccurred())
	body, err := io.ReadAll(reply.Body)
	Expect(err).NotTo(HaveOccurred())
	g.answers(pattern, reply.StatusCode, string(body))
}

// asked are the requests with this beginning.
func (g *wireGarden) asked(beginning string) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(g.requests), func(request string) bool {
		return !strings.HasPrefix(request, beginning)
	})
}

// hang answers nothing as long as the client is there.
func hang(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
}

func newClient(config gardenclient.Config) *gardenclient.Client {
	client := gardenclient.New(config)
	DeferCleanup(client.Close)
	return client
}

// newGardenServer serves a backend with Garden's own server, on a socket.
func newGardenServer(backend *gardenfakes.FakeBackend) gardenclient.Target {
	socket := filepath.Join(GinkgoT().TempDir(), "garden.sock")
	served := server.New("unix", socket, 0, time.Minute, backend, lager.NewLogger("garden"))
	Expect(served.SetupBomberman()).To(Succeed())
	listener, err := served.Listen()
	Expect(err).NotTo(HaveOccurred())

	done := make(chan error)
	go func() { done <- served.Serve(listener) }()
	DeferCleanup(func() {
		Expect(served.Stop()).To(Succeed())
		Eventually(done).Should(Receive(BeNil()))
	})
	// Stop fails on a server that has not begun to serve.
	Eventually(func() error {
		return newClient(gardenclient.Config{Target: gardenclient.Target{Network: "unix", Address: socket}}).Ping(GinkgoT().Context())
	}).Should(Succeed())
	return gardenclient.Target{Network: "unix", Address: socket}
}

func testdata(name string) []byte {
	content, err := os.ReadFile(filepath.Join("testdata", name))
	Expect(err).NotTo(HaveOccurred())
	return content
}

// writeConfig puts a config.json for a handle into a depot.
func writeConfig(depot, handle, content string) string {
	path := filepath.Join(depot, handle, "config.json")
	Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
	Expect(os.WriteFile(path, []byte(content), 0o644)).To(Succeed())
	return path
}

const spec = `{"ociVersion":"1.0.0","process":{"env":["BUILD_NAME=42"]},"root":{"path":"/volumes/live/v-root/volume"},` +
	`"mounts":[{"destination":"/tmp/build/get","type":"bind","source":"/volumes/live/v-get/volume"}]}`

// infos are bulk_info's entries of containers that it can tell of.
type infos map[string]map[string]any

func (i infos) json() string {
	entries := map[string]any{}
	for handle, info := range i {
		entries[handle] = map[string]any{"Info": info, "Err": nil}
	}
	content, err := json.Marshal(entries)
	Expect(err).NotTo(HaveOccurred())
	return string(content)
}
