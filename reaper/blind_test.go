package reaper_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Report.Blind", func() {
	found := func(verdicts ...reaper.Verdict) []reaper.Finding {
		var findings []reaper.Finding
		for _, verdict := range verdicts {
			finding := reaper.Finding{Judgement: reaper.Judgement{Verdict: verdict}}
			if verdict == reaper.Unknown {
				finding.Reasons = []reaper.Reason{{Detail: "permission denied"}}
			}
			findings = append(findings, finding)
		}
		return findings
	}
	const blind, sees = "permission denied", ""

	DescribeTable("is why not one container could be judged",
		func(findings []reaper.Finding, why string) {
			Expect(reaper.Report{Findings: findings}.Blind()).To(Equal(why))
		},
		Entry("none is there", found(), sees),
		Entry("three are unknown", found(reaper.Unknown, reaper.Unknown, reaper.Unknown), blind),
		Entry("two are unknown: they may be odd", found(reaper.Unknown, reaper.Unknown), sees),
		Entry("one of them is live", found(reaper.Unknown, reaper.Unknown, reaper.Unknown, reaper.Live), sees),
		Entry("one of them is an orphan", found(reaper.Orphan, reaper.Unknown, reaper.Unknown, reaper.Unknown), sees),
		Entry("others are not Concourse's", found(reaper.Foreign, reaper.Unknown, reaper.Unknown, reaper.Unknown), blind),
		Entry("not one is Concourse's", found(reaper.Foreign, reaper.Foreign, reaper.Foreign), sees),
	)

	It("does not go by those that Garden hides", func() {
		findings := found(reaper.Unknown, reaper.Unknown, reaper.Unknown)
		findings[1].Container.Hidden = true
		Expect(reaper.Report{Findings: findings}.Blind()).To(BeEmpty())
	})
})

var _ = Describe("Daemon, blind", func() {
	It("says so once, and that it sees again", watching(func(w *watch) {
		spoil := func(doubts ...reaper.Reason) {
			for _, handle := range []string{"a-live", "b", "c"} {
				w.sight(handle, func(s *reaper.Sighting) {
					s.Doubts = doubts
					s.Properties = map[string]string{}
					if doubts == nil {
						s.Properties = propertiesOf("v-live")
					}
				})
			}
		}
		w.container("b", live("v-b"))
		w.container("c", live("v-c"))
		spoil(reaper.Reason{Code: reaper.SourceUnreadable, Detail: "permission denied"})
		w.settled()
		Expect(w.logged("failed-to-judge-any-container")).To(HaveLen(1))
		Expect(w.logged("judged-containers-again")).To(BeEmpty())
		spoil()
		w.wait(w.Interval * 11)
		Expect(w.logged("failed-to-judge-any-container")).To(HaveLen(1))
		Expect(w.logged("judged-containers-again")).To(HaveLen(1))
	}))

	It("does not call it blindness that it can't judge", watching(func(w *watch) {
		w.garden.handlesErr = errNo
		w.settled()
		Expect(w.logged("failed-to-judge-any-container")).To(BeEmpty())
	}))
})
