package gardenclient_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"code.cloudfoundry.org/garden"

	"weeder/gardenclient"
)

// benchGarden answers with what it has prepared, so that little of what is
// measured is its own.
type benchGarden struct {
	handles []string
	list    []byte
	// infos are by the handles that are asked about, joined by commas.
	infos map[string][]byte
}

// newBenchGarden has bundles in a depot as Guardian writes them.
func newBenchGarden(b *testing.B, size int) *benchGarden {
	config, err := os.ReadFile("testdata/guardian/depot-config.json")
	if err != nil {
		b.Fatal(err)
	}
	depot, g := b.TempDir(), &benchGarden{infos: map[string][]byte{}}
	for i := range size {
		handle := fmt.Sprintf("88914c83-fc71-4358-4f3f-%012d", i)
		g.handles = append(g.handles, handle)
		if err := os.Mkdir(filepath.Join(depot, handle), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(depot, handle, "config.json"), config, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	g.list = encode(b, map[string]any{"Handles": g.handles})
	for first := 0; first < size; first += 100 {
		batch := g.handles[first:min(first+100, size)]
		infos := map[string]garden.ContainerInfoEntry{}
		for _, handle := range batch {
			infos[handle] = garden.ContainerInfoEntry{Info: garden.ContainerInfo{
				State: "active", HostIP: "10.254.0.1", ContainerIP: "10.254.0.2", ExternalIP: "10.0.0.4",
				ContainerPath: filepath.Join(depot, handle), MappedPorts: []garden.PortMapping{},
				Properties: garden.Properties{
					"concourse:volumes": `["` + handle + `"]`, "garden.state": "created", "garden.grace-time": "300000000000", "user": "root",
					"garden.network.container-ip": "10.254.0.2", "garden.network.host-ip": "10.254.0.1", "garden.network.external-ip": "10.0.0.4",
				},
			}}
		}
		g.infos[strings.Join(batch, ",")] = encode(b, infos)
	}
	return g
}

func encode(b *testing.B, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

func (g *benchGarden) client(b *testing.B) *gardenclient.Client {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/containers/bulk_info" {
			w.Write(g.infos[r.URL.Query().Get("handles")])
			return
		}
		w.Write(g.list)
	}))
	b.Cleanup(server.Close)
	target, err := gardenclient.ParseTarget(server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	client := gardenclient.New(gardenclient.Config{Target: target})
	b.Cleanup(client.Close)
	return client
}

// BenchmarkHandles lists all containers, as each pass does.
func BenchmarkHandles(b *testing.B) {
	for _, size := range []int{250, 10_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			client := newBenchGarden(b, size).client(b)
			b.ReportAllocs()
			for b.Loop() {
				listed, err := client.Handles(context.Background())
				if err != nil || len(listed) != size {
					b.Fatalf("%d containers: %v", len(listed), err)
				}
			}
		})
	}
}

// BenchmarkInspect asks bulk_info about all containers, decodes its answers, and
// reads and decodes their bundles.
func BenchmarkInspect(b *testing.B) {
	for _, size := range []int{250, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			garden := newBenchGarden(b, size)
			client := garden.client(b)
			b.ReportAllocs()
			for b.Loop() {
				sightings, err := client.Inspect(context.Background(), garden.handles, nil)
				if err != nil || len(sightings) != size || sightings[garden.handles[0]].Spec == nil {
					b.Fatalf("%d sightings: %v", len(sightings), err)
				}
			}
		})
	}
}
