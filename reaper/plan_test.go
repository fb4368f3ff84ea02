package reaper_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Plan", func() {
	var question reaper.Question
	BeforeEach(func() { question = reaper.Question{Policy: reaper.DefaultPolicy()} })

	found := func(handle string, verdict reaper.Verdict, age time.Duration, holds ...reaper.HoldName) reaper.Finding {
		finding := reaper.Finding{Container: reaper.Container{Handle: handle}, Judgement: reaper.Judgement{Verdict: verdict}, Since: now.Add(-age)}
		for _, by := range holds {
			finding.Holds = append(finding.Holds, reaper.Hold{By: by})
		}
		return finding
	}
	report := reaper.Report{Findings: []reaper.Finding{
		found("a", reaper.Orphan, time.Hour),
		found("b", reaper.Live, 9*time.Hour),
		found("c", reaper.Orphan, 3*time.Hour),
		found("d", reaper.Orphan, 9*time.Hour, reaper.HeldByBusy),
		found("e", reaper.Unknown, 9*time.Hour),
		found("f", reaper.Orphan, 2*time.Hour),
		found("g", reaper.Orphan, 3*time.Hour),
		found("h", reaper.Foreign, 9*time.Hour),
	}}

	It("splits the orphans, the longest orphaned first, and leaves out all others", func() {
		due, held := reaper.Plan(report, question)
		Expect(handles(due)).To(Equal([]string{"c", "g", "f", "a"}))
		Expect(handles(held)).To(Equal([]string{"d"}))
	})

	It("goes by the cap, for the longest orphaned", func() {
		question.Policy.MaxPerPass = 3
		due, held := reaper.Plan(report, question)
		Expect(handles(due)).To(Equal([]string{"c", "g", "f"}))
		Expect(handles(held)).To(Equal([]string{"d", "a"}))
		Expect(held[1].HeldBy()).To(Equal([]reaper.HoldName{reaper.HeldByCap}))
		Expect(held[1].Holds[0].Detail).To(ContainSubstring("--max-per-pass 3"))
	})

	It("lets no failure before another have its place", func() {
		for i := range report.Findings {
			report.Findings[i].Failures = map[string]int{"c": 2, "g": 1}[report.Findings[i].Container.Handle]
		}
		question.Policy.MaxPerPass = 3
		due, _ := reaper.Plan(report, question)
		Expect(handles(due)).To(Equal([]string{"f", "a", "g"}))
	})

	It("has no cap where it is 0, and none where it is just enough", func() {
		for _, limit := range []int{0, 4, 5} {
			question.Policy.MaxPerPass = limit
			due, held := reaper.Plan(report, question)
			Expect(due).To(HaveLen(4))
			Expect(held).To(HaveLen(1))
		}
	})

	It("goes by the handles that were given, held ones among them", func() {
		question.Named = []string{"a", "b", "d", "no-such"}
		due, held := reaper.Plan(report, question)
		Expect(handles(due)).To(Equal([]string{"a"}))
		Expect(handles(held)).To(Equal([]string{"d"}))
	})

	It("leaves the report as it is", func() {
		question.Policy.MaxPerPass = 1
		reaper.Plan(report, question)
		Expect(handles(report.Findings)).To(Equal([]string{"a", "b", "c", "d", "e", "f", "g", "h"}))
		Expect(report.Findings[0].Holds).To(BeEmpty())
	})
})
