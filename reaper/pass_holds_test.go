package reaper_test

import (
	"errors"
	"slices"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Pass, weighing what it found", func() {
	type on = []reaper.InterlockName
	type by = []reaper.HoldName

	var w *fakeWorker
	BeforeEach(func() { w = newWorker() })

	Describe("asking for processes and ages", func() {
		It("asks once, for the orphans alone that nothing else holds", func() {
			w.orphan("c")
			w.orphan("d")
			w.orphan("protected")
			w.container("young", volume("mount", reaper.VolumeMissing), live("v-young"))
			w.container("unknown", unreadable("v", syscall.ELOOP))
			w.container("mute", expiring("w", time.Minute, now.Add(time.Minute)))
			w.sight("young", func(s *reaper.Sighting) { s.CreatedAt = now.Add(-time.Minute) })
			w.question.Policy.Protect = protect("protected")

			report := w.pass()
			Expect(w.of("usage")).To(Equal([]string{"usage c d"}))
			Expect(finding(report, "c").Eligible()).To(BeTrue())
			Expect(finding(report, "protected").HeldBy()).To(Equal(by{reaper.HeldByProtected}))
			Expect(finding(report, "young").HeldBy()).To(Equal(by{reaper.HeldByGrace}))
		})

		It("asks for none while an interlock is on", func() {
			w.orphan("c")
			w.container("d", unreadable("v-d", syscall.EIO))
			w.pass()
			Expect(w.of("usage")).To(BeEmpty())
		})

		It("asks where the interlock is overridden", func() {
			w.orphan("c")
			w.baggageclaim.knowsErr = errors.New("refused")
			w.question.Override = on{reaper.BaggageclaimUnreachable}
			w.pass()
			Expect(w.of("usage")).To(Equal([]string{"usage c"}))
		})

		It("holds by what Garden says", func() {
			w.container("busy", volume("mount", reaper.VolumeMissing), live("v-busy"))
			w.orphan("young")
			w.sight("young", func(s *reaper.Sighting) { s.CreatedAt = time.Time{} })
			w.garden.usages["busy"] = reaper.Usage{Processes: 2}
			w.garden.usages["young"] = reaper.Usage{Processes: 1, Age: time.Minute}

			report := w.pass()
			Expect(finding(report, "busy").HeldBy()).To(Equal(by{reaper.HeldByBusy}))
			Expect(finding(report, "young")).To(And(
				HaveField("HeldBy()", by{reaper.HeldByGrace}),
				HaveField("Container.CreatedAt", now.Add(-time.Minute))))
		})

		It("waits longer where Garden says nothing, and destroys the rest", func() {
			w.container("busy", volume("mount", reaper.VolumeMissing), live("v-busy"))
			w.sight("busy", func(s *reaper.Sighting) { s.CreatedAt = now.Add(-23 * time.Hour) })
			w.orphan("rootless")
			w.garden.usageErr = errors.New("connection reset")

			report := w.pass()
			Expect(report.Interlocks).To(BeEmpty())
			Expect(finding(report, "busy").HeldBy()).To(Equal(by{reaper.HeldByBusy}))
			Expect(finding(report, "rootless").Eligible()).To(BeTrue())
		})

		It("does not use an answer that came with an error", func() {
			w.container("c", volume("mount", reaper.VolumeMissing), live("v-c"))
			w.sight("c", func(s *reaper.Sighting) { s.CreatedAt = now.Add(-23 * time.Hour) })
			w.garden.usages["c"], w.garden.usageErr = reaper.Usage{Processes: 1}, errors.New("connection reset")
			Expect(finding(w.pass(), "c").HeldBy()).To(Equal(by{reaper.HeldByBusy}))
		})

		It("holds for its age what no one tells the age of", func() {
			w.orphan("c")
			w.sight("c", func(s *reaper.Sighting) { s.CreatedAt = time.Time{} })
			delete(w.garden.usages, "c")
			Expect(finding(w.pass(), "c").HeldBy()).To(Equal(by{reaper.HeldByAge}))
		})
	})

	It("counts the grace from the first sighting of earlier passes", func() {
		w.orphan("c")
		w.sightings["c"] = now.Add(-time.Minute)
		Expect(finding(w.pass(), "c")).To(And(
			HaveField("HeldBy()", by{reaper.HeldByGrace}), HaveField("Since", now.Add(-time.Minute))))
	})

	It("does without earlier passes", func() {
		w.orphan("c")
		w.Sightings = nil
		Expect(finding(w.pass(), "c").Eligible()).To(BeTrue())
	})

	It("lifts for a handle that a person gave that it is busy, and for no other", func() {
		for _, handle := range []string{"c", "d"} {
			w.container(handle, volume("mount", reaper.VolumeMissing), live("v-"+handle))
			w.garden.usages[handle] = reaper.Usage{Processes: 2}
		}
		w.question.Named = []string{"c"}

		report := w.pass()
		Expect(finding(report, "c").Eligible()).To(BeTrue())
		Expect(finding(report, "d").HeldBy()).To(Equal(by{reaper.HeldByBusy}))
	})

	It("has every orphan held by the interlock, beside what else holds it", func() {
		w.orphan("c")
		w.orphan("protected")
		w.question.Policy.Protect = protect("protected")
		w.container("d", unreadable("v-d", syscall.EIO))

		report := w.pass()
		Expect(finding(report, "protected").HeldBy()).To(Equal(by{reaper.HeldByProtected, reaper.HeldByInterlock}))
		Expect(slices.ContainsFunc(report.Findings, reaper.Finding.Eligible)).To(BeFalse())
		Expect(finding(report, "d").Holds).To(BeEmpty())
	})
})
