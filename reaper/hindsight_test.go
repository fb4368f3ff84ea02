package reaper_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Hindsight", func() {
	const at = 100 * time.Hour

	var past reaper.Past
	BeforeEach(func() {
		past = reaper.Past{
			At: now.Add(-time.Minute), Elapsed: at - time.Minute, Interval: 30 * time.Second,
			StartingUntil: at - time.Hour, HeardSince: ptr(at - 3*time.Hour),
			Orphans: map[string]reaper.PastOrphan{
				"c-1": {
					Flagged: true, First: at - 2*time.Hour, Passes: 2, Created: now.Add(-24 * time.Hour),
					Tried: true, Failures: 3, LastError: "no", RetryAt: at + time.Minute, GraceTime: ptr(time.Hour),
					Destroying: true,
				},
			},
		}
	})
	container := func(handle string) reaper.Container {
		return reaper.Container{Handle: handle, CreatedAt: now.Add(-24 * time.Hour)}
	}
	hindsight := func() reaper.Hindsight { return reaper.Hindsight{Past: past, Now: at} }
	remembered := func(handle string) reaper.Remembered { return hindsight().Remember(container(handle), now) }
	dead := func() { past.Elapsed, past.At = at-time.Hour, now.Add(-time.Hour) }

	DescribeTable("tells a daemon that is there from one that was",
		func(ago, interval time.Duration, alive bool) {
			past.Elapsed, past.Interval = at-ago, interval
			Expect(hindsight().Alive()).To(Equal(alive))
		},
		Entry("a moment ago", time.Duration(0), 30*time.Second, true),
		Entry("three intervals ago", 90*time.Second, 30*time.Second, true),
		Entry("longer ago", 90*time.Second+1, 30*time.Second, false),
		Entry("three longer intervals ago", 3*time.Hour, time.Hour, true),
		Entry("still to come", -time.Second, 30*time.Second, false),
	)

	It("takes no daemon for alive on a machine that has just started", func() {
		Expect(reaper.Hindsight{Past: reaper.Past{Interval: time.Hour}, Now: time.Minute}.Alive()).To(BeFalse())
	})

	It("remembers nothing of a worker that no daemon has watched", func() {
		nothing := reaper.Hindsight{Now: at}
		Expect(nothing.Alive()).To(BeFalse())
		Expect(nothing.Remember(container("c-1"), now)).To(Equal(reaper.Remembered{}))
		Expect(nothing.Interlocks(now)).To(BeEmpty())
	})

	Describe("of a living daemon", func() {
		It("remembers what it knows, by the clock of the run", func() {
			Expect(remembered("c-1")).To(Equal(reaper.Remembered{
				FirstSeen: now.Add(-2 * time.Hour), Watched: true,
				Failures: 3, LastError: "no", RetryAt: now.Add(time.Minute), HeardSince: now.Add(-3 * time.Hour),
				GraceTime: ptr(time.Hour), GraceTimeSure: true, Destroying: true,
			}))
		})

		It("sees for the first time what that has not flagged", func() {
			Expect(remembered("c-2")).To(Equal(reaper.Remembered{
				FirstSeen: now, Unconfirmed: true, HeardSince: now.Add(-3 * time.Hour)}))
		})

		It("sees another container of the same handle for the first time", func() {
			other := container("c-1")
			other.CreatedAt = now.Add(-time.Hour)
			Expect(hindsight().Remember(other, now)).To(And(
				HaveField("FirstSeen", now), HaveField("Watched", false), HaveField("Unconfirmed", true)))
		})

		DescribeTable("knows what was confirmed",
			func(passes int, unconfirmed bool) {
				orphan := past.Orphans["c-1"]
				orphan.Passes = passes
				past.Orphans["c-1"] = orphan
				Expect(remembered("c-1").Unconfirmed).To(Equal(unconfirmed))
			},
			Entry("never", 0, true), Entry("once", 1, true), Entry("twice", 2, false), Entry("often", 99, false),
		)

		It("has heard baggageclaim only now where the daemon has not", func() {
			past.HeardSince = nil
			Expect(remembered("c-1").HeardSince).To(Equal(now))
		})

		It("names its starting, and until when", func() {
			past.StartingUntil = at + 5*time.Minute
			Expect(hindsight().Interlocks(now)).To(HaveExactElements(And(
				HaveField("Name", reaper.Starting),
				HaveField("Detail", ContainSubstring(now.Add(5*time.Minute).Format(time.RFC3339))))))
			past.StartingUntil = at
			Expect(hindsight().Interlocks(now)).To(BeEmpty())
		})
	})

	Describe("of a daemon that is gone", func() {
		BeforeEach(dead)

		It("remembers first sightings and failures, and nothing that takes a daemon", func() {
			Expect(remembered("c-1")).To(Equal(reaper.Remembered{
				FirstSeen: now.Add(-2 * time.Hour), Failures: 3, LastError: "no", RetryAt: now.Add(time.Minute),
				GraceTime: ptr(time.Hour), GraceTimeSure: true}))
		})

		It("leaves the confirming out", func() {
			past.Orphans["c-1"] = reaper.PastOrphan{Flagged: true, First: at - 2*time.Hour}
			Expect(remembered("c-1").Unconfirmed).To(BeFalse())
		})

		It("knows no first sighting of what was not flagged", func() {
			past.Orphans["c-2"] = reaper.PastOrphan{Tried: true, First: at - 2*time.Hour}
			Expect(remembered("c-2")).To(Equal(reaper.Remembered{}))
			Expect(remembered("c-3")).To(Equal(reaper.Remembered{}))
		})

		It("has none of its interlocks", func() {
			past.StartingUntil = at + 5*time.Minute
			Expect(hindsight().Interlocks(now)).To(BeEmpty())
		})
	})

	Describe("in a pass of a single run", func() {
		var w *fakeWorker
		BeforeEach(func() {
			w = newWorker()
			w.Elapsed = func() time.Duration { return at }
		})
		pass := func() reaper.Report {
			w.Sightings = hindsight()
			w.question.Standing = hindsight().Interlocks(now)
			return w.pass()
		}

		It("never calls eligible what the living daemon holds", func() {
			w.orphan("c-1")
			w.orphan("c-2")
			report := pass()
			Expect(finding(report, "c-1").HeldBy()).To(Equal([]reaper.HoldName{reaper.HeldByBackoff}))
			Expect(finding(report, "c-2").HeldBy()).To(Equal([]reaper.HoldName{reaper.HeldByConfirm, reaper.HeldByGrace}))
		})

		It("nor what waits for baggageclaim to be heard for long", func() {
			w.container("c-1", expiring("v-c", time.Minute, now.Add(-time.Hour)))
			w.baggageclaim.known = []string{"v-c"}
			past.Orphans["c-1"] = reaper.PastOrphan{Flagged: true, First: at - 2*time.Hour, Passes: 2}
			Expect(finding(pass(), "c-1").Eligible()).To(BeTrue())
			past.HeardSince = nil
			Expect(finding(pass(), "c-1").HeldBy()).To(Equal([]reaper.HoldName{reaper.HeldByExpiryWait}))
		})

		It("nor anything while that is starting", func() {
			w.orphan("c-1")
			past.Orphans["c-1"] = reaper.PastOrphan{Flagged: true, First: at - 2*time.Hour, Passes: 2}
			past.StartingUntil = at + time.Minute
			report := pass()
			Expect(interlocks(report.Interlocks)).To(Equal([]reaper.InterlockName{reaper.Starting}))
			Expect(finding(report, "c-1").HeldBy()).To(Equal([]reaper.HoldName{reaper.HeldByInterlock}))
		})

		It("does as if alone once the daemon is gone", func() {
			dead()
			w.orphan("c-2")
			Expect(finding(pass(), "c-2").Eligible()).To(BeTrue())
		})
	})
})
