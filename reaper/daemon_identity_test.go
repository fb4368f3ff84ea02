package reaper_test

import (
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, telling one from another", func() {
	type on = []reaper.InterlockName
	type by = []reaper.HoldName

	Describe("volumes directories", func() {
		// anew expects that all is seen for the first time since the last pass but
		// one, in which the directory was found to be another.
		anew := func(w *watch) {
			GinkgoHelper()
			Expect(w.on()).To(Equal(on{reaper.VolumesDirChanged}))
			Expect(finding(w.report(), "o").Since).To(Equal(w.wall.Now()))
			Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm, reaper.HeldByGrace, reaper.HeldByInterlock}))
			w.passes(1)
			Expect(w.on()).To(BeEmpty())
			Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm, reaper.HeldByGrace}))
			w.wait(9*time.Minute + 30*time.Second - time.Nanosecond)
			Expect(w.of("destroy")).To(BeEmpty())
			w.wait(time.Nanosecond)
			Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			Expect(w.events()[0]).To(Equal("flagged o"))
			Expect(w.events()).NotTo(ContainElement("cleared o"))
		}

		It("starts all sightings anew when live/ becomes another", watching(func(w *watch) {
			w.settled()
			w.orphan("o")
			w.wait(9 * time.Minute)
			w.volumes.identity = "8:1 3"
			w.passes(1)
			anew(w)
			Expect(w.interlocked()[2:]).To(Equal([]string{"volumes-dir-changed on", "volumes-dir-changed off"}))
		}))

		It("starts them anew when it became another while nobody could look", watching(func(w *watch) {
			w.settled()
			w.orphan("o")
			w.wait(9 * time.Minute)
			w.volumes.snapshotErr = errors.New("no live in it")
			w.passes(1)
			w.volumes.snapshotErr, w.volumes.identity = nil, "8:1 3"
			w.passes(1)
			anew(w)
		}))

		It("takes the one that is back for the same", watching(func(w *watch) {
			w.settled()
			w.orphan("o")
			w.passes(1)
			seen := w.wall.Now()
			w.volumes.snapshotErr = errors.New("no live in it")
			w.passes(1)
			Expect(w.on()).To(Equal(on{reaper.VolumesDirUnusable}))
			w.volumes.snapshotErr = nil
			w.passes(1)
			Expect(w.on()).To(BeEmpty())
			Expect(finding(w.report(), "o").Since).To(Equal(seen))
		}))

		DescribeTable("starts them anew when it became another while no daemon was there",
			func(gap time.Duration) {
				watching(func(w *watch) {
					w.orphan("o")
					w.start()
					w.wait(5 * time.Minute)
					w.stop()
					w.volumes.identity = "8:1 3"
					w.restart(gap)
					Expect(w.on()).To(ContainElement(reaper.VolumesDirChanged))
					Expect(finding(w.report(), "o").Since).To(Equal(w.wall.Now()))
					w.wait(10*time.Minute - time.Nanosecond)
					Expect(w.of("destroy")).To(BeEmpty())
					w.wait(time.Nanosecond)
					Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
				})()
			},
			Entry("for a short while", time.Minute),
			Entry("for a long while", time.Hour),
		)
	})

	Describe("containers of one handle", func() {
		born := func(w *watch, at time.Time) {
			w.sight("o", func(s *reaper.Sighting) { s.CreatedAt = at })
		}

		It("starts anew for another one that was made since", watching(func(w *watch) {
			w.settled()
			w.orphan("o")
			w.wait(9 * time.Minute)
			w.gone("o")
			w.passes(1)
			w.back("o")
			born(w, w.wall.Now())
			w.passes(1)
			Expect(w.events()).To(Equal([]string{"flagged o", "flagged o"}))
			Expect(finding(w.report(), "o").Since).To(Equal(w.wall.Now()))
			w.wait(10*time.Minute - time.Nanosecond)
			Expect(w.of("destroy")).To(BeEmpty())
			w.wait(time.Nanosecond)
			Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		}))

		It("keeps the failures of the one that is gone from the other", watching(func(w *watch) {
			w.Policy.Grace = 0
			w.garden.onDestroy = fail
			w.orphan("o")
			w.settled()
			w.passes(1)
			Expect(finding(w.report(), "o").Failures).To(Equal(1))
			w.gone("o")
			w.passes(1)
			w.back("o")
			born(w, w.wall.Now())
			w.passes(1)
			Expect(w.event(reaper.EventFlagged).Failures).To(BeZero())
			Expect(finding(w.report(), "o").Failures).To(BeZero())
			Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm}))
		}))

		It("keeps them from it, too, where that was live at first", watching(func(w *watch) {
			w.garden.onDestroy = fail
			w.orphan("o")
			w.settled()
			w.passes(1)
			w.gone("o")
			w.volumes.put(live("v-o"))
			w.passes(1)
			w.back("o")
			born(w, w.wall.Now())
			w.passes(1)
			Expect(w.events()).To(ContainElements("destroy-failed o", "cleared o"))
			w.volumes.remove("v-o")
			w.passes(1)
			Expect(finding(w.report(), "o").Failures).To(BeZero())
		}))

		It("finds in its last look that it is another, though no pass saw it go", watching(func(w *watch) {
			w.orphan("o")
			w.settledBut(func() { born(w, w.wall.Now()) })
			Expect(w.of("destroy")).To(BeEmpty())
			Expect(w.logged("kept-container")).To(Equal([]string{"kept-container o"}))
			w.passes(1)
			Expect(w.events()).To(Equal([]string{"flagged o", "flagged o"}))
		}))

		It("takes it for the same though another source tells its creation", watching(func(w *watch) {
			w.garden.onDestroy = fail
			w.orphan("o")
			created := w.wall.Now().Add(-time.Hour)
			born(w, created)
			w.settledBut(func() { born(w, created.Add(5*time.Second)) })
			Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			w.passes(1)
			Expect(w.events()).To(HaveExactElements("flagged o", "destroying o", "destroy-failed o", "destroying o", "destroy-failed o"))
			Expect(finding(w.report(), "o").Failures).To(Equal(1))
		}))

		DescribeTable("goes by no creation that is not known",
			func(before, after time.Time) {
				watching(func(w *watch) {
					w.orphan("o")
					born(w, before)
					w.settledBut(func() { born(w, after) })
					Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
				})()
			},
			Entry("before", time.Time{}, now.Add(-24*time.Hour)),
			Entry("after", now.Add(-24*time.Hour), time.Time{}),
		)
	})
})
