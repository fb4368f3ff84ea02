package reaper_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, meeting an interlock while it destroys", func() {
	type on = []reaper.InterlockName

	// slowly is a watch that has just begun with the first of five orphans, one
	// at a time, each for five seconds.
	slowly := func(spec func(*watch)) func() {
		return watching(func(w *watch) {
			w.Policy.MaxInFlight = 1
			for i := range 5 {
				w.orphan(fmt.Sprintf("o-%d", i+1))
			}
			w.garden.onDestroy = func(_ context.Context, handle string) error {
				time.Sleep(5 * time.Second)
				w.gone(handle)
				return nil
			}
			w.settled()
			Expect(w.of("destroy")).To(HaveLen(1))
			spec(w)
		})
	}

	It("stops the rest of the pass, and tells of it once", slowly(func(w *watch) {
		w.volumes.identity = "8:1 3"
		w.fakeWorker.calls.forget()
		w.wait(29 * time.Second)
		Expect(w.of("inspect", "destroy")).To(Equal([]string{"inspect o-2"}))
		Expect(w.interlocked()[2:]).To(Equal([]string{"volumes-dir-changed on"}))
		Expect(w.event(reaper.EventInterlock)).To(And(
			HaveField("On", true), HaveField("Note", ContainSubstring("another directory")),
			HaveField("Time", w.wall.Now().Add(-24*time.Second))))
		w.wait(time.Second)
		Expect(w.on()).To(Equal(on{reaper.VolumesDirChanged}))
		Expect(w.interlocked()[2:]).To(Equal([]string{"volumes-dir-changed on"}))
		w.passes(1)
		Expect(w.interlocked()[2:]).To(Equal([]string{"volumes-dir-changed on", "volumes-dir-changed off"}))
	}))

	It("stops those beside it", watching(func(w *watch) {
		w.Policy.MaxInFlight = 2
		w.orphan("o-1")
		w.orphan("o-2")
		w.settledBut(func() {
			w.garden.onInspect = func(handles []string) {
				if handles[0] == "o-1" {
					w.baggageclaim.known = []string{"v-o-1"}
				} else {
					time.Sleep(5 * time.Second)
				}
			}
		})
		w.wait(10 * time.Second)
		Expect(w.interlocked()[2:]).To(Equal([]string{"witnesses-disagree on"}))
		Expect(w.of("destroy")).To(BeEmpty())
	}))

	It("tells once of one that several meet at once", watching(func(w *watch) {
		w.orphan("o-1")
		w.orphan("o-2")
		w.settledBut(func() {
			w.garden.onInspect = func([]string) {
				time.Sleep(5 * time.Second)
				w.volumes.mutex.Lock()
				defer w.volumes.mutex.Unlock()
				w.volumes.identity = "8:1 3"
			}
		})
		w.wait(10 * time.Second)
		Expect(w.of("inspect")[1:]).To(ConsistOf("inspect o-1", "inspect o-2"))
		Expect(w.interlocked()[2:]).To(Equal([]string{"volumes-dir-changed on"}))
	}))

	It("goes on with the next pass that is without one", slowly(func(w *watch) {
		w.baggageclaim.known = []string{"v-o-2"}
		w.wait(29 * time.Second)
		Expect(w.of("destroy")).To(HaveLen(1))
		w.baggageclaim.known = nil
		w.wait(time.Second)
		Expect(w.of("destroy")).To(HaveLen(2))
		Expect(w.interlocked()[2:]).To(Equal([]string{"witnesses-disagree on", "witnesses-disagree off"}))
	}))

	It("drops what was offered before at an interlock of a pass", watching(func(w *watch) {
		w.Policy.MaxInFlight = 1
		for i := range 3 {
			w.orphan(fmt.Sprintf("o-%d", i+1))
		}
		w.garden.onDestroy = hang
		w.settledBut(func() {
			w.garden.onInspect = func([]string) { time.Sleep(25 * time.Second) }
		})
		w.wait(29 * time.Second)
		// o-1 is being destroyed; the looks at o-2 and o-3 are under way.
		Expect(w.of("destroy")).To(HaveLen(1))
		w.garden.handlesErr = errNo
		w.wait(2 * time.Second)
		Expect(w.on()).To(Equal(on{reaper.GardenUnreachable}))
		w.wait(20 * time.Second)
		Expect(w.of("destroy")).To(HaveLen(1))
	}))

	whileGardenIsAsked := func(w *watch, do func()) { w.garden.onInspect = func([]string) { do() } }
	whileTheDiskIsRead := func(w *watch, do func()) {
		fresh := 0
		w.volumes.onFresh = func() {
			if fresh++; fresh == 2 {
				do()
			}
		}
	}
	DescribeTable("finds in a last look that the clock was set since the pass",
		func(step time.Duration, set func(*watch, func())) {
			watching(func(w *watch) {
				w.orphan("o")
				w.settledBut(func() { set(w, func() { w.wall.step(step) }) })
				Expect(w.of("destroy")).To(BeEmpty())
				Expect(w.interlocked()[2:]).To(Equal([]string{"clock-stepped on"}))
				w.garden.onInspect, w.volumes.onFresh = nil, nil
				w.passes(1)
				Expect(w.on()).To(Equal(on{reaper.ClockStepped}))
				w.passes(1)
				Expect(w.interlocked()[2:]).To(Equal([]string{"clock-stepped on", "clock-stepped off"}))
			})()
		},
		Entry("forward", 2*time.Minute, whileGardenIsAsked),
		Entry("back", -2*time.Minute, whileGardenIsAsked),
		Entry("forward, while the disk took its time", 2*time.Minute, whileTheDiskIsRead),
	)

	It("tells of each change of a pass's interlocks once", watching(func(w *watch) {
		w.settled()
		w.garden.handlesErr = errNo
		w.passes(3)
		w.garden.handlesErr = nil
		w.volumes.identity = "8:1 3"
		w.baggageclaim.knowsErr = errNo
		w.passes(3)
		w.baggageclaim.knowsErr = nil
		w.passes(3)
		Expect(w.interlocked()).To(Equal([]string{
			"starting on", "starting off",
			"garden-unreachable on", "garden-unreachable off",
			"baggageclaim-unreachable on", "volumes-dir-changed on", "volumes-dir-changed off", "baggageclaim-unreachable off",
		}))
		Expect(w.logged("interlock")).To(HaveLen(8))
	}))

	It("keeps the time of a change, and what the interlock says", watching(func(w *watch) {
		w.settled()
		w.garden.handlesErr = errNo
		w.passes(1)
		Expect(w.event(reaper.EventInterlock)).To(Equal(reaper.Event{
			Time: w.wall.Now(), Name: reaper.EventInterlock, Interlock: reaper.GardenUnreachable, On: true, Note: "no"}))
		w.garden.handlesErr = nil
		w.passes(1)
		Expect(w.event(reaper.EventInterlock)).To(Equal(reaper.Event{
			Time: w.wall.Now(), Name: reaper.EventInterlock, Interlock: reaper.GardenUnreachable}))
	}))
})
