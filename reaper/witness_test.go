package reaper_test

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("the interlock no-volume-found", func() {
	type on = []reaper.InterlockName

	var w *fakeWorker
	BeforeEach(func() {
		w = newWorker()
		w.garden.plain = nil
		w.volumes.volumes = map[string]reaper.Volume{}
	})

	orphans := func(n int) {
		for i := range n {
			w.orphan(fmt.Sprintf("o-%d", i))
		}
	}
	unreferenced := func(state reaper.VolumeState) { w.volumes.put(volume("v-unreferenced", state)) }

	DescribeTable("is on for a directory that can't be the right one",
		func(set func(), expected on) {
			set()
			Expect(interlocks(w.pass().Interlocks)).To(Equal(expected))
		},
		Entry("live/ is empty though one container refers to a volume", func() { orphans(1) }, on{reaper.NoVolumeFound}),
		Entry("live/ is empty though its volume is being made", func() { w.container("c", volume("v", reaper.VolumeInit)) }, on{reaper.NoVolumeFound}),
		Entry("live/ is empty, and no container refers to a volume", func() { w.container("c") }, on{}),
		Entry("live/ is empty, and there is no container", func() {}, on{}),
		Entry("live/ is not empty, and three find nothing in it", func() { unreferenced(reaper.VolumeLive); orphans(3) }, on{reaper.NoVolumeFound}),
		Entry("live/ is not empty, and two find nothing in it", func() { unreferenced(reaper.VolumeLive); orphans(2) }, on{}),
		Entry("live/ is not empty, and of four one finds its volume", func() { orphans(3); w.container("c", live("v")) }, on{}),
		Entry("live/ is not empty, and of four one finds its volume in init", func() {
			unreferenced(reaper.VolumeLive)
			orphans(3)
			w.container("c", volume("v", reaper.VolumeInit))
		}, on{}),
		Entry("live/ is not empty, and of four one finds its volume in dead", func() {
			unreferenced(reaper.VolumeLive)
			orphans(3)
			w.container("c", volume("v", reaper.VolumeDead))
		}, on{}),
		Entry("live/ is not empty, and of three containers two refer to volumes", func() {
			unreferenced(reaper.VolumeLive)
			orphans(2)
			w.container("c")
		}, on{}),
		Entry("live/ is not empty, and three find nothing that can be told", func() {
			for _, handle := range []string{"c", "d", "e"} {
				w.container(handle, unreadable("v-"+handle, syscall.ENOTDIR))
			}
		}, on{reaper.NoVolumeFound}),
	)

	It("holds every orphan, and says what to try", func() {
		orphans(1)
		report := w.pass()
		Expect(finding(report, "o-0").HeldBy()).To(Equal([]reaper.HoldName{reaper.HeldByInterlock}))
		Expect(report.Interlocks[0].Detail).To(And(
			HavePrefix("live is empty, and containers refer to volumes: 1"), HaveSuffix(": is it the right directory, and mounted? Set --volumes")))
	})

	DescribeTable("is lifted by baggageclaim alone, and by a volume in this directory alone",
		func(set func(), lifted bool) {
			unreferenced(reaper.VolumeLive)
			orphans(3)
			w.baggageclaim.paths = []string{"/elsewhere/live/v/volume", "/volumes/live/v-unreferenced/volume"}
			set()

			report := w.pass()
			Expect(report.Interlocked()).To(Equal(!lifted))
			Expect(finding(report, "o-0").Eligible()).To(Equal(lifted))
		},
		Entry("one that lies in it", func() {}, true),
		Entry("one that lies in it though live/ shows empty", func() { w.volumes.remove("v-unreferenced") }, true),
		Entry("none", func() { w.baggageclaim.paths = nil }, false),
		Entry("one that lies elsewhere", func() { w.baggageclaim.paths = []string{"/elsewhere/live/v/volume"} }, false),
		Entry("one that lies on another disk", func() { w.volumes.otherDisk = true }, false),
		Entry("a list that came with an error", func() { w.baggageclaim.pathsErr = errors.New("refused") }, false),
		Entry("no baggageclaim", func() { w.Baggageclaim = nil }, false),
	)

	It("asks for baggageclaim's list only where it would be on", func() {
		w.container("c", live("v"))
		orphans(3)
		w.pass()
		Expect(w.of("live-paths")).To(BeEmpty())
	})
})

var _ = Describe("the second witness, baggageclaim", func() {
	type on = []reaper.InterlockName
	type by = []reaper.HoldName

	var w *fakeWorker
	BeforeEach(func() { w = newWorker() })

	expired := func(handle string) reaper.Volume { return expiring(handle, time.Minute, now.Add(-time.Hour)) }

	It("is asked about what accuses an orphan, and about nothing else", func() {
		w.container("c", live("v-there"), expired("v-expired"), volume("v-missing", reaper.VolumeMissing))
		w.container("d", unreadable("v-unknown", syscall.ELOOP))
		w.pass()
		Expect(w.of("knows")).To(Equal([]string{"knows v-expired", "knows v-missing"}))
	})

	It("frees an orphan when it knows its volumes as little as the disk", func() {
		w.orphan("c")
		report := w.pass()
		Expect(report.Interlocks).To(BeEmpty())
		Expect(finding(report, "c").Eligible()).To(BeTrue())
	})

	It("frees an orphan by expiry that it still knows: it has not come to it", func() {
		w.container("c", expired("v"))
		w.baggageclaim.known = []string{"v"}
		report := w.pass()
		Expect(report.Interlocks).To(BeEmpty())
		Expect(finding(report, "c").Eligible()).To(BeTrue())
		Expect(w.of("fresh")).To(BeEmpty())
	})

	Context("when it does not answer", func() {
		BeforeEach(func() {
			w.orphan("c")
			w.container("d", expired("v-d"))
			w.baggageclaim.knowsErr = errors.New("connection refused")
		})

		It("stops every destroy, and says what to try", func() {
			report := w.pass()
			Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.BaggageclaimUnreachable}))
			Expect(report.Interlocks[0].Detail).To(Equal("connection refused: start it, or set --baggageclaim ('' to do without)"))
			Expect(finding(report, "c")).To(And(
				HaveField("Verdict", reaper.Orphan), HaveField("HeldBy()", by{reaper.HeldByInterlock})))
		})

		It("frees for a person what is missing, and not what has only expired", func() {
			w.question.Override = on{reaper.BaggageclaimUnreachable}
			report := w.pass()
			Expect(finding(report, "c").Eligible()).To(BeTrue())
			Expect(finding(report, "d").HeldBy()).To(Equal(by{reaper.HeldByExpiryWait}))
		})

		It("is not asked a second time in that pass", func() {
			w.container("b", volume("v-b1", reaper.VolumeMissing), volume("v-b2", reaper.VolumeMissing))
			w.pass()
			Expect(w.of("knows")).To(Equal([]string{"knows v-b1"}))
		})

		It("is asked three times where a person overrides that, and no more: each may take its timeout", func() {
			for i := range 6 {
				w.orphan(fmt.Sprintf("o-%d", i))
			}
			w.question.Override = on{reaper.BaggageclaimUnreachable}
			Expect(finding(w.pass(), "o-5").Eligible()).To(BeTrue())
			Expect(w.of("knows")).To(HaveLen(3))
		})
	})

	Context("when it can't tell of a volume, and answers about others", func() {
		BeforeEach(func() {
			w.orphan("c")
			w.container("d", expired("v-d"))
			w.Baggageclaim = untoldOf{w.baggageclaim, []string{"v-d"}}
		})

		It("stops no other destroy", func() {
			report := w.pass()
			Expect(report.Interlocks).To(BeEmpty())
			Expect(report.Baggageclaim).To(Equal(reaper.Answered))
			Expect(finding(report, "c").Eligible()).To(BeTrue())
			Expect(finding(report, "d").Verdict).To(Equal(reaper.Unknown))
			Expect(finding(report, "d").Reasons).To(ConsistOf(And(
				HaveField("Code", reaper.VolumeUnreadable), HaveField("Volume", "v-d"), HaveField("Detail", ContainSubstring("can't tell of the volume")))))
		})

		It("has what lacks another volume stay an orphan by that alone", func() {
			w.container("e", expired("v-d"), volume("v-e", reaper.VolumeMissing))
			Expect(finding(w.pass(), "e")).To(And(
				HaveField("Verdict", reaper.Orphan), HaveField("Reasons", ConsistOf(HaveField("Volume", "v-e")))))
		})

		It("asks the disk again only about what they contradict each other over", func() {
			w.container("e", expired("v-d"), volume("v-e", reaper.VolumeMissing))
			w.baggageclaim.known = []string{"v-e"}
			report := w.pass()
			Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.WitnessesDisagreeInterlock}))
			Expect(codes(finding(report, "e").Reasons)).To(Equal([]reaper.Code{reaper.VolumeUnreadable, reaper.WitnessesDisagree}))
		})

		It("is asked about a volume that is there where no orphan lets it answer", func() {
			w.garden.plain = []string{"a-live", "d"}
			report := w.pass()
			Expect(report.Interlocks).To(BeEmpty())
			Expect(finding(report, "d").Verdict).To(Equal(reaper.Unknown))
			Expect(w.of("knows")).To(Equal([]string{"knows v-d", "knows v-live"}))
		})

		It("is overridden about that volume, too, by who overrides its silence", func() {
			w.garden.plain = []string{"a-live", "c"}
			w.orphan("e")
			w.Baggageclaim = untoldOf{w.baggageclaim, []string{"v-e"}}
			w.question.Override = on{reaper.BaggageclaimUnreachable}
			Expect(finding(w.pass(), "e").Eligible()).To(BeTrue())
		})

		It("was not heard where it can tell of none", func() {
			w.Baggageclaim = untoldOf{w.baggageclaim, []string{"v-c", "v-d", "v-live"}}
			report := w.pass()
			Expect(report.Baggageclaim).To(Equal(reaper.Silent))
			Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.BaggageclaimUnreachable}))
			Expect(finding(report, "c").HeldBy()).To(Equal(by{reaper.HeldByInterlock}))
		})
	})

	It("stops for its silence even where another orphan was answered for", func() {
		w.orphan("c")
		w.orphan("d")
		w.Baggageclaim = knowsUpTo{w.baggageclaim, "v-c"}
		report := w.pass()
		Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.BaggageclaimUnreachable}))
		Expect(finding(report, "c").Eligible()).To(BeFalse())
	})

	Context("when it answers now and then, and a person overrides that", func() {
		BeforeEach(func() {
			w.orphan("c")
			w.orphan("d")
			w.container("e", volume("v-d", reaper.VolumeMissing), volume("v-e", reaper.VolumeMissing))
			w.baggageclaim.known = []string{"v-d"}
			w.Baggageclaim = knowsUpTo{w.baggageclaim, "v-d"}
			w.question.Override = on{reaper.BaggageclaimUnreachable}
		})

		It("still stops every destroy by what it says", func() {
			report := w.pass()
			Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.WitnessesDisagreeInterlock}))
			Expect(interlocks(report.Overridden)).To(Equal(on{reaper.BaggageclaimUnreachable}))
			Expect(finding(report, "d").Verdict).To(Equal(reaper.Unknown))
		})

		It("stops by what it says of a volume before it falls silent about the container's next", func() {
			w.garden.plain = []string{"a-live", "c", "e"}
			Expect(interlocks(w.pass().Interlocks)).To(Equal(on{reaper.WitnessesDisagreeInterlock}))
		})
	})

	It("can be done without: then expiry alone makes no destroy", func() {
		w.orphan("c")
		w.container("d", expired("v-d"))
		w.Baggageclaim = nil
		report := w.pass()
		Expect(report.Interlocks).To(BeEmpty())
		Expect(finding(report, "c").Eligible()).To(BeTrue())
		Expect(finding(report, "d").HeldBy()).To(Equal(by{reaper.HeldByExpiryWait}))
	})

	Context("when it knows a volume that the disk lacks", func() {
		BeforeEach(func() {
			w.orphan("c")
			w.orphan("d")
			w.baggageclaim.known = []string{"v-c"}
		})

		It("asks the disk again, and believes that where the volume is there by now", func() {
			w.volumes.onFresh = func() { w.volumes.put(live("v-c")) }
			report := w.pass()
			Expect(report.Interlocks).To(BeEmpty())
			Expect(finding(report, "c").Verdict).To(Equal(reaper.Live))
			Expect(finding(report, "d").Eligible()).To(BeTrue())
		})

		DescribeTable("stops every destroy where the disk still lacks it",
			func(state reaper.VolumeState) {
				w.volumes.put(volume("v-c", state))
				report := w.pass()
				Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.WitnessesDisagreeInterlock}))
				Expect(report.Interlocks[0].Detail).To(ContainSubstring("v-c"))
				Expect(finding(report, "c").Verdict).To(Equal(reaper.Unknown))
				Expect(codes(finding(report, "c").Reasons)).To(Equal([]reaper.Code{reaper.WitnessesDisagree}))
				Expect(finding(report, "d").HeldBy()).To(Equal(by{reaper.HeldByInterlock}))
			},
			Entry("missing", reaper.VolumeMissing),
			Entry("dead", reaper.VolumeDead),
		)

		It("still sees an orphan in what lacks another volume, and stops", func() {
			w.container("e", volume("v-c", reaper.VolumeMissing), volume("v-e", reaper.VolumeMissing))
			report := w.pass()
			Expect(finding(report, "e")).To(And(
				HaveField("Verdict", reaper.Orphan), HaveField("HeldBy()", by{reaper.HeldByInterlock})))
			Expect(finding(report, "e").Reasons).To(ConsistOf(HaveField("Volume", "v-e")))
		})

		It("is one interlock, however many volumes they disagree about", func() {
			w.baggageclaim.known = []string{"v-c", "v-d"}
			Expect(interlocks(w.pass().Interlocks)).To(Equal(on{reaper.WitnessesDisagreeInterlock}))
		})

		It("stops where the disk can't be asked again", func() {
			w.volumes.freshErr = errors.New("no live in it")
			report := w.pass()
			Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.VolumesDirUnusable}))
			Expect(finding(report, "c").Eligible()).To(BeFalse())
		})

		It("stops where the disk fails when it is asked again", func() {
			w.volumes.onFresh = func() { w.volumes.put(unreadable("v-c", syscall.EIO)) }
			report := w.pass()
			Expect(finding(report, "c").Verdict).To(Equal(reaper.Unknown))
			Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.VolumesDirUnusable}))
		})
	})
})
