package reaper_test

import (
	"errors"
	"io/fs"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Pass", func() {
	type on = []reaper.InterlockName
	type by = []reaper.HoldName

	var w *fakeWorker
	BeforeEach(func() { w = newWorker() })

	It("judges every container, by handle", func() {
		w.orphan("c")
		w.container("b", unreadable("v-b", syscall.ENOTDIR))
		w.container("d")
		w.sight("d", func(s *reaper.Sighting) { s.Spec = &reaper.Spec{Root: "/rootfs"} })

		report := w.pass()
		Expect(report.Judged).To(BeTrue())
		Expect(report.At).To(Equal(now))
		Expect(report.Interlocks).To(BeEmpty())
		Expect(handles(report.Findings)).To(Equal([]string{"a-live", "b", "c", "d"}))
		for i, verdict := range []reaper.Verdict{reaper.Live, reaper.Unknown, reaper.Orphan, reaper.Foreign} {
			Expect(report.Findings[i].Verdict).To(Equal(verdict))
			Expect(report.Count(verdict)).To(Equal(1))
		}
		Expect(finding(report, "c").Eligible()).To(BeTrue())
	})

	It("reads the containers first and the volumes second", func() {
		w.garden.depot = []string{"zombie"}
		w.orphan("c")
		w.pass()

		reads := w.of("handles", "inspect", "depot", "snapshot", "volume")
		Expect(reads[:5]).To(Equal([]string{"handles", "inspect a-live c", "depot", "inspect zombie", "snapshot"}))
	})

	It("takes no container for an orphan whose volume was made just before it", func() {
		w.container("new", volume("v-new", reaper.VolumeMissing))
		w.garden.onInspect = func([]string) { w.volumes.put(live("v-new")) }

		Expect(finding(w.pass(), "new").Verdict).To(Equal(reaper.Live))
	})

	It("asks of what it has seen neither Garden nor baggageclaim", func() {
		w.pass()
		w.forget()
		w.pass()
		Expect(w.of()).To(Equal([]string{"handles", "depot", "snapshot", "volume v-live"}))
	})

	It("judges by the time after it has read", func() {
		w.container("c", expiring("v-c", time.Minute, now.Add(time.Second)))
		w.baggageclaim.known = []string{"v-c"}
		w.garden.onInspect = func([]string) { w.clock.Increment(time.Minute) }

		report := w.pass()
		Expect(report.At).To(Equal(now.Add(time.Minute)))
		Expect(finding(report, "c").Verdict).To(Equal(reaper.Orphan))
	})

	DescribeTable("judges nothing where the containers can't be read",
		func(fail func(error)) {
			w.orphan("c")
			fail(errors.New("connection refused"))

			report := w.pass()
			Expect(report.Judged).To(BeFalse())
			Expect(report.Findings).To(BeEmpty())
			Expect(report.Interlocked()).To(BeTrue())
			Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.GardenUnreachable}))
			Expect(report.Interlocks[0].Detail).To(HavePrefix("connection refused"))
			Expect(w.of("snapshot", "volume", "knows", "live-paths", "usage")).To(BeEmpty())
		},
		Entry("for the list", func(err error) { w.garden.handlesErr = err }),
		Entry("for the depot", func(err error) { w.garden.depotErr = err }),
		Entry("for the containers", func(err error) { w.garden.inspectErr = err }),
		Entry("for each of the containers", func(err error) {
			for _, handle := range w.garden.plain {
				w.sight(handle, func(s *reaper.Sighting) {
					s.Silent, s.Blind, s.Doubts = true, true, []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: err.Error()}}
				})
			}
		}),
	)

	It("judges the others where some can't be read", func() {
		w.orphan("c")
		w.sight("c", func(s *reaper.Sighting) {
			s.Silent, s.Blind, s.Doubts = true, true, []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: "no answer"}}
		})
		report := w.pass()
		Expect(report.Interlocks).To(BeEmpty())
		Expect(finding(report, "c").Verdict).To(Equal(reaper.Unknown))
	})

	It("judges nothing where the volumes directory can't be used", func() {
		w.orphan("c")
		w.volumes.snapshotErr = errors.New("no live in it")

		report := w.pass()
		Expect(report.Judged).To(BeFalse())
		Expect(report.Findings).To(BeEmpty())
		Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.VolumesDirUnusable}))
		Expect(report.Interlocks[0].Detail).To(HavePrefix("no live in it"))
		Expect(w.of("volume", "knows", "live-paths", "usage")).To(BeEmpty())
	})

	DescribeTable("stops where the disk fails or hides under the volumes directory, and judges all the same",
		func(spoilt reaper.Volume) {
			w.orphan("c")
			w.container("d", spoilt)

			report := w.pass()
			Expect(report.Judged).To(BeTrue())
			Expect(interlocks(report.Interlocks)).To(Equal(on{reaper.VolumesDirUnusable}))
			Expect(report.Interlocks[0].Detail).To(ContainSubstring("v-d"))
			Expect(finding(report, "d").Verdict).To(Equal(reaper.Unknown))
			Expect(finding(report, "c")).To(And(HaveField("Verdict", reaper.Orphan), HaveField("HeldBy()", by{reaper.HeldByInterlock})))
		},
		Entry("EIO on a volume", unreadable("v-d", &fs.PathError{Op: "stat", Path: "v-d", Err: syscall.EIO})),
		Entry("EACCES on a volume", unreadable("v-d", &fs.PathError{Op: "stat", Path: "v-d", Err: syscall.EACCES})),
		Entry("EIO on a ttl.json", reaper.Volume{Handle: "v-d", State: reaper.VolumeLive, TTLErr: &fs.PathError{Op: "read", Path: "ttl.json", Err: syscall.EIO}}),
		Entry("EACCES on a ttl.json", reaper.Volume{Handle: "v-d", State: reaper.VolumeLive, TTLErr: &fs.PathError{Op: "open", Path: "ttl.json", Err: syscall.EACCES}}),
	)

	DescribeTable("does not stop for what is wrong with one volume alone",
		func(spoilt reaper.Volume) {
			w.orphan("c")
			w.container("d", spoilt)

			report := w.pass()
			Expect(report.Interlocks).To(BeEmpty())
			Expect(finding(report, "d").Verdict).To(Equal(reaper.Unknown))
			Expect(finding(report, "c").Eligible()).To(BeTrue())
		},
		Entry("a file in its place", unreadable("v-d", syscall.ENOTDIR)),
		Entry("a loop of links", unreadable("v-d", syscall.ELOOP)),
		Entry("a malformed ttl.json", reaper.Volume{Handle: "v-d", State: reaper.VolumeLive, TTLErr: errors.New("unexpected end of JSON input")}),
	)

	It("names an interlock once, however many volumes are spoilt", func() {
		w.container("c", unreadable("v-c", syscall.EIO))
		w.container("d", unreadable("v-d", syscall.EIO))
		Expect(interlocks(w.pass().Interlocks)).To(Equal(on{reaper.VolumesDirUnusable}))
	})

	DescribeTable("lifts for a person no interlock but the two",
		func(set func(), name reaper.InterlockName, lifted bool) {
			w.orphan("c")
			set()
			w.question.Override = on{name}

			report := w.pass()
			Expect(report.Interlocked()).To(Equal(!lifted))
			if !lifted {
				Expect(interlocks(report.Interlocks)).To(Equal(on{name}))
				Expect(report.Overridden).To(BeEmpty())
				return
			}
			Expect(interlocks(report.Overridden)).To(Equal(on{name}))
			Expect(finding(report, "c").Eligible()).To(BeTrue())
		},
		Entry("no-volume-found, lifted", func() { w.volumes.remove("v-live") }, reaper.NoVolumeFound, true),
		Entry("baggageclaim-unreachable, lifted", func() { w.baggageclaim.knowsErr = errors.New("refused") }, reaper.BaggageclaimUnreachable, true),
		Entry("garden-unreachable", func() { w.garden.handlesErr = errors.New("refused") }, reaper.GardenUnreachable, false),
		Entry("volumes-dir-unusable", func() { w.volumes.snapshotErr = errors.New("no live in it") }, reaper.VolumesDirUnusable, false),
		Entry("volumes-dir-unusable for one volume", func() { w.container("d", unreadable("v-d", syscall.EIO)) }, reaper.VolumesDirUnusable, false),
		Entry("witnesses-disagree", func() { w.baggageclaim.known = []string{"v-c"} }, reaper.WitnessesDisagreeInterlock, false),
	)

	It("lifts nothing for a person who overrides another interlock", func() {
		w.orphan("c")
		w.volumes.remove("v-live")
		w.question.Override = on{reaper.BaggageclaimUnreachable}
		Expect(interlocks(w.pass().Interlocks)).To(Equal(on{reaper.NoVolumeFound}))
	})
})
