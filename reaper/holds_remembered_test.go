package reaper_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Weigh, with what earlier passes remember", func() {
	type by = []reaper.HoldName

	policy := reaper.DefaultPolicy()
	missing := reaper.Judgement{Verdict: reaper.Orphan, Reasons: []reaper.Reason{{Code: reaper.VolumeIsMissing, Volume: "v"}}}
	expired := reaper.Judgement{
		Verdict: reaper.Orphan, Reasons: []reaper.Reason{{Code: reaper.VolumeExpired, Volume: "v"}},
		Volumes: []reaper.ReferencedVolume{{Volume: expiring("v", time.Minute, now.Add(-24*time.Hour))}},
	}
	weigh := func(judgement reaper.Judgement, at reaper.Circumstances) reaper.Finding {
		return reaper.Weigh(uses("v"), judgement, now, policy, at)
	}
	remembered := func(change func(*reaper.Remembered)) reaper.Circumstances {
		at := reaper.Circumstances{
			Remembered:          reaper.Remembered{FirstSeen: now.Add(-time.Hour), Watched: true},
			BaggageclaimAnswers: true,
		}
		change(&at.Remembered)
		return at
	}

	DescribeTable("holds back what is not confirmed, or failed a while ago, but for who gives its handle",
		func(change func(*reaper.Remembered), expected by) {
			at := remembered(change)
			Expect(weigh(missing, at).HeldBy()).To(Equal(expected))
			at.Named = true
			Expect(weigh(missing, at).HeldBy()).To(BeEmpty())
		},
		Entry("nothing", func(*reaper.Remembered) {}, by{}),
		Entry("unconfirmed", func(r *reaper.Remembered) { r.Unconfirmed = true }, by{reaper.HeldByConfirm}),
		Entry("to be tried later", func(r *reaper.Remembered) { r.RetryAt = now.Add(1) }, by{reaper.HeldByBackoff}),
		Entry("to be tried now", func(r *reaper.Remembered) { r.RetryAt = now }, by{}),
	)

	It("lifts no grace for who gives its handle", func() {
		at := remembered(func(r *reaper.Remembered) { r.FirstSeen = now.Add(-time.Minute) })
		at.Named = true
		Expect(weigh(missing, at).HeldBy()).To(Equal(by{reaper.HeldByGrace}))
	})

	DescribeTable("has a container stuck by its failures",
		func(failures int, stuck bool) {
			found := weigh(missing, remembered(func(r *reaper.Remembered) { r.Failures, r.LastError = failures, "no" }))
			Expect(found.Failures).To(Equal(failures))
			Expect(found.LastError).To(Equal("no"))
			Expect(found.Stuck()).To(Equal(stuck))
			Expect(found.Eligible()).To(BeTrue())
		},
		Entry("none", 0, false), Entry("four", 4, false), Entry("five", 5, true), Entry("six", 6, true),
	)

	It("does not destroy again what is being destroyed", func() {
		found := weigh(missing, remembered(func(r *reaper.Remembered) { r.Destroying = true }))
		Expect(found.Eligible()).To(BeFalse())
		Expect(found.Holds).To(BeEmpty())
		due, held := reaper.Plan(reaper.Report{Findings: []reaper.Finding{found}}, reaper.Question{Policy: policy})
		Expect(due).To(BeEmpty())
		Expect(held).To(BeEmpty())
	})

	DescribeTable("waits for a whole grace of answers where expiry alone speaks against it",
		func(judgement reaper.Judgement, answers bool, heardFor time.Duration, expected by) {
			at := remembered(func(r *reaper.Remembered) { r.HeardSince = now.Add(-heardFor) })
			if heardFor < 0 {
				at.HeardSince = time.Time{}
			}
			at.BaggageclaimAnswers = answers
			Expect(weigh(judgement, at).HeldBy()).To(Equal(expected))
		},
		Entry("long enough", expired, true, 10*time.Minute, by{}),
		Entry("a moment less", expired, true, 10*time.Minute-1, by{reaper.HeldByExpiryWait}),
		Entry("since now", expired, true, time.Duration(0), by{reaper.HeldByExpiryWait}),
		Entry("long enough, and not this time", expired, false, time.Hour, by{reaper.HeldByExpiryWait}),
		Entry("nobody keeps account, and it answers", expired, true, time.Duration(-1), by{}),
		Entry("nobody keeps account, and it is silent", expired, false, time.Duration(-1), by{reaper.HeldByExpiryWait}),
		Entry("a volume is missing", missing, false, time.Duration(-1), by{}),
	)

	It("is not held by expiry for who gives its handle any less", func() {
		at := remembered(func(r *reaper.Remembered) { r.HeardSince = now.Add(-time.Minute) })
		at.Named = true
		Expect(weigh(expired, at).HeldBy()).To(Equal(by{reaper.HeldByExpiryWait}))
	})

	DescribeTable("counts from the first sighting",
		func(created time.Duration, watched bool, since time.Duration) {
			container := uses("v")
			container.CreatedAt = now.Add(created)
			at := remembered(func(r *reaper.Remembered) { r.Watched = watched })
			Expect(reaper.Weigh(container, missing, now, policy, at).Since).To(Equal(now.Add(since)))
		},
		Entry("of one made before", -2*time.Hour, true, -time.Hour),
		Entry("of one made since: that is another", -time.Minute, true, -time.Minute),
		Entry("of one made now", time.Duration(0), true, time.Duration(0)),
		Entry("of one that is still to be made, for the clock was set back", time.Hour, true, -time.Hour),
		Entry("but not where nobody has watched it", time.Hour, false, time.Hour),
	)
})
