package reaper_test

import (
	"context"
	"errors"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("the fresh look right before a destroy", func() {
	type on = []reaper.InterlockName
	type by = []reaper.HoldName

	var w *fakeWorker
	BeforeEach(func() {
		w = newWorker()
		w.orphan("c")
	})

	// reapAfter destroys by a pass after which something changes.
	reapAfter := func(change func()) reaper.Outcome {
		GinkgoHelper()
		report := w.pass()
		Expect(finding(report, "c").Eligible()).To(BeTrue())
		change()
		w.forget()
		return w.reaper().Reap(GinkgoT().Context(), report, w.question)
	}

	It("reads the container first and its volumes second, asks the witness and for the processes, and has the last look at the volumes", func() {
		reapAfter(func() {})
		Expect(w.of()).To(Equal([]string{
			"inspect c", "fresh", "volume v-c", "knows v-c", "usage c", "fresh", "volume v-c",
			"record destroying c", "destroy c", "record destroyed c",
		}))
	})

	DescribeTable("keeps what is no longer to be destroyed",
		func(change func(), verdict reaper.Verdict, holds by) {
			outcome := reapAfter(change)
			Expect(outcome.Held).To(ConsistOf(And(HaveField("Verdict", verdict), HaveField("HeldBy()", holds))))
			Expect(outcome.Destroyed).To(BeEmpty())
			Expect(outcome.Interlocks).To(BeEmpty())
			Expect(w.of("destroy", "record")).To(BeEmpty())
			Expect(w.log.LogMessages()).To(Equal([]string{"reaper.kept-container"}))
		},
		Entry("its volume came back", func() { w.volumes.put(live("v-c")) }, reaper.Live, by{}),
		Entry("its volume came back in the last moment", func() { w.volumes.onFresh = func() { w.volumes.put(live("v-c")) } }, reaper.Live, by{}),
		Entry("its volume came back while the witness was asked", func() {
			w.volumes.onFresh = func() {
				if len(w.of("knows")) > 0 {
					w.volumes.put(live("v-c"))
				}
			}
		}, reaper.Live, by{}),
		Entry("its volume can't be told", func() { w.volumes.put(unreadable("v-c", syscall.ENOTDIR)) }, reaper.Unknown, by{}),
		Entry("it has other volumes", func() {
			w.volumes.put(live("v-new"))
			w.sight("c", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-new") })
		}, reaper.Live, by{}),
		Entry("its sources can't be read", func() {
			w.sight("c", func(s *reaper.Sighting) {
				*s = reaper.Sighting{Doubts: []reaper.Reason{{Code: reaper.SourceUnreadable}}}
			})
		}, reaper.Unknown, by{}),
		Entry("its volumes lie elsewhere", func() {
			w.sight("c", func(s *reaper.Sighting) { s.Spec = &reaper.Spec{Root: "/elsewhere/live/v/volume"} })
		}, reaper.Unknown, by{}),
		Entry("it was made anew under the same handle", func() {
			w.sight("c", func(s *reaper.Sighting) { s.CreatedAt = now })
		}, reaper.Orphan, by{reaper.HeldByGrace}),
		Entry("it got a longer grace time", func() {
			w.sight("c", func(s *reaper.Sighting) { s.Properties[reaper.GraceTimeProperty] = "172800000000000" })
		}, reaper.Orphan, by{reaper.HeldByGrace}),
		Entry("it got busy, its root being there", func() {
			w.volumes.put(live("v-root"))
			w.sight("c", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-c", "v-root") })
			w.garden.usages["c"] = reaper.Usage{Processes: 2}
		}, reaper.Orphan, by{reaper.HeldByBusy}),
		Entry("it got busy, its root being gone", func() {
			w.sight("c", func(s *reaper.Sighting) { s.CreatedAt = now.Add(-23 * time.Hour) })
			w.garden.usages["c"] = reaper.Usage{Processes: 2}
		}, reaper.Orphan, by{reaper.HeldByBusy}),
		Entry("its processes can no longer be told, its root being there", func() {
			w.volumes.put(live("v-root"))
			w.sight("c", func(s *reaper.Sighting) {
				s.Properties, s.CreatedAt = propertiesOf("v-c", "v-root"), now.Add(-23*time.Hour)
			})
			w.garden.usageErr = errors.New("connection reset")
		}, reaper.Orphan, by{reaper.HeldByBusy}),
		Entry("it came under protection", func() {
			w.question.Policy.Protect = protect("keep=")
			w.sight("c", func(s *reaper.Sighting) { s.Properties["keep"] = "" })
		}, reaper.Orphan, by{reaper.HeldByProtected}),
		Entry("baggageclaim knows its volume, and by now the disk has it", func() {
			fresh := 0
			w.volumes.onFresh = func() {
				if fresh++; fresh == 2 {
					w.volumes.put(live("v-c"))
				}
			}
			w.baggageclaim.known = []string{"v-c"}
		}, reaper.Live, by{}),
	)

	It("asks neither the witness nor for processes about what is no orphan any more", func() {
		reapAfter(func() { w.volumes.put(live("v-c")) })
		Expect(w.of("knows", "usage")).To(BeEmpty())
	})

	It("keeps what another volume went from while baggageclaim was asked, which said nothing of that one", func() {
		w.volumes.put(live("v-other"))
		w.sight("c", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-other", "v-c") })
		fresh := 0
		outcome := reapAfter(func() {
			w.volumes.onFresh = func() {
				if fresh++; fresh == 2 {
					w.volumes.put(live("v-c"))
					w.volumes.put(volume("v-other", reaper.VolumeMissing))
				}
			}
		})
		Expect(outcome.Held).To(ConsistOf(HaveField("HeldBy()", by{reaper.HeldByConfirm})))
		Expect(w.of("destroy", "record")).To(BeEmpty())
	})

	It("destroys what is busy where its handle was given", func() {
		w.question.Named = []string{"c"}
		outcome := reapAfter(func() {
			w.volumes.put(live("v-root"))
			w.sight("c", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-c", "v-root") })
			w.garden.usages["c"] = reaper.Usage{Processes: 2}
		})
		Expect(outcome.Destroyed).To(Equal([]string{"c"}))
	})

	DescribeTable("stops all that have not begun where the worker can no longer be trusted",
		func(change func(), expected reaper.InterlockName) {
			w.orphan("d")
			w.question.Policy.MaxInFlight = 1
			outcome := reapAfter(change)

			Expect(interlocks(outcome.Interlocks)).To(Equal(on{expected}))
			Expect(handles(outcome.Held)).To(Equal([]string{"c", "d"}))
			for _, held := range outcome.Held {
				Expect(held.HeldBy()).To(Equal(by{reaper.HeldByInterlock}))
			}
			Expect(w.of("destroy", "record")).To(BeEmpty())
			Expect(w.of("inspect")).To(HaveLen(1))
		},
		Entry("live/ is another directory", func() { w.volumes.identity = "8:1 3" }, reaper.VolumesDirChanged),
		Entry("live/ is another directory, and has the volume", func() {
			w.volumes.identity = "8:1 3"
			w.volumes.put(live("v-c"))
		}, reaper.VolumesDirChanged),
		Entry("live/ is another directory by the time that the witness has answered", func() {
			w.volumes.onFresh = func() {
				if len(w.of("knows")) > 0 {
					w.volumes.identity = "8:1 3"
				}
			}
		}, reaper.VolumesDirChanged),
		Entry("the volumes directory can't be used", func() { w.volumes.freshErr = errors.New("no live in it") }, reaper.VolumesDirUnusable),
		Entry("the disk fails under one of its volumes, another being missing", func() {
			w.sight("c", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-c", "v-eio") })
			w.volumes.put(unreadable("v-eio", syscall.EIO))
		}, reaper.VolumesDirUnusable),
		Entry("the disk failed under one of its volumes at the first of the two looks", func() {
			w.sight("c", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-c", "v-eio") })
			w.volumes.onFresh = func() {
				w.volumes.put(live("v-eio"))
				if len(w.of("knows")) == 0 {
					w.volumes.put(unreadable("v-eio", syscall.EIO))
				}
			}
		}, reaper.VolumesDirUnusable),
		Entry("the disk fails under its only volume", func() { w.volumes.put(unreadable("v-c", syscall.EIO)) }, reaper.VolumesDirUnusable),
		Entry("baggageclaim does not answer", func() { w.baggageclaim.knowsErr = errors.New("refused") }, reaper.BaggageclaimUnreachable),
		Entry("baggageclaim knows what the disk lacks", func() { w.baggageclaim.known = []string{"v-c"} }, reaper.WitnessesDisagreeInterlock),
		Entry("the disk can't be asked about it a second time", func() {
			w.baggageclaim.known = []string{"v-c"}
			w.volumes.onFresh = func() {
				if len(w.of("fresh")) > 1 {
					w.volumes.freshErr = errors.New("no live in it")
				}
			}
		}, reaper.VolumesDirUnusable),
	)

	It("goes on where a person overrides that baggageclaim does not answer", func() {
		w.question.Override = on{reaper.BaggageclaimUnreachable}
		outcome := reapAfter(func() { w.baggageclaim.knowsErr = errors.New("refused") })
		Expect(outcome.Destroyed).To(Equal([]string{"c"}))
		Expect(outcome.Interlocks).To(BeEmpty())
	})

	It("keeps what baggageclaim can't tell of any more", func() {
		outcome := reapAfter(func() { w.Baggageclaim = untoldOf{w.baggageclaim, []string{"v-c"}} })
		Expect(outcome.Interlocks).To(BeEmpty())
		Expect(outcome.Held).To(ConsistOf(HaveField("Verdict", reaper.Unknown)))
		Expect(w.of("destroy", "record")).To(BeEmpty())
	})

	It("destroys for the volumes that baggageclaim tells of, and names no other", func() {
		outcome := reapAfter(func() {
			w.sight("c", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-untold", "v-c") })
			w.Baggageclaim = untoldOf{w.baggageclaim, []string{"v-untold"}}
		})
		Expect(outcome.Destroyed).To(Equal([]string{"c"}))
		Expect(w.recorder.events[0].Reasons).To(ConsistOf(HaveField("Volume", "v-c")))
	})

	It("does not go on where a person overrides that the witnesses disagree", func() {
		w.question.Override = on{reaper.WitnessesDisagreeInterlock, reaper.VolumesDirUnusable, reaper.VolumesDirChanged}
		outcome := reapAfter(func() { w.baggageclaim.known = []string{"v-c"} })
		Expect(w.of("destroy")).To(BeEmpty())
		Expect(interlocks(outcome.Interlocks)).To(Equal(on{reaper.WitnessesDisagreeInterlock}))
	})

	It("does not go on where a person overrides that the directory changed", func() {
		w.question.Override = on{reaper.VolumesDirChanged}
		outcome := reapAfter(func() { w.volumes.identity = "8:1 3" })
		Expect(w.of("destroy")).To(BeEmpty())
		Expect(interlocks(outcome.Interlocks)).To(Equal(on{reaper.VolumesDirChanged}))
	})

	It("does not go on where baggageclaim speaks against it before it falls silent, whatever a person overrides", func() {
		w.question.Override = on{reaper.BaggageclaimUnreachable}
		outcome := reapAfter(func() {
			w.sight("c", func(s *reaper.Sighting) { s.Properties = propertiesOf("v-known", "v-c") })
			w.baggageclaim.known = []string{"v-known"}
			w.Baggageclaim = knowsUpTo{w.baggageclaim, "v-known"}
		})
		Expect(interlocks(outcome.Interlocks)).To(Equal(on{reaper.WitnessesDisagreeInterlock}))
		Expect(w.of("destroy", "record")).To(BeEmpty())
	})

	It("does without baggageclaim where the worker does", func() {
		w.Baggageclaim = nil
		Expect(reapAfter(func() {}).Destroyed).To(Equal([]string{"c"}))
	})

	It("lets those that had begun end, and starts no other, when an interlock comes on", func() {
		w.orphan("d")
		w.orphan("e")
		w.question.Policy.MaxInFlight = 1
		outcome := reapAfter(func() {
			w.garden.onDestroy = func(context.Context, string) error {
				w.volumes.identity = "8:1 3"
				return nil
			}
		})
		Expect(outcome.Destroyed).To(Equal([]string{"c"}))
		Expect(handles(outcome.Held)).To(Equal([]string{"d", "e"}))
		Expect(interlocks(outcome.Interlocks)).To(Equal(on{reaper.VolumesDirChanged}))
		Expect(w.of("inspect")).To(Equal([]string{"inspect c", "inspect d"}))
	})

	Context("when Garden no longer answers for it", func() {
		taken := func() { delete(w.garden.sightings, "c") }

		It("is gone where no list has it", func() {
			outcome := reapAfter(func() { taken(); w.garden.plain = []string{"a-live"} })
			Expect(outcome.Gone).To(Equal([]string{"c"}))
			Expect(outcome.Held).To(BeEmpty())
			Expect(w.of("destroy", "record")).To(BeEmpty())
		})

		It("is kept where a list still has it", func() {
			outcome := reapAfter(taken)
			Expect(outcome.Gone).To(BeEmpty())
			Expect(outcome.Held).To(ConsistOf(HaveField("Verdict", reaper.Unknown)))
		})

		It("is kept where the depot still has it", func() {
			outcome := reapAfter(func() { taken(); w.garden.plain, w.garden.depot = nil, []string{"c"} })
			Expect(outcome.Gone).To(BeEmpty())
			Expect(handles(outcome.Held)).To(Equal([]string{"c"}))
		})

		It("is kept where the lists can't be had", func() {
			outcome := reapAfter(func() { taken(); w.garden.plain, w.garden.handlesErr = nil, errors.New("refused") })
			Expect(outcome.Gone).To(BeEmpty())
			Expect(handles(outcome.Held)).To(Equal([]string{"c"}))
		})
	})

	It("has failed where Garden gives no answer about it", func() {
		outcome := reapAfter(func() {
			w.sight("c", func(s *reaper.Sighting) {
				s.Silent, s.Blind = true, true
				s.Doubts = []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: "no answer"}}
			})
		})
		Expect(outcome.Failed).To(ConsistOf(And(HaveField("Handle", "c"), HaveField("Err", MatchError("look at c again: no answer")))))
		Expect(w.of("destroy", "record")).To(BeEmpty())
	})

	It("has failed where Garden can't be asked, and destroys nothing blindly", func() {
		outcome := reapAfter(func() { w.garden.inspectErr = errors.New("connection refused") })
		Expect(outcome.Failed).To(ConsistOf(And(
			HaveField("Handle", "c"), HaveField("Err", MatchError("look at c again: connection refused")))))
		Expect(w.of("destroy", "record")).To(BeEmpty())
	})
})
