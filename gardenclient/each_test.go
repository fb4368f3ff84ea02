package gardenclient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/gardenfakes"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
	"weeder/reaper"
)

var _ = Describe("Inspect where bulk_info is not implemented", func() {
	var wire *wireGarden

	BeforeEach(func() {
		wire = newWireGarden()
		wire.replays("GET /containers/bulk_info", "concourse-containerd/bulk_info-not-implemented.http")
	})

	many := func(n int) []string {
		var handles []string
		for i := range n {
			handles = append(handles, fmt.Sprintf("c-%d", i))
		}
		return handles
	}

	It("asks for the properties of each container once, a few at a time", func(ctx SpecContext) {
		slots := make(chan struct{}, 4)
		wire.on("GET /containers/{handle}/properties", func(w http.ResponseWriter, _ *http.Request) {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
				w.Write(testdata("concourse-containerd/properties.json"))
			default:
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})

		sightings, err := wire.client(gardenclient.Config{}).Inspect(ctx, many(30), nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings).To(HaveLen(30))
		Expect(sightings).To(HaveEach(reaper.Sighting{Properties: map[string]string{"user": "root"}}))
		for _, handle := range many(30) {
			Expect(wire.asked("GET /containers/" + handle + "/properties")).To(HaveLen(1))
		}
		Expect(wire.asked("")).To(HaveLen(31))
	})

	It("works against Garden's own server", func(ctx SpecContext) {
		backend, container := new(gardenfakes.FakeBackend), new(gardenfakes.FakeContainer)
		backend.BulkInfoReturns(nil, errors.New("not implemented"))
		backend.LookupStub = func(handle string) (garden.Container, error) {
			if handle == "c-gone" {
				return nil, garden.ContainerNotFoundError{Handle: handle}
			}
			return container, nil
		}
		client := newClient(gardenclient.Config{Target: newGardenServer(backend)})

		Expect(client.Inspect(ctx, []string{"c-1", "c-gone"}, nil)).To(Equal(map[string]reaper.Sighting{
			"c-1":    {Properties: map[string]string{}},
			"c-gone": {Doubts: doubt("gone while looking")},
		}))
	})

	DescribeTable("doubts what it can't tell of one, and of that one alone",
		func(ctx SpecContext, status int, body, detail string) {
			wire.answers("GET /containers/c-1/properties", status, body)
			wire.answers("GET /containers/c-2/properties", 200, `{"user":"root"}`)

			sightings, err := wire.client(gardenclient.Config{}).Inspect(ctx, []string{"c-1", "c-2"}, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings["c-1"].Properties).To(BeNil())
			Expect(sightings["c-1"].Doubts).To(HaveLen(1))
			Expect(sightings["c-1"].Doubts[0].Code).To(Equal(reaper.SourceUnreadable))
			Expect(sightings["c-1"].Doubts[0].Detail).To(ContainSubstring(detail))
			Expect(sightings["c-2"]).To(Equal(reaper.Sighting{Properties: map[string]string{"user": "root"}}))
		},
		Entry("it is not found", 404, unknownHandle, "gone while looking"),
		Entry("another is not found", 404, `{"Type":"ContainerNotFoundError","Message":"?","Handle":"c-2"}`, "read properties: unknown handle: c-2"),
		Entry("an untyped error", 500, untyped, "read properties: runc delete: exit status 1"),
		Entry("no answer of a Garden", 404, html, "is that a Garden? set --target"),
	)

	It("reads the bundles too where a depot is configured", func(ctx SpecContext) {
		depot := GinkgoT().TempDir()
		writeConfig(depot, "c-1", spec)
		wire.answers("GET /containers/{handle}/properties", 200, `{}`)

		sightings, err := wire.client(gardenclient.Config{Depot: depot}).Inspect(ctx, []string{"c-1", "c-2"}, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings["c-1"].Spec.Root).To(Equal("/volumes/live/v-root/volume"))
		Expect(sightings["c-1"].BundlePath).To(Equal(filepath.Join(depot, "c-1")))
		Expect(sightings["c-2"]).To(Equal(reaper.Sighting{Properties: map[string]string{}}))
	})

	It("doubts the one that gets no answer", func(ctx SpecContext) {
		wire.on("GET /containers/c-1/properties", hang)
		wire.answers("GET /containers/c-2/properties", 200, `{}`)

		sightings, err := wire.client(gardenclient.Config{Timeout: 100 * time.Millisecond}).Inspect(ctx, []string{"c-1", "c-2"}, nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings["c-1"].Doubts).To(HaveLen(1))
		Expect(sightings["c-1"].Doubts[0].Detail).To(ContainSubstring("within 100ms"))
		Expect(sightings["c-2"].Doubts).To(BeEmpty())
	})

	It("gives up on a Garden that leaves one after the other without an answer", func(ctx SpecContext) {
		wire.on("GET /containers/{handle}/properties", hang)

		_, err := wire.client(gardenclient.Config{Timeout: 50 * time.Millisecond}).Inspect(ctx, many(100), nil)
		Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
		Expect(len(wire.asked("GET /containers/c-"))).To(BeNumerically("<=", 12))
	})

	It("stops when the context is cancelled", func(ctx SpecContext) {
		arrived := make(chan struct{}, 100)
		wire.on("GET /containers/{handle}/properties", func(w http.ResponseWriter, r *http.Request) {
			arrived <- struct{}{}
			hang(w, r)
		})
		client := wire.client(gardenclient.Config{Timeout: time.Hour})
		cancelled, cancel := context.WithCancel(ctx)

		result := make(chan error, 1)
		go func() {
			_, err := client.Inspect(cancelled, many(100), nil)
			result <- err
		}()
		Eventually(arrived).Should(HaveLen(4))
		cancel()
		Eventually(result).WithTimeout(time.Second).Should(Receive(MatchError(context.Canceled)))
	})
})
