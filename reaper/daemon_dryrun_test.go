package reaper_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, in a dry run", func() {
	dry := func(spec func(*watch)) func() {
		return watching(func(w *watch) {
			w.DryRun = true
			spec(w)
		})
	}

	It("decides as it would, tells so once, and destroys nothing", dry(func(w *watch) {
		w.orphan("o")
		w.start()
		w.wait(10*time.Minute - time.Nanosecond)
		Expect(w.events()).To(Equal([]string{"flagged o"}))
		w.wait(time.Nanosecond)
		Expect(w.events()).To(Equal([]string{"flagged o", "would-destroy o"}))
		Expect(w.event(reaper.EventWouldDestroy)).To(Equal(reaper.Event{
			Time: w.wall.Now(), Name: reaper.EventWouldDestroy, Handle: "o",
			Age: 24*time.Hour + 10*time.Minute, Grace: 10 * time.Minute,
			Reasons: finding(w.report(), "o").Reasons,
		}))
		w.wait(24 * time.Hour)
		Expect(w.events()).To(HaveLen(2))
		Expect(w.of("destroy")).To(BeEmpty())
		Expect(finding(w.report(), "o").Eligible()).To(BeTrue())
	}))

	It("looks afresh before it tells", dry(func(w *watch) {
		w.orphan("o")
		w.settledBut(func() {
			w.sight("o", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-live") })
		})
		Expect(w.events()).To(Equal([]string{"flagged o"}))
		Expect(w.logged("kept-container")).To(Equal([]string{"kept-container o"}))
	}))

	It("meets the same interlocks", dry(func(w *watch) {
		w.orphan("o")
		w.settledBut(func() { w.baggageclaim.knowsErr = errNo })
		Expect(w.on()).To(Equal([]reaper.InterlockName{reaper.BaggageclaimUnreachable}))
		Expect(w.events()).To(Equal([]string{"flagged o"}))
	}))

	It("comes to those beyond the cap in later passes, as it would", dry(func(w *watch) {
		w.Policy.MaxPerPass = 2
		for i := range 5 {
			w.orphan(fmt.Sprintf("o-%d", i))
		}
		w.settled()
		for _, told := range []int{2, 4, 5, 5} {
			Expect(w.recorded(reaper.EventWouldDestroy)).To(HaveLen(told))
			w.passes(1)
		}
	}))

	It("tells of one anew that was no orphan in between", dry(func(w *watch) {
		w.orphan("o")
		w.settled()
		w.volumes.put(live("v-o"))
		w.passes(1)
		w.volumes.remove("v-o")
		w.passes(1)
		w.wait(10 * time.Minute)
		Expect(w.events()).To(Equal([]string{
			"flagged o", "would-destroy o", "cleared o", "flagged o", "would-destroy o"}))
	}))

	It("does so, too, of one that was tried in earnest before", watching(func(w *watch) {
		w.hire(reaper.Past{Orphans: map[string]reaper.PastOrphan{"o": {Tried: true, Failures: 1}}})
		w.DryRun = true
		w.orphan("o")
		w.settled()
		w.volumes.put(live("v-o"))
		w.passes(1)
		w.volumes.remove("v-o")
		w.wait(11 * time.Minute)
		Expect(w.recorded(reaper.EventWouldDestroy)).To(Equal([]string{"o", "o"}))
	}))

	It("tells of one that is gone that it is none any more, not that it was destroyed", dry(func(w *watch) {
		w.orphan("o")
		w.settled()
		w.gone("o")
		w.passes(2)
		Expect(w.events()).To(Equal([]string{"flagged o", "would-destroy o", "cleared o"}))
	}))

	It("does not tell again after a restart", dry(func(w *watch) {
		w.orphan("o")
		w.settled()
		w.stop()
		w.hire(w.keeper.last())
		w.DryRun = true
		w.start()
		w.passes(5)
		Expect(w.events()).To(Equal([]string{"flagged o", "would-destroy o"}))
	}))

	It("keeps nothing from the daemon that comes after it in earnest", dry(func(w *watch) {
		w.orphan("o")
		w.settled()
		w.restart(10 * time.Second)
		Expect(w.events()).To(Equal([]string{"flagged o", "would-destroy o", "destroying o", "destroyed o"}))
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))
})
