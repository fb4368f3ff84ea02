package reaper_test

import (
	"context"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

// fakeRuntime knows some containers. It leaves out that a real one takes its
// time, and that it can know one container of several and fail for another.
type fakeRuntime struct {
	sightings map[string]reaper.Sighting
	usages    map[string]reaper.Usage
	err       error
	asked     [][]string
}

func (r *fakeRuntime) Inspect(_ context.Context, handles []string) (map[string]reaper.Sighting, error) {
	r.asked = append(r.asked, handles)
	sightings := map[string]reaper.Sighting{}
	for _, handle := range handles {
		if sighting, known := r.sightings[handle]; known {
			sightings[handle] = sighting
		}
	}
	return sightings, r.err
}

func (r *fakeRuntime) Usage(_ context.Context, handles []string) (map[string]reaper.Usage, error) {
	usages := map[string]reaper.Usage{}
	for _, handle := range handles {
		if usage, known := r.usages[handle]; known {
			usages[handle] = usage
		}
	}
	return usages, r.err
}

var _ = Describe("the runtime beneath Garden", func() {
	type by = []reaper.HoldName
	var (
		w       *fakeWorker
		runtime *fakeRuntime
	)

	BeforeEach(func() {
		w = newWorker()
		runtime = &fakeRuntime{sightings: map[string]reaper.Sighting{}, usages: map[string]reaper.Usage{}}
		w.Worker.Runtime = runtime
	})

	spec := func(root string) *reaper.Spec {
		return &reaper.Spec{Root: "/volumes/live/" + root + "/volume"}
	}

	It("adds its references to those of the properties", func() {
		w.container("c", live("v-properties"))
		runtime.sightings["c"] = reaper.Sighting{Spec: spec("v-spec"), SpecSource: reaper.SourceContainerd}

		judged := finding(w.pass(), "c")
		Expect(judged.Verdict).To(Equal(reaper.Orphan))
		Expect(judged.Reasons).To(ConsistOf(HaveField("Volume", "v-spec")))
		Expect(judged.Volumes).To(ConsistOf(
			And(HaveField("Handle", "v-properties"), HaveField("Sources", []reaper.Source{reaper.SourceProperties})),
			And(HaveField("Handle", "v-spec"), HaveField("Sources", []reaper.Source{reaper.SourceContainerd}), HaveField("Root", true)),
		))
	})

	It("is no witness for a container that it does not know", func() {
		w.orphan("c")
		Expect(finding(w.pass(), "c").Eligible()).To(BeTrue())
	})

	It("makes everything unknown where it can't be asked, whatever the others say", func() {
		w.orphan("c")
		w.container("d", live("v-d"))
		runtime.err = errors.New("socket refuses")
		report := w.pass()
		for _, handle := range []string{"c", "d"} {
			Expect(finding(report, handle).Verdict).To(Equal(reaper.Unknown))
			Expect(codes(finding(report, handle).Reasons)).To(Equal([]reaper.Code{reaper.SourceUnreadable}))
		}
	})

	It("tells the age rather than the bundle", func() {
		w.orphan("c")
		runtime.sightings["c"] = reaper.Sighting{CreatedAt: w.clock.Now().Add(-time.Minute)}
		Expect(finding(w.pass(), "c").HeldBy()).To(Equal(by{reaper.HeldByGrace}))
	})

	It("is asked once about a container, and Garden is told whom it told of", func() {
		w.container("c", live("v-c"))
		w.container("d", live("v-d"))
		runtime.sightings["c"] = reaper.Sighting{Properties: map[string]string{}}
		runtime.sightings["d"] = reaper.Sighting{}
		w.pass()
		w.pass()
		Expect(runtime.asked).To(HaveLen(1))
		Expect(w.garden.told).To(Equal([]string{"c"}), "without properties Garden is still needed")
	})

	It("leaves the processes to Garden where it can't be asked for them", func() {
		w.container("c", volume("mount", reaper.VolumeMissing), live("v-c"))
		w.garden.usages["c"], runtime.usages["c"] = reaper.Usage{Processes: 2}, reaper.Usage{Processes: 1}
		Expect(finding(w.pass(), "c").Eligible()).To(BeTrue())

		runtime.err = errors.New("socket refuses")
		Expect(finding(w.pass(), "c").HeldBy()).To(Equal(by{reaper.HeldByBusy}))
	})

	DescribeTable("tells the processes rather than Garden",
		func(usage reaper.Usage, holds by) {
			w.orphan("c")
			w.sight("c", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-c", "v-root") })
			w.volumes.put(live("v-root"))
			w.garden.usages["c"] = reaper.Usage{Processes: 7}
			runtime.usages["c"] = usage
			Expect(finding(w.pass(), "c").HeldBy()).To(Equal(holds))
		},
		Entry("its init alone", reaper.Usage{Processes: 1}, by{}),
		Entry("no task at all", reaper.Usage{Idle: true}, by{}),
		Entry("some more", reaper.Usage{Processes: 2}, by{reaper.HeldByBusy}),
	)
})
