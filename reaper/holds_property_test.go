package reaper_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"weeder/reaper"
)

var _ = Describe("Weigh, of any orphan", func() {
	type question struct {
		container reaper.Container
		volumes   []reaper.Volume
		now       time.Time
		policy    reaper.Policy
		at        reaper.Circumstances
	}
	// Half of the graces are none: of what nothing ever lets go, no property
	// tells a thing.
	fewHours := rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(max(0, rapid.IntRange(-48, 48).Draw(t, "hours"))) * time.Hour
	})
	anyQuestion := func(t *rapid.T) question {
		q := question{
			container: anyContainer(t),
			volumes:   anyDisk(t, anyVolume),
			now:       now,
			policy: reaper.Policy{
				Grace:     fewHours.Draw(t, "grace"),
				BusyGrace: fewHours.Draw(t, "busy grace"),
			},
			at: reaper.Circumstances{
				Remembered: reaper.Remembered{FirstSeen: maybeHours.Draw(t, "first seen")},
				Usage: reaper.Usage{
					Processes: rapid.SampledFrom([]uint64{0, 1, 1, 2}).Draw(t, "processes"),
					Age:       fewHours.Draw(t, "age"),
				},
				UsageAsked:          true,
				Named:               rapid.Bool().Draw(t, "named"),
				BaggageclaimAnswers: rapid.Bool().Draw(t, "baggageclaim answers"),
			},
		}
		q.container.GraceTime = fewHours.Draw(t, "own grace time")
		q.container.Doubts, q.container.Blind = nil, false
		if rapid.Bool().Draw(t, "protected") {
			q.policy.Protect = protect(rapid.SampledFrom([]string{"d-*", "team=main"}).Draw(t, "protection"))
		}
		return q
	}
	weigh := func(q question) reaper.Finding {
		judgement := reaper.Judge(q.container, disk(q.volumes...), q.now, q.policy)
		return reaper.Weigh(q.container, judgement, q.now, q.policy, q.at)
	}
	some := func(t *rapid.T) time.Duration {
		return time.Duration(rapid.IntRange(0, 48).Draw(t, "more hours")) * time.Hour
	}

	DescribeTable("makes nothing eligible that was not by",
		func(change func(*rapid.T, *question)) {
			tried := 0
			rapid.Check(GinkgoT(), func(t *rapid.T) {
				q := anyQuestion(t)
				before := weigh(q).Eligible()
				change(t, &q)
				after := weigh(q).Eligible()
				if after {
					tried++
				}
				NewWithT(t).Expect(after && !before).To(BeFalse())
			})
			// Else the property says nothing.
			Expect(tried).To(BeNumerically(">", 0))
		},
		Entry("more grace", func(t *rapid.T, q *question) { q.policy.Grace += some(t) }),
		Entry("more busy-grace", func(t *rapid.T, q *question) { q.policy.BusyGrace += some(t) }),
		Entry("more grace time of its own", func(t *rapid.T, q *question) { q.container.GraceTime += some(t) }),
		Entry("one more protection", func(t *rapid.T, q *question) {
			q.policy.Protect = append(q.policy.Protect, protect(rapid.SampledFrom([]string{"c-*", "none-*", "team=main", "team=none"}).Draw(t, "one more"))...)
		}),
		Entry("properties that are no longer known", func(t *rapid.T, q *question) {
			if rapid.Bool().Draw(t, "forget") {
				q.container.Properties = nil
			}
		}),
		Entry("a sighting that is later", func(t *rapid.T, q *question) {
			if !q.at.FirstSeen.IsZero() {
				q.at.FirstSeen = q.at.FirstSeen.Add(some(t))
			}
		}),
		Entry("a sighting that is forgotten, where the age is not known", func(t *rapid.T, q *question) {
			if q.container.CreatedAt.IsZero() && q.at.Usage.Age == 0 {
				q.at.FirstSeen = time.Time{}
			}
		}),
		Entry("a creation that is later", func(t *rapid.T, q *question) {
			if !q.container.CreatedAt.IsZero() {
				q.container.CreatedAt = q.container.CreatedAt.Add(some(t))
			}
		}),
		Entry("processes that are not known instead of none", func(t *rapid.T, q *question) {
			if q.at.Usage.Processes == 1 {
				q.at.Usage.Processes = 0
			}
		}),
		Entry("processes instead of none", func(t *rapid.T, q *question) {
			if q.at.Usage.Processes == 1 {
				q.at.Usage.Processes = 2
			}
		}),
		Entry("a handle that nobody gives", func(t *rapid.T, q *question) { q.at.Named = false }),
		Entry("a baggageclaim that does not answer", func(t *rapid.T, q *question) {
			q.at.BaggageclaimAnswers = q.at.BaggageclaimAnswers && rapid.Bool().Draw(t, "still answers")
		}),
		Entry("a clock that goes back", func(t *rapid.T, q *question) { q.now = q.now.Add(-some(t)) }),
	)

	It("holds what is no orphan by nothing, and lets it be destroyed by nothing", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			g := NewWithT(t)
			finding := weigh(anyQuestion(t))
			if finding.Verdict != reaper.Orphan {
				g.Expect(finding.Holds).To(BeEmpty())
				g.Expect(finding.Eligible()).To(BeFalse())
			}
		})
	})

	It("lets nothing go whose age nobody tells", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			q := anyQuestion(t)
			q.container.CreatedAt, q.at.FirstSeen, q.at.Usage.Age = time.Time{}, time.Time{}, 0
			NewWithT(t).Expect(weigh(q).Eligible()).To(BeFalse())
		})
	})

	It("lets nothing go whose root is there while something runs in it, unless its handle is given", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			q := anyQuestion(t)
			q.at.Usage.Processes, q.at.Named = 2, false
			for i := range q.volumes {
				for _, reference := range q.container.References {
					if reference.Root && reference.Volume == q.volumes[i].Handle {
						q.volumes[i] = soundVolume(t, reference.Volume)
					}
				}
			}
			NewWithT(t).Expect(weigh(q).Eligible()).To(BeFalse())
		})
	})

	It("holds by the unasked usage nothing that the asked one would let go", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			q := anyQuestion(t)
			asked := weigh(q).Eligible()
			q.at.Usage, q.at.UsageAsked = reaper.Usage{}, false
			NewWithT(t).Expect(asked && !weigh(q).Eligible()).To(BeFalse())
		})
	})
})
