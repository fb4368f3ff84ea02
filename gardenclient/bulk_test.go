package gardenclient_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
	"weeder/reaper"
)

var _ = Describe("a Garden that hangs over some containers", func() {
	const (
		patience    = 100 * time.Millisecond
		bulkInfo    = "GET /containers/bulk_info"
		bulkMetrics = "GET /containers/bulk_metrics"
	)
	var wire *wireGarden

	BeforeEach(func() {
		wire = newWireGarden()
		wire.lists(`{"Handles":["c-0","c-1"]}`, `{"Handles":[]}`)
	})

	many := func(n int) []string {
		var handles []string
		for i := range n {
			handles = append(handles, fmt.Sprintf("c-%d", i))
		}
		return handles
	}

	// hangsOver has a bulk call hang that asks about one of some containers, and
	// answer for all others.
	hangsOver := func(call, entry string, hung ...string) {
		wire.on(call, func(w http.ResponseWriter, r *http.Request) {
			handles := strings.Split(r.URL.Query().Get("handles"), ",")
			if slices.ContainsFunc(hung, func(handle string) bool { return slices.Contains(handles, handle) }) {
				hang(w, r)
				return
			}
			entries := []string{}
			for _, handle := range handles {
				entries = append(entries, fmt.Sprintf("%q:%s", handle, entry))
			}
			fmt.Fprintf(w, "{%s}", strings.Join(entries, ","))
		})
	}
	client := func() *gardenclient.Client {
		return wire.client(gardenclient.Config{Timeout: patience, BatchSize: 10})
	}

	Describe("Inspect", func() {
		It("is blind for these, and for no other", func(ctx SpecContext) {
			hangsOver(bulkInfo, `{"Info":{"State":"active"}}`, "c-3")

			sightings, err := client().Inspect(ctx, many(15), nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings).To(HaveLen(15))
			silent := sightings["c-3"]
			Expect(silent).To(And(HaveField("Silent", true), HaveField("Blind", true)))
			Expect(silent.Doubts).To(ConsistOf(HaveField("Detail", ContainSubstring("no answer from garden"))))
			delete(sightings, "c-3")
			Expect(slices.Collect(maps.Values(sightings))).To(HaveEach(Equal(reaper.Sighting{
				State: "active", Properties: map[string]string{},
			})))
		})

		It("is blind for these though their bundles are there", func(ctx SpecContext) {
			depot := GinkgoT().TempDir()
			writeConfig(depot, "c-1", spec)
			hangsOver(bulkInfo, `{}`, "c-1")

			sightings, err := wire.client(gardenclient.Config{Timeout: patience, Depot: depot}).Inspect(ctx, []string{"c-1"}, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings["c-1"]).To(And(HaveField("Blind", true), HaveField("Spec", BeNil()),
				HaveField("Doubts", ConsistOf(HaveField("Detail", ContainSubstring("no answer from garden"))))))
		})

		It("is blind for one that it asks about alone, where the list is answered", func(ctx SpecContext) {
			hangsOver(bulkInfo, `{}`, "c-1")

			sightings, err := client().Inspect(ctx, []string{"c-1"}, nil)
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings["c-1"]).To(And(HaveField("Silent", true), HaveField("Blind", true)))
			Expect(wire.asked(bulkInfo)).To(HaveLen(1))
		})

		It("fails for one that it asks about alone, where the list hangs, too", func(ctx SpecContext) {
			hangsOver(bulkInfo, `{}`, "c-1")
			wire.mux = http.NewServeMux()
			wire.on("/", hang)

			_, err := client().Inspect(ctx, []string{"c-1"}, nil)
			Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
			Expect(err).To(MatchError(ContainSubstring("list containers")))
		})

		It("gives up on one that hangs over too many", func(ctx SpecContext) {
			hangsOver(bulkInfo, `{}`, many(10)...)

			_, err := client().Inspect(ctx, many(10), nil)
			Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
			Expect(len(wire.asked(bulkInfo))).To(BeNumerically("<=", 10))
		})

		It("fails with what one of them fails with", func(ctx SpecContext) {
			wire.on(bulkInfo, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Query().Get("handles"), ",") {
					hang(w, r)
					return
				}
				http.Error(w, untyped, http.StatusInternalServerError)
			})
			_, err := client().Inspect(ctx, many(3), nil)
			Expect(err).To(MatchError(ContainSubstring("runc delete: exit status 1")))
		})

		It("asks nobody singly where Garden does not listen at all", func(ctx SpecContext) {
			wire.server.Close()

			_, err := client().Inspect(ctx, many(3), nil)
			Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
			Expect(wire.asked("")).To(BeEmpty())
		})
	})

	Describe("Usage", func() {
		It("has failed for these, and for no other", func(ctx SpecContext) {
			hangsOver(bulkMetrics, `{"Metrics":{"PidStat":{"Current":1}}}`, "c-1")

			Expect(client().Usage(ctx, []string{"c-0", "c-1", "c-2"})).To(Equal(map[string]reaper.Usage{
				"c-0": {Processes: 1}, "c-1": {Failed: true}, "c-2": {Processes: 1},
			}))
		})

		It("fails where the list hangs, too", func(ctx SpecContext) {
			wire.mux = http.NewServeMux()
			wire.on("/", hang)

			_, err := client().Usage(ctx, []string{"c-1"})
			Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
		})
	})

	It("has AllProperties tell of the others", func(ctx SpecContext) {
		hangsOver(bulkInfo, `{"Info":{"Properties":{"user":"root"}}}`, "c-1")

		told, err := client().AllProperties(ctx, []string{"c-0", "c-1"})
		Expect(err).NotTo(HaveOccurred())
		Expect(told["c-0"].Properties).To(Equal(map[string]string{"user": "root"}))
		Expect(told["c-1"].Err).To(MatchError(gardenclient.ErrNoAnswer))
	})
})
