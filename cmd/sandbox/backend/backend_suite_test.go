package backend_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client"
	"code.cloudfoundry.org/garden/client/connection"
	"code.cloudfoundry.org/lager/v3/lagertest"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/faults"
	"weeder/spec/goroutines"
)

var _ = goroutines.CheckEachSpec(goroutines.OfGardenServer...)

func TestBackend(t *testing.T) {
	SetDefaultEventuallyTimeout(5 * time.Second)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Sandbox Backend Suite")
}

// served is a backend on a unix socket or a port, with a client of it.
type served struct {
	*backend.Backend
	server *backend.Server
	client garden.Client
	// connection is the client without a look whether there is such a container.
	connection connection.Connection
	depot      string
	files      string
	address    net.Addr
}

// serve starts a backend that has containers from the start.
func serve(options backend.Options, containers ...backend.Container) *served {
	GinkgoHelper()

	options.Depot = GinkgoT().TempDir()
	s := &served{Backend: backend.New(options), depot: options.Depot}
	for _, container := range containers {
		Expect(s.Add(container)).To(Succeed())
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	s.address = listener.Addr()
	s.server, err = backend.Serve(s.Backend, listener, lagertest.NewTestLogger("garden"))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(s.server.Stop)
	s.connection = connection.New(s.address.Network(), s.address.String())
	s.client = client.New(s.connection)

	return s
}

func (s *served) list(filter garden.Properties) []string {
	GinkgoHelper()
	containers, err := s.client.Containers(filter)
	Expect(err).NotTo(HaveOccurred())

	handles := []string{}
	for _, container := range containers {
		handles = append(handles, container.Handle())
	}

	return handles
}

func (s *served) container(handle string) garden.Container {
	GinkgoHelper()
	container, err := s.client.Lookup(handle)
	Expect(err).NotTo(HaveOccurred())

	return container
}

func (s *served) info(handle string) garden.ContainerInfoEntry {
	GinkgoHelper()
	entries, err := s.client.BulkInfo([]string{handle})
	Expect(err).NotTo(HaveOccurred())

	return entries[handle]
}

func (s *served) metrics(handle string) garden.ContainerMetricsEntry {
	GinkgoHelper()
	entries, err := s.client.BulkMetrics([]string{handle})
	Expect(err).NotTo(HaveOccurred())

	return entries[handle]
}

func (s *served) fault(name string, handles ...string) {
	GinkgoHelper()
	Expect(s.Faults.On(name, faults.Fault{Handles: handles})).To(Succeed())
}

// request is a bare HTTP request, for what Garden's client hides.
func (s *served) request(method, path string) (int, string) {
	GinkgoHelper()
	request, err := http.NewRequest(method, "http://"+s.address.String()+path, nil)
	Expect(err).NotTo(HaveOccurred())
	request.Close = true

	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())

	return response.StatusCode, string(body)
}

func (s *served) config(handle string) ociSpec {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(s.depot, handle, "config.json"))
	Expect(err).NotTo(HaveOccurred())

	var spec ociSpec
	Expect(json.Unmarshal(content, &spec)).To(Succeed())

	return spec
}

type ociSpec struct {
	Root     struct{ Path string }
	Hostname string
	Process  struct {
		Env  []string
		Args []string
	}
	Mounts []struct {
		Destination, Type, Source string
		Options                   []string
	}
}

func (s ociSpec) source(destination string) string {
	for _, mount := range s.Mounts {
		if mount.Destination == destination {
			return mount.Source
		}
	}

	return ""
}

func recorded(path string) string {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join("testdata", path))
	Expect(err).NotTo(HaveOccurred())

	return string(content)
}

// recordedReply is the status line and the body of a recorded HTTP reply.
func recordedReply(path string) (status, body string) {
	GinkgoHelper()
	header, body, ok := strings.Cut(strings.ReplaceAll(recorded(path), "\r\n", "\n"), "\n\n")
	Expect(ok).To(BeTrue())
	status, _, _ = strings.Cut(header, "\n")

	return status, strings.TrimSpace(body)
}
