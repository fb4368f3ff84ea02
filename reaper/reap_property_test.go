package reaper_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"weeder/reaper"
)

var _ = Describe("Reap, of any worker", func() {
	// seldom is true now and then: faults in every run would let nothing through.
	seldom := func(t *rapid.T, what string) bool { return rapid.IntRange(0, 9).Draw(t, what) == 9 }
	refused := errors.New("connection refused")

	// anyWorker is a worker with up to six containers on six volumes.
	anyWorker := func(t *rapid.T) *fakeWorker {
		w := newWorker()
		for _, volume := range anyDisk(t, anyVolume) {
			if volume.State != reaper.VolumeMissing && !errors.Is(volume.Err, syscall.EIO) {
				w.volumes.put(volume)
			}
		}
		for i := range rapid.IntRange(0, 6).Draw(t, "containers") {
			handle := fmt.Sprintf("c-%d", i)
			w.container(handle)
			w.sight(handle, func(s *reaper.Sighting) {
				volumes := rapid.SliceOfN(rapid.SampledFrom([]string{"v-0", "v-1", "v-2", "v-3", "v-4", "v-5"}), 0, 3).Draw(t, "volumes")
				s.Properties, s.CreatedAt = propertiesOf(volumes...), maybeHours.Draw(t, "created at")
			})
			w.garden.usages[handle] = reaper.Usage{Processes: rapid.SampledFrom([]uint64{0, 1, 1, 2}).Draw(t, "processes")}
		}
		w.baggageclaim.known = rapid.SampledFrom([][]string{nil, nil, nil, {"v-0"}}).Draw(t, "known to baggageclaim")
		w.question.Policy.MaxPerPass = rapid.IntRange(0, 3).Draw(t, "cap")
		return w
	}
	// spoil has something fail, or something change.
	spoil := func(t *rapid.T, w *fakeWorker) {
		for _, err := range []*error{
			&w.garden.handlesErr, &w.garden.depotErr, &w.garden.inspectErr, &w.garden.usageErr,
			&w.volumes.snapshotErr, &w.volumes.freshErr, &w.baggageclaim.knowsErr,
		} {
			if seldom(t, "fails") {
				*err = refused
			}
		}
		if seldom(t, "remounted") {
			w.volumes.identity = "8:1 3"
		}
		for i := range 6 {
			if seldom(t, "volume comes") {
				w.volumes.put(live(fmt.Sprintf("v-%d", i)))
			}
		}
	}

	It("lets nothing go while an interlock is on", func() {
		locked := 0
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			g := NewWithT(t)
			w := anyWorker(t)
			spoil(t, w)
			report := w.pass()
			if !report.Interlocked() {
				return
			}
			locked++
			due, _ := reaper.Plan(report, w.question)
			g.Expect(slices.ContainsFunc(report.Findings, reaper.Finding.Eligible)).To(BeFalse())
			g.Expect(due).To(BeEmpty())
			g.Expect(w.of("usage")).To(BeEmpty())
		})
		Expect(locked).To(BeNumerically(">", 0))
	})

	It("destroys nothing but what both witnesses deny a volume at that moment", func() {
		destroyed := 0
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			g := NewWithT(t)
			w := anyWorker(t)
			w.question.Policy.MaxInFlight = 1
			report := w.pass()
			spoil(t, w)
			identity := "8:1 2"

			w.garden.onDestroy = func(_ context.Context, handle string) error {
				destroyed++
				references, _ := reaper.PropertyReferences(w.garden.sightings[handle].Properties)
				disk := w.volumes.read()
				g.Expect(disk.identity).To(Equal(identity))
				g.Expect(references).To(ContainElement(WithTransform(func(r reaper.Reference) bool {
					v := disk.Volume(r.Volume)
					gone := (v.State == reaper.VolumeMissing || v.State == reaper.VolumeDead) && !slices.Contains(w.baggageclaim.known, v.Handle)
					expired := v.State == reaper.VolumeLive && v.TTL > 0 && v.ExpiresAt.Before(now) && v.TTLErr == nil && v.HasTTL
					return gone || expired
				}, BeTrue())))
				return nil
			}
			w.reaper().Reap(context.Background(), report, w.question)
		})
		Expect(destroyed).To(BeNumerically(">", 0))
	})

	It("accounts for each orphan of the pass once", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			g := NewWithT(t)
			w := anyWorker(t)
			w.question.Policy.MaxInFlight = rapid.IntRange(1, 3).Draw(t, "in flight")
			answers := map[string]error{}
			for i := range 6 {
				answers[fmt.Sprintf("c-%d", i)] = rapid.SampledFrom([]error{nil, reaper.ErrGone, reaper.ErrInProgress, refused}).Draw(t, "answer")
			}
			w.garden.onDestroy = func(_ context.Context, handle string) error { return answers[handle] }
			report := w.pass()
			spoil(t, w)
			outcome := w.reaper().Reap(context.Background(), report, w.question)

			accounted := slices.Concat(outcome.Destroyed, outcome.Gone, outcome.InProgress, handles(outcome.Held))
			for _, failure := range outcome.Failed {
				accounted = append(accounted, failure.Handle)
			}
			orphans := []string{}
			for _, finding := range report.Findings {
				if finding.Verdict == reaper.Orphan {
					orphans = append(orphans, finding.Container.Handle)
				}
			}
			g.Expect(accounted).To(ConsistOf(orphans))
		})
	})
})
