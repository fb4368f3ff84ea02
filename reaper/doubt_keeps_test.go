package reaper_test

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

// What can go wrong without anything failing: a Garden, a disk and a
// baggageclaim that are not those of one worker, and answers that are missing.
var _ = Describe("doubt keeps", func() {
	type (
		by = []reaper.HoldName
		on = []reaper.InterlockName
	)
	var w *fakeWorker
	BeforeEach(func() { w = newWorker() })

	Context("when baggageclaim does not know an expired volume that the disk has", func() {
		BeforeEach(func() {
			w.container("c", expiring("v-c", 5*time.Minute, now.Add(-time.Hour)))
			w.orphan("d")
		})

		It("stops: it is another worker's", func() {
			report := w.pass()
			Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.WitnessesDisagreeInterlock}))
			Expect(report.Interlocks[0].Detail).To(ContainSubstring("is --baggageclaim this worker's?"))
			Expect(finding(report, "c").Verdict).To(Equal(reaper.Unknown))
			Expect(finding(report, "d").HeldBy()).To(Equal(by{reaper.HeldByInterlock}))
		})

		It("goes on where the disk lacks it by now: it was reaped", func() {
			w.volumes.onFresh = func() { w.volumes.put(volume("v-c", reaper.VolumeMissing)) }
			report := w.pass()
			Expect(report.Interlocks).To(BeEmpty())
			Expect(finding(report, "c").Reasons).To(ConsistOf(HaveField("Code", reaper.VolumeIsMissing)))
		})

		It("goes on where it knows it", func() {
			w.baggageclaim.known = []string{"v-c"}
			Expect(finding(w.pass(), "c").Eligible()).To(BeTrue())
		})
	})

	Context("when three containers have no volume on this disk", func() {
		BeforeEach(func() {
			w.garden.plain = nil
			for _, handle := range []string{"c", "d", "e"} {
				w.orphan(handle)
			}
		})

		It("is not put off by hidden ones that have: another worker's depot shows them", func() {
			w.garden.depot = []string{"a-live"}
			Expect(interlocks(w.pass().Interlocks)).To(Equal(on{reaper.NoVolumeFound}))
		})

		It("is not put off by a baggageclaim where a container refers to another directory", func() {
			w.baggageclaim.paths = []string{"/volumes/live/x/volume"}
			Expect(w.pass().Interlocks).To(BeEmpty())

			w.sight("e", func(s *reaper.Sighting) {
				s.Properties = map[string]string{}
				s.Spec = &reaper.Spec{Root: "/other/live/v-e/volume"}
			})
			w.Worker = &reaper.Worker{
				Garden: w.garden, Volumes: w.volumes, Baggageclaim: w.baggageclaim, Sightings: w.sightings, Clock: w.clock,
			}
			Expect(interlocks(w.pass().Interlocks)).To(Equal(on{reaper.NoVolumeFound}))
		})
	})

	It("waits the busy grace where the processes could not be asked for, root volume or not", func() {
		w.orphan("c")
		w.sight("c", func(s *reaper.Sighting) { s.CreatedAt = now.Add(-2 * time.Hour) })
		w.garden.usageErr = errors.New("timed out")
		Expect(finding(w.pass(), "c").HeldBy()).To(Equal(by{reaper.HeldByBusy}))
	})

	It("waits the busy grace where the container's own grace time can't be understood", func() {
		w.orphan("c")
		w.sight("c", func(s *reaper.Sighting) {
			s.Properties["garden.grace-time"] = "8.64e13"
			s.CreatedAt = now.Add(-23 * time.Hour)
		})
		Expect(finding(w.pass(), "c").HeldBy()).To(Equal(by{reaper.HeldByGrace}))
	})
})
