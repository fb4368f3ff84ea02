package reaper_test

import (
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Weigh", func() {
	const (
		grace     = 10 * time.Minute
		busyGrace = 24 * time.Hour
		old       = 48 * time.Hour
	)
	idle, busy := reaper.Usage{Processes: 1}, reaper.Usage{Processes: 3}

	// scene is a container in its circumstances. What it leaves unset is told
	// by none: no age, no processes, no sighting.
	type scene struct {
		age       time.Duration
		own       time.Duration
		volumes   []reaper.Volume
		unrooted  bool
		seen      time.Duration
		asked     bool
		usage     reaper.Usage
		named     bool
		mute      bool
		protected []string
		// untold has its properties not read, but earlier where they told a grace
		// time then.
		untold bool
		told   *time.Duration
	}
	// rootThere is a container whose mount is gone, and its root not.
	rootThere := []reaper.Volume{volume("mount", reaper.VolumeMissing), live("root")}
	rootGone := []reaper.Volume{live("mount"), volume("root", reaper.VolumeMissing)}
	rootDead := []reaper.Volume{live("mount"), volume("root", reaper.VolumeDead)}
	allGone := []reaper.Volume{volume("mount", reaper.VolumeMissing), volume("root", reaper.VolumeDead)}
	rootUnreadable := []reaper.Volume{volume("mount", reaper.VolumeMissing), unreadable("root", syscall.EIO)}

	weigh := func(s scene) reaper.Finding {
		handles := make([]string, len(s.volumes))
		for i, volume := range s.volumes {
			handles[i] = volume.Handle
		}
		container := uses(handles...)
		container.CreatedAt, container.GraceTime = time.Time{}, s.own
		if s.age != 0 {
			container.CreatedAt = now.Add(-s.age)
		}
		if s.unrooted {
			for i := range container.References {
				container.References[i].Root = false
			}
		}
		if s.untold {
			container.Properties = nil
		}
		policy := reaper.Policy{Grace: grace, BusyGrace: busyGrace, Protect: protect(s.protected...)}
		at := reaper.Circumstances{UsageAsked: s.asked, Usage: s.usage, Named: s.named, BaggageclaimAnswers: !s.mute}
		at.GraceTime, at.GraceTimeSure = s.told, true
		if s.seen != 0 {
			at.FirstSeen = now.Add(-s.seen)
		}
		judgement := reaper.Judge(container, disk(s.volumes...), now, policy)
		return reaper.Weigh(container, judgement, now, policy, at)
	}
	type by = []reaper.HoldName

	DescribeTable("names what holds an orphan",
		func(s scene, holds by) {
			finding := weigh(s)
			Expect(finding.HeldBy()).To(Equal(holds))
			Expect(finding.Eligible()).To(Equal(len(holds) == 0))
			for _, hold := range finding.Holds {
				Expect(hold.Detail).NotTo(BeEmpty())
				Expect(hold.Detail).NotTo(HaveSuffix("."))
			}
		},
		Entry("nothing: old enough and idle", scene{volumes: rootGone, age: old, asked: true, usage: idle}, by{}),

		Entry("grace: younger than it", scene{volumes: rootGone, age: grace - 1, asked: true, usage: idle}, by{reaper.HeldByGrace}),
		Entry("grace: passed at this very moment", scene{volumes: rootGone, age: grace, asked: true, usage: idle}, by{}),
		Entry("grace: the container's own is longer", scene{volumes: rootGone, age: time.Hour, own: time.Hour + 1, asked: true, usage: idle}, by{reaper.HeldByGrace}),
		Entry("grace: the container's own has passed, too", scene{volumes: rootGone, age: time.Hour, own: time.Hour, asked: true, usage: idle}, by{}),
		Entry("grace: the container's own is shorter", scene{volumes: rootGone, age: grace - 1, own: time.Minute, asked: true, usage: idle}, by{reaper.HeldByGrace}),
		Entry("grace: seen a short while ago, however old", scene{volumes: rootGone, age: old, seen: time.Minute, asked: true, usage: idle}, by{reaper.HeldByGrace}),
		Entry("grace: seen long ago, of no known age", scene{volumes: rootGone, seen: grace, asked: true, usage: idle}, by{}),
		Entry("grace: a sighting from before its creation was of another", scene{volumes: rootGone, age: time.Minute, seen: old, asked: true, usage: idle}, by{reaper.HeldByGrace}),
		Entry("grace: the age that Garden tells counts against an older sighting", scene{volumes: rootGone, seen: old, asked: true, usage: reaper.Usage{Processes: 1, Age: time.Minute}}, by{reaper.HeldByGrace}),
		Entry("grace: created in the future", scene{volumes: rootGone, age: -time.Hour, asked: true, usage: idle}, by{reaper.HeldByGrace}),
		Entry("grace: first seen in the future", scene{volumes: rootGone, age: old, seen: -time.Hour, asked: true, usage: idle}, by{reaper.HeldByGrace}),
		Entry("grace: its properties can't be read: busy-grace", scene{volumes: rootThere, age: busyGrace - 1, asked: true, usage: idle, untold: true}, by{reaper.HeldByGrace}),
		Entry("grace: its properties can't be read: busy-grace has passed", scene{volumes: rootThere, age: busyGrace, asked: true, usage: idle, untold: true}, by{}),
		Entry("grace: its properties can't be read, and none of its volumes is known for its root: busy-grace", scene{volumes: rootGone, unrooted: true, age: busyGrace - 1, asked: true, usage: idle, untold: true}, by{reaper.HeldByGrace}),
		Entry("grace: its properties can't be read, and its root is gone: a zombie", scene{volumes: rootGone, age: grace, asked: true, untold: true}, by{}),
		Entry("grace: its properties can't be read, and all its volumes are gone: a zombie", scene{volumes: allGone, unrooted: true, age: grace, asked: true, untold: true}, by{}),
		Entry("grace: its properties can't be read, and told a longer one before", scene{volumes: rootGone, age: time.Hour - 1, asked: true, untold: true, told: ptr(time.Hour)}, by{reaper.HeldByGrace}),
		Entry("grace: its properties can't be read, and what they told before has passed", scene{volumes: rootGone, age: time.Hour, asked: true, untold: true, told: ptr(time.Hour)}, by{}),
		Entry("grace: its properties can't be read, and told none before", scene{volumes: rootGone, age: grace, asked: true, untold: true, told: ptr(time.Duration(0))}, by{}),
		Entry("grace: what its properties tell now counts", scene{volumes: rootGone, age: grace, asked: true, told: ptr(time.Hour)}, by{}),
		Entry("grace: told before Garden is asked", scene{volumes: rootGone, age: time.Minute}, by{reaper.HeldByGrace}),

		Entry("age: nothing tells it", scene{volumes: rootGone, asked: true, usage: idle}, by{reaper.HeldByAge}),
		Entry("age: left out before Garden is asked", scene{volumes: rootGone}, by{}),
		Entry("age: an age of 0 is not known", scene{volumes: rootGone, asked: true, usage: reaper.Usage{Processes: 1, Age: 0}}, by{reaper.HeldByAge}),
		Entry("age: Garden tells it", scene{volumes: rootGone, asked: true, usage: reaper.Usage{Processes: 1, Age: old}}, by{}),

		Entry("busy: left out before Garden is asked", scene{volumes: rootThere, age: old, usage: busy}, by{}),
		Entry("busy: its root is there, however old", scene{volumes: rootThere, age: 100 * old, asked: true, usage: busy}, by{reaper.HeldByBusy}),
		Entry("busy: two processes are one more than its init", scene{volumes: rootThere, age: old, asked: true, usage: reaper.Usage{Processes: 2}}, by{reaper.HeldByBusy}),
		Entry("busy: its root can't be told to be gone", scene{volumes: rootUnreadable, age: old, asked: true, usage: busy}, by{reaper.HeldByBusy}),
		Entry("busy: none of its volumes is known for its root", scene{volumes: rootGone, unrooted: true, age: old, asked: true, usage: busy}, by{reaper.HeldByBusy}),
		Entry("busy: its init alone is not busy", scene{volumes: rootThere, age: grace, asked: true, usage: idle}, by{}),
		Entry("busy: what has no task runs nothing", scene{volumes: rootThere, age: grace, asked: true, usage: reaper.Usage{Idle: true}}, by{}),
		Entry("busy: what has no task waits its grace all the same", scene{volumes: rootThere, age: grace - 1, asked: true, usage: reaper.Usage{Idle: true}}, by{reaper.HeldByGrace}),
		Entry("busy: its root is gone: busy-grace", scene{volumes: rootGone, age: busyGrace - 1, asked: true, usage: busy}, by{reaper.HeldByBusy}),
		Entry("busy: its root is dead: busy-grace", scene{volumes: rootDead, age: busyGrace - 1, asked: true, usage: busy}, by{reaper.HeldByBusy}),
		Entry("busy: its root is gone: busy-grace has passed", scene{volumes: rootGone, age: busyGrace, asked: true, usage: busy}, by{}),
		Entry("busy: its root is gone: the container's own grace is longer than busy-grace", scene{volumes: rootGone, age: busyGrace, own: busyGrace + 1, asked: true, usage: busy}, by{reaper.HeldByGrace, reaper.HeldByBusy}),
		Entry("busy: processes not known: busy-grace", scene{volumes: rootThere, age: busyGrace - 1, asked: true}, by{reaper.HeldByBusy}),
		Entry("busy: processes not known: busy-grace has passed", scene{volumes: rootThere, age: busyGrace, asked: true}, by{}),
		Entry("busy: processes not known, root gone: plain grace", scene{volumes: rootGone, age: grace, asked: true}, by{}),
		Entry("busy: processes not known, root gone: no less than grace", scene{volumes: rootGone, age: grace - 1, asked: true}, by{reaper.HeldByGrace}),
		Entry("busy: processes not known, all gone: plain grace", scene{volumes: allGone, unrooted: true, age: grace, asked: true}, by{}),
		Entry("busy: processes not known, one gone but not known for the root: busy-grace", scene{volumes: rootGone, unrooted: true, age: busyGrace - 1, asked: true}, by{reaper.HeldByBusy}),
		Entry("busy: neither processes nor age known", scene{volumes: rootThere, asked: true}, by{reaper.HeldByAge, reaper.HeldByBusy}),

		Entry("named: busy with its root there is lifted", scene{volumes: rootThere, age: old, asked: true, usage: busy, named: true}, by{}),
		Entry("named: grace is not", scene{volumes: rootThere, age: grace - 1, asked: true, usage: busy, named: true}, by{reaper.HeldByGrace}),
		Entry("named: busy with its root gone is not", scene{volumes: rootGone, age: busyGrace - 1, asked: true, usage: busy, named: true}, by{reaper.HeldByBusy}),
		Entry("named: processes not known are not", scene{volumes: rootThere, age: busyGrace - 1, asked: true, named: true}, by{reaper.HeldByBusy}),
		Entry("named: an unknown age is not", scene{volumes: rootThere, asked: true, usage: busy, named: true}, by{reaper.HeldByAge}),
		Entry("named: protected is not", scene{volumes: rootThere, age: old, asked: true, usage: busy, named: true, protected: []string{"c-*"}}, by{reaper.HeldByProtected}),

		Entry("protected: by its handle", scene{volumes: rootGone, age: old, asked: true, usage: idle, protected: []string{"d-*", "c-?"}}, by{reaper.HeldByProtected}),
		Entry("protected: not by another's", scene{volumes: rootGone, age: old, asked: true, usage: idle, protected: []string{"d-*", "c-??"}}, by{}),
		Entry("protected: beside its grace", scene{volumes: rootGone, age: grace - 1, protected: []string{"c-1"}}, by{reaper.HeldByProtected, reaper.HeldByGrace}),

		Entry("expiry-wait: baggageclaim says nothing", scene{volumes: []reaper.Volume{expiring("root", grace, now.Add(-grace))}, age: old, asked: true, usage: idle, mute: true}, by{reaper.HeldByExpiryWait}),
		Entry("expiry-wait: baggageclaim answers", scene{volumes: []reaper.Volume{expiring("root", grace, now.Add(-grace))}, age: old, asked: true, usage: idle}, by{}),
		Entry("expiry-wait: not for what is missing", scene{volumes: rootGone, age: old, asked: true, usage: idle, mute: true}, by{}),
		Entry("expiry-wait: not where something is missing, too", scene{volumes: []reaper.Volume{expiring("mount", grace, now.Add(-grace)), volume("root", reaper.VolumeMissing)}, age: old, asked: true, usage: idle, mute: true}, by{}),
		Entry("expiry-wait: a person's naming it is no answer", scene{volumes: []reaper.Volume{expiring("root", grace, now.Add(-grace))}, age: old, asked: true, usage: idle, named: true, mute: true}, by{reaper.HeldByExpiryWait}),
	)

	DescribeTable("says since when it is an orphan",
		func(s scene, since time.Duration) {
			Expect(weigh(s).Since).To(Equal(now.Add(-since)))
		},
		Entry("its creation, unseen", scene{volumes: rootGone, age: old}, old),
		Entry("its first sighting", scene{volumes: rootGone, age: old, seen: time.Hour}, time.Hour),
		Entry("its creation, where the sighting is earlier", scene{volumes: rootGone, age: time.Hour, seen: old}, time.Hour),
		Entry("its first sighting, of no known age", scene{volumes: rootGone, seen: old}, old),
		Entry("the creation by the age that Garden tells", scene{volumes: rootGone, asked: true, usage: reaper.Usage{Age: old}}, old),
		Entry("the creation that its sources tell, whatever Garden says", scene{volumes: rootGone, age: time.Hour, asked: true, usage: reaper.Usage{Age: old}}, time.Hour),
		Entry("the expiry, after its creation", scene{volumes: []reaper.Volume{expiring("v", grace, now.Add(-time.Hour))}, age: old}, time.Hour),
		Entry("the expiry, after its first sighting", scene{volumes: []reaper.Volume{expiring("v", grace, now.Add(-time.Minute))}, age: old, seen: time.Hour}, time.Minute),
		Entry("its first sighting, after the expiry", scene{volumes: []reaper.Volume{expiring("v", grace, now.Add(-time.Hour))}, age: old, seen: time.Minute}, time.Minute),
		Entry("its creation, after the expiry", scene{volumes: []reaper.Volume{expiring("v", grace, now.Add(-old))}, age: time.Hour}, time.Hour),
		Entry("the earliest expiry of several", scene{volumes: []reaper.Volume{
			expiring("v", grace, now.Add(-time.Hour)), expiring("w", grace, now.Add(-3*time.Hour)), expiring("x", grace, now.Add(-2*time.Hour)),
		}, age: old}, 3*time.Hour),
		Entry("an expiry to come is none, nor that of a ttl of 0", scene{volumes: []reaper.Volume{
			expiring("later", grace, now.Add(time.Hour)), expiring("never", 0, now.Add(-30*time.Hour)), expiring("v", grace, now.Add(-time.Hour)),
		}, age: old}, time.Hour),
		Entry("its creation, where another volume is missing", scene{volumes: []reaper.Volume{
			expiring("v", grace, now.Add(-time.Hour)), volume("w", reaper.VolumeMissing),
		}, age: old}, old),
		Entry("a creation in the future", scene{volumes: rootGone, age: -time.Hour}, -time.Hour),
	)

	It("leaves Since unset where nothing tells it, the expiry notwithstanding", func() {
		expired := []reaper.Volume{expiring("v", grace, now.Add(-old))}
		Expect(weigh(scene{volumes: expired, asked: true, usage: idle})).To(And(
			HaveField("Since", BeZero()), HaveField("HeldBy()", by{reaper.HeldByAge})))
	})

	It("tells until when a hold lasts, and of what only a person or a server can end, nothing", func() {
		until := func(s scene) map[reaper.HoldName]time.Time {
			ends := map[reaper.HoldName]time.Time{}
			for _, hold := range weigh(s).Holds {
				ends[hold.By] = hold.Until
			}
			return ends
		}
		Expect(until(scene{volumes: rootGone, age: time.Minute, asked: true, usage: busy})).To(Equal(map[reaper.HoldName]time.Time{
			reaper.HeldByGrace: now.Add(grace - time.Minute),
			reaper.HeldByBusy:  now.Add(busyGrace - time.Minute),
		}))
		Expect(until(scene{volumes: rootThere, asked: true, protected: []string{"c-1"}})).To(Equal(map[reaper.HoldName]time.Time{
			reaper.HeldByProtected: {}, reaper.HeldByAge: {}, reaper.HeldByBusy: {},
		}))
		Expect(until(scene{volumes: rootThere, age: old, asked: true, usage: busy})).To(Equal(map[reaper.HoldName]time.Time{reaper.HeldByBusy: {}}))
	})

	DescribeTable("neither holds nor frees what is no orphan",
		func(container reaper.Container, volumes ...reaper.Volume) {
			policy := reaper.Policy{Protect: protect("*")}
			judgement := reaper.Judge(container, disk(volumes...), now, policy)
			finding := reaper.Weigh(container, judgement, now, policy, reaper.Circumstances{UsageAsked: true})

			Expect(finding.Holds).To(BeEmpty())
			Expect(finding.Since).To(BeZero())
			Expect(finding.Eligible()).To(BeFalse())
		},
		Entry("live", uses("v"), live("v")),
		Entry("unknown", uses("..")),
		Entry("foreign", reaper.Container{Handle: "c-1", SpecRead: true}),
	)

	It("names each hold once, in the order in which they were found", func() {
		finding := reaper.Finding{Holds: []reaper.Hold{{By: reaper.HeldByBusy}, {By: reaper.HeldByGrace}, {By: reaper.HeldByBusy}}}
		Expect(finding.HeldBy()).To(Equal(by{reaper.HeldByBusy, reaper.HeldByGrace}))
		Expect(reaper.Finding{}.HeldBy()).To(Equal(by{}))
	})
})
