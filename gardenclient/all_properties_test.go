package gardenclient_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

var _ = Describe("AllProperties", func() {
	var wire *wireGarden

	BeforeEach(func() {
		wire = newWireGarden()
	})

	// tellsInBulk answers bulk_info with the number of each handle, and with an
	// error for those that are none's.
	tellsInBulk := func() {
		wire.on("GET /containers/bulk_info", func(w http.ResponseWriter, r *http.Request) {
			entries := map[string]any{}
			for _, handle := range strings.Split(r.URL.Query().Get("handles"), ",") {
				number, found := strings.CutPrefix(handle, "c-")
				if !found {
					entries[handle] = map[string]any{"Err": map[string]string{"Type": "", "Message": "runc state: exit status 1"}}
					continue
				}
				entries[handle] = map[string]any{"Info": map[string]any{"Properties": map[string]string{"number": number}}}
			}
			Expect(json.NewEncoder(w).Encode(entries)).To(Succeed())
		})
	}

	many := func(n int) (handles []string) {
		for i := range n {
			handles = append(handles, fmt.Sprintf("c-%d", i))
		}
		return handles
	}

	It("come from bulk_info, in batches", func(ctx SpecContext) {
		tellsInBulk()
		told, err := wire.client(gardenclient.Config{BatchSize: 4}).AllProperties(ctx, many(10))
		Expect(err).NotTo(HaveOccurred())
		Expect(told).To(HaveLen(10))
		for i, handle := range many(10) {
			Expect(told).To(HaveKeyWithValue(handle, gardenclient.Told{Properties: map[string]string{"number": fmt.Sprint(i)}}))
		}
		Expect(wire.asked("")).To(HaveLen(3))
	})

	It("are none of no container, and nothing is asked", func(ctx SpecContext) {
		Expect(wire.client(gardenclient.Config{}).AllProperties(ctx, nil)).To(BeEmpty())
		Expect(wire.asked("")).To(BeEmpty())
	})

	It("are an empty map where Garden left them null", func(ctx SpecContext) {
		wire.answers("GET /containers/bulk_info", 200, `{"c-1":{"Info":{}}}`)
		Expect(wire.client(gardenclient.Config{}).AllProperties(ctx, []string{"c-1"})).To(
			HaveKeyWithValue("c-1", gardenclient.Told{Properties: map[string]string{}}))
	})

	It("are an error of the one that can't be told, and of that one alone", func(ctx SpecContext) {
		tellsInBulk()
		wire.lists(`{"Handles":["zombie"]}`, `{"Handles":[]}`)
		told, err := wire.client(gardenclient.Config{}).AllProperties(ctx, []string{"c-1", "zombie", "vanished"})
		Expect(err).NotTo(HaveOccurred())
		Expect(told["c-1"].Err).NotTo(HaveOccurred())
		Expect(told["zombie"].Err).To(MatchError("read properties of zombie: bulk_info: runc state: exit status 1"))
		Expect(told["vanished"].Err).To(MatchError(garden.ContainerNotFoundError{Handle: "vanished"}))
	})

	It("keep Garden's error of the one that the depot has", func(ctx SpecContext) {
		tellsInBulk()
		wire.lists(`{"Handles":[]}`, `{"Handles":[]}`)
		depot := GinkgoT().TempDir()
		writeConfig(depot, "half", spec)
		told, err := wire.client(gardenclient.Config{Depot: depot}).AllProperties(ctx, []string{"half", "vanished"})
		Expect(err).NotTo(HaveOccurred())
		Expect(told["half"].Err).To(MatchError(HaveSuffix("runc state: exit status 1")))
		Expect(told["vanished"].Err).To(MatchError(garden.ContainerNotFoundError{Handle: "vanished"}))
	})

	It("keep Garden's error where the lists can't decide", func(ctx SpecContext) {
		tellsInBulk()
		wire.lists(html, html)
		told, err := wire.client(gardenclient.Config{}).AllProperties(ctx, []string{"vanished"})
		Expect(err).NotTo(HaveOccurred())
		Expect(told["vanished"].Err).To(MatchError(HaveSuffix("runc state: exit status 1")))
	})

	It("ask no list where each is told", func(ctx SpecContext) {
		tellsInBulk()
		_, err := wire.client(gardenclient.Config{}).AllProperties(ctx, many(2))
		Expect(err).NotTo(HaveOccurred())
		Expect(wire.asked("")).To(HaveLen(1))
	})

	It("never send an unsafe handle", func(ctx SpecContext) {
		tellsInBulk()
		told, err := wire.client(gardenclient.Config{}).AllProperties(ctx, []string{"c-1,c-2", "c-3"})
		Expect(err).NotTo(HaveOccurred())
		Expect(told["c-1,c-2"].Err).To(MatchError(gardenclient.ErrUnsafeHandle))
		Expect(told["c-3"].Properties).To(HaveKeyWithValue("number", "3"))
		Expect(wire.asked("")).To(ConsistOf("GET /containers/bulk_info?handles=c-3"))
	})

	It("come with an error and what was told until then where bulk_info fails", func(ctx SpecContext) {
		asked := 0
		wire.on("GET /containers/bulk_info", func(w http.ResponseWriter, _ *http.Request) {
			if asked++; asked > 1 {
				w.WriteHeader(http.StatusInternalServerError)
				io.WriteString(w, untyped)
				return
			}
			io.WriteString(w, `{"c-0":{"Info":{"Properties":{"a":"b"}}}}`)
		})
		told, err := wire.client(gardenclient.Config{BatchSize: 1}).AllProperties(ctx, many(3))
		Expect(err).To(MatchError("bulk_info: runc delete: exit status 1"))
		Expect(told).To(HaveLen(1))
		Expect(told).To(HaveKeyWithValue("c-0", gardenclient.Told{Properties: map[string]string{"a": "b"}}))
		Expect(wire.asked("GET /containers/c-")).To(BeEmpty(), "no call that restarts a grace countdown")
	})

	Context("where bulk_info is not implemented", func() {
		BeforeEach(func() {
			wire.replays("GET /containers/bulk_info", "concourse-containerd/bulk_info-not-implemented.http")
		})

		It("come from one call for each container", func(ctx SpecContext) {
			wire.on("GET /containers/{handle}/properties", func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, `{"of":%q}`, r.PathValue("handle"))
			})
			told, err := wire.client(gardenclient.Config{}).AllProperties(ctx, many(30))
			Expect(err).NotTo(HaveOccurred())
			for _, handle := range many(30) {
				Expect(told).To(HaveKeyWithValue(handle, gardenclient.Told{Properties: map[string]string{"of": handle}}))
			}
			Expect(wire.asked("")).To(HaveLen(31))
		})

		It("have an error, or are gone, each by itself", func(ctx SpecContext) {
			wire.answers("GET /containers/c-0/properties", 200, `{}`)
			wire.answers("GET /containers/c-1/properties", 500, untyped)
			wire.answers("GET /containers/c-2/properties", 500, untyped)
			wire.lists(`{"Handles":["c-0","c-1"]}`, `{"Handles":[]}`)
			told, err := wire.client(gardenclient.Config{}).AllProperties(ctx, many(3))
			Expect(err).NotTo(HaveOccurred())
			Expect(told["c-0"]).To(Equal(gardenclient.Told{Properties: map[string]string{}}))
			Expect(told["c-1"].Err).To(MatchError("container c-1: read properties: runc delete: exit status 1"))
			Expect(told["c-2"].Err).To(MatchError(garden.ContainerNotFoundError{Handle: "c-2"}))
		})

		It("ask no list where Garden's error says that one is gone", func(ctx SpecContext) {
			wire.answers("GET /containers/c-1/properties", 404, unknownHandle)
			told, err := wire.client(gardenclient.Config{}).AllProperties(ctx, []string{"c-1"})
			Expect(err).NotTo(HaveOccurred())
			Expect(told["c-1"].Err).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
			Expect(wire.asked("")).To(HaveLen(2))
		})

		It("come with an error once too many get no answer", func(ctx SpecContext) {
			wire.on("GET /containers/{handle}/properties", hang)
			told, err := wire.client(gardenclient.Config{Timeout: 50 * time.Millisecond}).AllProperties(ctx, many(100))
			Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
			Expect(len(told)).To(BeNumerically("<=", 12))
			Expect(told).To(HaveEach(HaveField("Err", HaveOccurred())))
			Expect(len(wire.asked("GET /containers/c-"))).To(BeNumerically("<=", 12))
		})
	})

	It("come with an error once the context has ended", func(ctx SpecContext) {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		told, err := wire.client(gardenclient.Config{}).AllProperties(ended, many(3))
		Expect(err).To(MatchError(context.Canceled))
		Expect(told).To(BeEmpty())
	})
})

var _ = Describe("ListMatching", func() {
	It("has Garden filter", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.answers("GET /containers", 200, `{"Handles":["c-2","c-1"]}`)
		Expect(wire.client(gardenclient.Config{}).ListMatching(ctx, garden.Properties{"a b": "c&d", "user": ""})).To(
			Equal([]string{"c-2", "c-1"}))
		Expect(wire.asked("")).To(ConsistOf("GET /containers?a+b=c%26d&user="))
	})
})
