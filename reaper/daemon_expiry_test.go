package reaper_test

import (
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, where expiry alone speaks against a container", func() {
	type by = []reaper.HoldName

	// knowing is a watch whose baggageclaim knows what the disk has, so that the
	// witnesses agree.
	knowing := func(spec func(*watch)) func() {
		return watching(func(w *watch) {
			w.baggageclaim.known = []string{"v-live", "v-o"}
			spec(w)
		})
	}
	expired := expiring("v-o", time.Minute, now.Add(-time.Hour))
	silent := errors.New("refused")

	It("waits until baggageclaim has answered for a whole grace", knowing(func(w *watch) {
		w.settled()
		w.container("o", expired)
		w.wait(9 * time.Minute)
		w.baggageclaim.knowsErr = silent
		w.passes(1)
		Expect(w.heldBy("o")).To(ContainElements(reaper.HeldByExpiryWait, reaper.HeldByInterlock))
		w.baggageclaim.knowsErr = nil
		w.passes(1)
		heard := w.wall.Now()
		w.passes(2)
		Expect(finding(w.report(), "o").Holds).To(HaveExactElements(And(
			HaveField("By", reaper.HeldByExpiryWait),
			HaveField("Until", heard.Add(10*time.Minute)),
			HaveField("Detail", ContainSubstring(heard.UTC().Format(time.RFC3339))))))
		w.wait(9*time.Minute - time.Nanosecond)
		Expect(w.of("destroy")).To(BeEmpty())
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("takes a baggageclaim that can tell of no volume for one that is away", knowing(func(w *watch) {
		w.settled()
		w.container("o", expired)
		w.wait(9 * time.Minute)
		answering := w.fakeWorker.Baggageclaim
		w.fakeWorker.Baggageclaim = untoldOf{w.baggageclaim, []string{"v-live", "v-o"}}
		w.passes(1)
		Expect(w.on()).To(Equal([]reaper.InterlockName{reaper.BaggageclaimUnreachable}))
		Expect(w.heldBy("o")).To(ContainElements(reaper.HeldByExpiryWait, reaper.HeldByInterlock))
		w.fakeWorker.Baggageclaim = answering
		w.passes(1)
		w.wait(10*time.Minute - time.Nanosecond)
		Expect(w.of("destroy")).To(BeEmpty())
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("hears baggageclaim though it can't tell of one volume", knowing(func(w *watch) {
		w.container("broken", expiring("v-broken", time.Minute, now.Add(-time.Hour)))
		w.fakeWorker.Baggageclaim = untoldOf{w.baggageclaim, []string{"v-broken"}}
		w.settled()
		Expect(w.on()).To(BeEmpty())
		Expect(w.keeper.last().HeardSince).NotTo(BeNil())
		w.container("o", expired)
		w.wait(11 * time.Minute)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		Expect(finding(w.report(), "broken").Verdict).To(Equal(reaper.Unknown))
	}))

	It("says that baggageclaim can tell of none, once it was asked about enough", knowing(func(w *watch) {
		untold := []string{"v-live"}
		for i := range 6 {
			handle := fmt.Sprintf("c-%d", i)
			w.container(handle, live("v-"+handle))
			untold = append(untold, "v-"+handle)
		}
		w.fakeWorker.Baggageclaim = untoldOf{w.baggageclaim, untold}
		w.settled()
		Expect(w.on()).To(Equal([]reaper.InterlockName{reaper.BaggageclaimUnreachable}))
		w.fakeWorker.calls.forget()
		w.passes(1)
		Expect(w.of("knows")).To(HaveLen(5))
	}))

	It("waits for the container's own grace where that is longer", knowing(func(w *watch) {
		w.Policy.Grace = time.Minute
		w.container("o", expired)
		w.sight("o", func(s *reaper.Sighting) { s.Properties["garden.grace-time"] = "3600000000000" })
		w.start()
		w.passes(2)
		w.baggageclaim.knowsErr = silent
		w.passes(1)
		w.baggageclaim.knowsErr = nil
		w.wait(time.Hour + 30*time.Second - time.Nanosecond)
		Expect(w.of("destroy")).To(BeEmpty())
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByExpiryWait}))
		w.wait(time.Nanosecond)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("starts to hear it anew after a fresh look that it did not answer", knowing(func(w *watch) {
		w.container("o", expired)
		w.settledBut(func() {
			w.garden.onInspect = func([]string) { w.baggageclaim.knowsErr = silent }
		})
		Expect(w.interlocked()).To(ContainElement("baggageclaim-unreachable on"))
		Expect(w.keeper.last().HeardSince).To(BeNil())
		w.garden.onInspect = nil
		w.baggageclaim.knowsErr = nil
		w.passes(1)
		Expect(w.keeper.last().HeardSince).To(Equal(ptr(w.wall.elapsed())))
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByExpiryWait}))
		w.wait(10 * time.Minute)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))

	It("has heard it on through a fresh look that the daemon's end cut off", knowing(func(w *watch) {
		w.container("o", expired)
		w.settledBut(func() {
			w.garden.onInspect = func([]string) { w.fakeWorker.Baggageclaim = untilDone{w.baggageclaim} }
		})
		w.stop()
		Expect(w.of("destroy")).To(BeEmpty())
		Expect(w.keeper.last().HeardSince).NotTo(BeNil())
	}))

	It("counts what it hears before there is an orphan", knowing(func(w *watch) {
		w.settled()
		w.container("o", expired)
		w.passes(1)
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByConfirm, reaper.HeldByGrace}))
	}))

	It("hears it in passes without orphans by asking about one live volume", knowing(func(w *watch) {
		w.container("a", volume("v-init", reaper.VolumeInit), live("v-a"))
		w.container("b", live("v-b"))
		w.start()
		Expect(w.of("knows")).To(Equal([]string{"knows v-a"}))
		Expect(w.report().Baggageclaim).To(Equal(reaper.Answered))
		w.baggageclaim.knowsErr = silent
		w.passes(1)
		Expect(w.report().Baggageclaim).To(Equal(reaper.Silent))
		Expect(w.on()).To(ContainElement(reaper.BaggageclaimUnreachable))
		w.baggageclaim.knowsErr = nil
		w.passes(1)
		Expect(w.on()).NotTo(ContainElement(reaper.BaggageclaimUnreachable))
		Expect(w.keeper.last().HeardSince).To(Equal(ptr(w.wall.elapsed())))
	}))

	It("has heard it from when it answered, not from when it was asked", knowing(func(w *watch) {
		w.fakeWorker.Baggageclaim = slowly{w.baggageclaim}
		w.start()
		w.wait(10 * time.Second)
		Expect(w.keeper.last().HeardSince).To(Equal(ptr(w.wall.elapsed() - 5*time.Second)))
	}))

	It("asks about no live volume where it asks about an orphan's", knowing(func(w *watch) {
		w.container("o", expired)
		w.start()
		Expect(w.of("knows")).To(Equal([]string{"knows v-o"}))
	}))

	It("takes for an answer that baggageclaim does not know that volume", watching(func(w *watch) {
		w.baggageclaim.known = nil
		w.start()
		Expect(w.on()).To(Equal([]reaper.InterlockName{reaper.Starting}))
		Expect(w.keeper.last().HeardSince).NotTo(BeNil())
	}))

	DescribeTable("has not heard it",
		func(deaf func(*watch)) {
			knowing(func(w *watch) {
				w.settled()
				Expect(w.keeper.last().HeardSince).NotTo(BeNil())
				deaf(w)
				w.stop()
				Expect(w.keeper.last().HeardSince).To(BeNil())
			})()
		},
		Entry("while it is silent", func(w *watch) {
			w.baggageclaim.knowsErr = silent
			w.passes(1)
		}),
		Entry("while there is nothing to ask about", func(w *watch) {
			w.gone("a-live")
			w.passes(1)
		}),
		Entry("where it is not asked", func(w *watch) {
			w.stop()
			w.hire(w.keeper.last())
			w.fakeWorker.Baggageclaim = nil
			w.start()
		}),
	)

	It("has heard it only since the end of a gap of more than three intervals", knowing(func(w *watch) {
		w.settled()
		w.garden.handlesErr = errNo
		w.wait(5 * time.Minute)
		w.garden.handlesErr = nil
		w.passes(1)
		Expect(w.keeper.last().HeardSince).To(Equal(ptr(w.wall.elapsed())))
	}))

	It("has heard it on through a shorter one", knowing(func(w *watch) {
		w.start()
		since := w.wall.elapsed()
		w.garden.handlesErr = errNo
		w.passes(2)
		w.garden.handlesErr = nil
		w.passes(1)
		Expect(w.keeper.last().HeardSince).To(Equal(ptr(since)))
	}))

	DescribeTable("keeps what it heard over a restart",
		func(gap time.Duration, kept bool) {
			knowing(func(w *watch) {
				w.settled()
				since := ptr(w.wall.elapsed() - 10*time.Minute)
				Expect(w.keeper.last().HeardSince).To(Equal(since))
				w.restart(gap)
				if !kept {
					since = ptr(w.wall.elapsed())
				}
				Expect(w.keeper.last().HeardSince).To(Equal(since))
			})()
		},
		Entry("after a short while", 30*time.Second, true),
		Entry("but not after a long one", time.Hour, false),
	)

	DescribeTable("starts to hear it anew",
		func(change func(*watch)) {
			knowing(func(w *watch) {
				w.settled()
				change(w)
				w.passes(2)
				Expect(w.keeper.last().HeardSince).To(Equal(ptr(w.wall.elapsed() - 30*time.Second)))
			})()
		},
		Entry("when the clock was set", func(w *watch) { w.wall.step(time.Hour) }),
		Entry("when the volumes directory is another", func(w *watch) { w.volumes.identity = "8:1 3" }),
	)

	It("never destroys without baggageclaim for expiry alone", knowing(func(w *watch) {
		w.fakeWorker.Baggageclaim = nil
		w.container("o", expired)
		w.orphan("missing")
		w.settled()
		w.wait(48 * time.Hour)
		Expect(w.of("destroy")).To(Equal([]string{"destroy missing"}))
		Expect(w.heldBy("o")).To(Equal(by{reaper.HeldByExpiryWait}))
		Expect(w.report().Baggageclaim).To(Equal(reaper.NotAsked))
	}))

	It("does not wait for baggageclaim where a volume is missing, too", watching(func(w *watch) {
		w.baggageclaim.known = []string{"v-live", "v-o"}
		w.settled()
		w.container("o", volume("v-gone", reaper.VolumeMissing), expired)
		w.wait(5 * time.Minute)
		w.baggageclaim.knowsErr = silent
		w.passes(1)
		w.baggageclaim.knowsErr = nil
		w.wait(5 * time.Minute)
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
	}))
})
