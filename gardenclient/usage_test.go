package gardenclient_test

import (
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/gardenfakes"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
	"weeder/reaper"
)

var _ = Describe("Usage", func() {
	It("tells processes and age from bulk_metrics, and leaves out what it errs about", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.replays("GET /containers/bulk_metrics", "guardian/bulk_metrics.json")

		Expect(wire.client(gardenclient.Config{}).Usage(ctx, []string{recorded, "nope"})).To(Equal(map[string]reaper.Usage{
			recorded: {Processes: 1, Age: 9295976019 * time.Nanosecond},
		}))
	})

	It("passes on what an older Guardian leaves out as zero, which is not known", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.answers("GET /containers/bulk_metrics", 200, `{"c-1":{"Metrics":{"CPUStat":{"Usage":1}},"Err":null}}`)

		Expect(wire.client(gardenclient.Config{}).Usage(ctx, []string{"c-1"})).To(Equal(map[string]reaper.Usage{"c-1": {}}))
	})

	It("asks in batches, and about nothing else", func(ctx SpecContext) {
		backend := new(gardenfakes.FakeBackend)
		backend.BulkMetricsStub = func(handles []string) (map[string]garden.ContainerMetricsEntry, error) {
			entries := map[string]garden.ContainerMetricsEntry{}
			for _, handle := range handles {
				entries[handle] = garden.ContainerMetricsEntry{Metrics: garden.Metrics{PidStat: garden.ContainerPidStat{Current: 3}}}
			}
			return entries, nil
		}
		client := newClient(gardenclient.Config{Target: newGardenServer(backend), BatchSize: 2})

		Expect(client.Usage(ctx, []string{"c-1", "c-2", "c-3"})).To(HaveLen(3))
		Expect(backend.BulkMetricsCallCount()).To(Equal(2))
		Expect(backend.BulkMetricsArgsForCall(0)).To(Equal([]string{"c-1", "c-2"}))
		Expect(backend.BulkMetricsArgsForCall(1)).To(Equal([]string{"c-3"}))
		Expect(backend.LookupCallCount()).To(BeZero())
	})

	It("knows nothing where bulk_metrics is not implemented", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.answers("GET /containers/bulk_metrics", 500, notImplemented)

		Expect(wire.client(gardenclient.Config{}).Usage(ctx, []string{"c-1"})).To(And(BeEmpty(), Not(BeNil())))
		Expect(wire.asked("")).To(HaveLen(1))
	})

	It("fails where bulk_metrics does", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.answers("GET /containers/bulk_metrics", 500, untyped)

		usages, err := wire.client(gardenclient.Config{}).Usage(ctx, []string{"c-1"})
		Expect(err).To(MatchError("bulk_metrics: runc delete: exit status 1"))
		Expect(usages).To(BeNil())
	})

	It("refuses unsafe handles before anything is sent", func(ctx SpecContext) {
		wire := newWireGarden()
		_, err := wire.client(gardenclient.Config{}).Usage(ctx, []string{"c-1", "c-2,c-3"})
		Expect(err).To(MatchError(gardenclient.ErrUnsafeHandle))
		Expect(wire.asked("")).To(BeEmpty())
	})
})
