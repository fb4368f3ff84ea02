package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
	"weeder/reaper"
)

var _ = Describe("what holds an orphan of 6 hours", func() {
	type holds = []string
	const leak = "leak"
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan(leak)
	})

	// rootThere makes it one whose mounted volume is missing instead of its root.
	rootThere := func() {
		w.volume(leak+"-root", "live", nil)
		w.removeVolume(leak + "-get")
	}
	// expiredFor makes it one whose volumes are all there, the root expired.
	expiredFor := func(ago time.Duration) {
		w.volume(leak+"-root", "live", &ttl{seconds: 300, expiresAt: time.Now().Add(-ago)})
	}
	// bundleless makes it one of which the properties alone tell, with the
	// mounts given and the rest for its root.
	bundleless := func(mounts string) {
		w.change(leak, body{"no_bundle": true, "properties": body{
			"concourse:volumes":       `["leak-get","leak-root"]`,
			"concourse:volume-mounts": mounts,
		}})
	}
	const oneMount, noRoot = `{"leak-get":"/tmp/build/get"}`, `{"leak-get":"/tmp/build/get","leak-root":"/tmp/build/put"}`
	// remembers leaves behind what a daemon remembers that passed last so long ago.
	remembers := func(last time.Duration, handle string, orphan reaper.PastOrphan) {
		w.rememberAs(map[string]reaper.PastOrphan{handle: orphan}, func(past *reaper.Past) {
			past.At, past.Elapsed = past.At.Add(-last), past.Elapsed-last
		})
	}
	// seen is an orphan that was flagged so long ago, and in how many passes it
	// was one.
	seen := func(ago time.Duration, passes int) reaper.PastOrphan {
		return reaper.PastOrphan{Flagged: true, First: journal.Elapsed() - ago, Passes: passes}
	}
	// flagged is remembers of a daemon that has ended, and flagged it so long ago.
	flagged := func(ago time.Duration) { remembers(time.Minute, leak, seen(ago, 1)) }

	// expect has scan name the holds, and reap destroy what nothing holds.
	expect := func(by holds, args ...string) {
		GinkgoHelper()
		shown := scan(w, args...).of(leak)
		Expect(shown.Verdict).To(Equal("orphan"))
		Expect(shown.HeldBy).To(Equal(by))
		Expect(shown.Eligible).To(Equal(len(by) == 0))

		result, status := reap(w, args...)
		Expect(status).To(BeZero(), "mere holds are no failure")
		if len(by) == 0 {
			Expect(w.destroyed()).To(ConsistOf(leak))
			return
		}
		Expect(result.heldBy(leak)).To(Equal(by))
		Expect(w.destroyed()).To(BeEmpty())
	}
	table := func(set func(), args []string, by holds) {
		GinkgoHelper()
		set()
		expect(by, args...)
	}
	none := holds{}

	DescribeTable("grace", table,
		Entry("of --grace", func() {}, []string{"--grace=7h"}, holds{"grace"}),
		Entry("of 10 minutes where nobody says", func() { w.change(leak, body{"age": "9m"}) }, nil, holds{"grace"}),
		Entry("is over after that", func() { w.change(leak, body{"age": "11m"}) }, nil, none),
		Entry("of the container's own grace time where that is longer",
			func() { w.change(leak, body{"grace_time": "7h"}) }, nil, holds{"grace"}),
		Entry("of --grace where the container's own is shorter",
			func() { w.change(leak, body{"grace_time": "1m"}) }, []string{"--grace=7h"}, holds{"grace"}),
		Entry("of an expired volume counts from expires_at", func() { expiredFor(9 * time.Minute) }, nil, holds{"grace"}),
		Entry("of an expired volume is over so long after expires_at", func() { expiredFor(11 * time.Minute) }, nil, none),
		Entry("of an expired volume counts from no time before the container", func() {
			expiredFor(3 * time.Hour)
			w.change(leak, body{"age": "9m"})
		}, nil, holds{"grace"}),
		Entry("does not count from expires_at where another volume is missing", func() {
			rootThere()
			expiredFor(9 * time.Minute)
		}, nil, none),
	)

	DescribeTable("age", table,
		Entry("where neither a bundle nor the metrics tell it", func() {
			bundleless(oneMount)
			w.fault("metrics-fail", leak)
		}, nil, holds{"age"}),
		Entry("where the metrics say 0, which an old Guardian does", func() {
			bundleless(oneMount)
			w.fault("old-guardian")
		}, nil, holds{"age"}),
		Entry("not where the metrics tell it", func() { bundleless(oneMount) }, nil, none),
		Entry("not where a first sighting tells long enough", func() {
			bundleless(oneMount)
			w.fault("old-guardian")
			flagged(11 * time.Minute)
		}, nil, none),
		Entry("of the bundle goes before that of the metrics", func() {
			config := filepath.Join(w.Depot, leak, "config.json")
			Expect(os.Chtimes(config, time.Time{}, time.Now().Add(-9*time.Minute))).To(Succeed())
		}, nil, holds{"grace"}),
	)

	DescribeTable("busy", table,
		Entry("where processes run in it and its root volume is there", func() {
			rootThere()
			w.change(leak, body{"processes": 1})
		}, []string{"--busy-grace=1s"}, holds{"busy"}),
		Entry("not where its init alone runs", rootThere, nil, none),
		Entry("for --busy-grace where processes run though the root volume is gone",
			func() { w.change(leak, body{"processes": 1}) }, nil, holds{"busy"}),
		Entry("no longer than that",
			func() { w.change(leak, body{"processes": 1}) }, []string{"--busy-grace=5h"}, none),
		Entry("for --busy-grace where the metrics tell no processes", func() {
			rootThere()
			w.fault("old-guardian")
		}, nil, holds{"busy"}),
		Entry("no longer than that where the metrics tell no processes", func() {
			rootThere()
			w.fault("old-guardian")
		}, []string{"--busy-grace=5h"}, none),
		Entry("for --busy-grace where its metrics are an error", func() {
			rootThere()
			w.fault("metrics-fail", leak)
		}, nil, holds{"busy"}),
		Entry("for --busy-grace where all metrics are an error", func() {
			rootThere()
			w.fault("metrics-fail")
		}, nil, holds{"busy"}),
		Entry("for no more than the grace where the root volume is gone and processes can't be told",
			func() { w.fault("old-guardian") }, nil, none),
		Entry("for no more than the grace where every volume is gone and processes can't be told", func() {
			bundleless(noRoot)
			w.removeVolume(leak + "-get")
			w.fault("old-guardian")
			flagged(11 * time.Minute)
		}, nil, none),
		Entry("for --busy-grace where a volume is left, none is known for the root and processes can't be told", func() {
			bundleless(noRoot)
			w.fault("old-guardian")
			flagged(11 * time.Minute)
		}, nil, holds{"busy"}),
	)

	It("busy: is destroyed with its handle given", func() {
		rootThere()
		w.change(leak, body{"processes": 1})
		result, status := reap(w, leak)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf(leak))
		Expect(w.destroyed()).To(ConsistOf(leak))
	})

	It("busy: is not asked about while something else holds it", func() {
		Expect(scan(w, "--grace=7h").of(leak).HeldBy).To(Equal(holds{"grace"}))
		Expect(w.calls()).NotTo(HaveKey("bulk-metrics"))
	})

	DescribeTable("protected", table,
		Entry("by a glob over its handle", func() {}, []string{"--protect=le?k*"}, holds{"protected"}),
		Entry("not by one for others", func() {}, []string{"--protect=neigh*", "--protect=lea"}, none),
		Entry("by one of several in a list", func() {}, []string{"--protect", "neigh*, ,le*,"}, holds{"protected"}),
		Entry("by the value of a property",
			func() { w.change(leak, body{"properties": body{"team": "main"}}) }, []string{"--protect=team=main"}, holds{"protected"}),
		Entry("not by another value",
			func() { w.change(leak, body{"properties": body{"team": "other"}}) }, []string{"--protect=team=main"}, none),
		Entry("by any property where its properties are not known",
			func() { w.change(leak, body{"zombie": true}) }, []string{"--protect=team=main"}, holds{"protected"}),
		Entry("not for being a zombie", func() { w.change(leak, body{"zombie": true}) }, nil, none),
	)

	DescribeTable("expiry-wait", table,
		Entry("where expiry alone speaks against it and baggageclaim is done without",
			func() { expiredFor(3 * time.Hour) }, []string{"--baggageclaim="}, holds{"expiry-wait"}),
		Entry("not where baggageclaim answers", func() { expiredFor(3 * time.Hour) }, nil, none),
		Entry("not where a volume is missing, too", func() {
			rootThere()
			expiredFor(3 * time.Hour)
		}, []string{"--baggageclaim="}, none),
	)

	It("cap: of --max-per-pass, the longest orphaned first; 0 is no cap", func() {
		for handle, age := range map[string]string{"a-younger": "5h", "b-oldest": "9h", "c-older": "7h"} {
			w.orphan(handle)
			w.change(handle, body{"age": age})
		}
		result, status := reap(w, "--max-per-pass=2")
		Expect(status).To(BeZero())
		Expect(w.destroyed()).To(ConsistOf("b-oldest", "c-older"))
		Expect(result.heldBy("a-younger")).To(Equal(holds{"cap"}))
		Expect(result.heldBy(leak)).To(Equal(holds{"cap"}))

		_, status = reap(w, "--max-per-pass=0")
		Expect(status).To(BeZero())
		Expect(w.destroyed()).To(ConsistOf("b-oldest", "c-older", "a-younger", leak))
	})

	It("cap: of 20 where nobody says", func() {
		for i := range 20 {
			w.orphan(fmt.Sprintf("more-%d", i))
		}
		result, _ := reap(w, "--dry-run")
		Expect(result.Destroyed).To(HaveLen(20))
		Expect(result.Held).To(ConsistOf(HaveField("HeldBy", holds{"cap"})))
	})

	It("interlock: beside what else holds it", func() {
		w.fault("baggageclaim-fails")
		Expect(scan(w, "--grace=7h").of(leak).HeldBy).To(Equal(holds{"grace", "interlock"}))
		result, status := reap(w)
		Expect(status).To(Equal(1))
		Expect(result.heldBy(leak)).To(Equal(holds{"interlock"}))
	})

	DescribeTable("a first sighting of a daemon that has ended", table,
		Entry("is what grace counts from", func() { flagged(9 * time.Minute) }, nil, holds{"grace"}),
		Entry("is over so long after it", func() { flagged(11 * time.Minute) }, nil, none),
		Entry("counts for an expired volume, too", func() {
			expiredFor(3 * time.Hour)
			flagged(9 * time.Minute)
		}, nil, holds{"grace"}),
		Entry("counts for an expired volume no earlier than expires_at", func() {
			expiredFor(9 * time.Minute)
			flagged(11 * time.Minute)
		}, nil, holds{"grace"}),
		Entry("of another container is none", func() { remembers(time.Minute, "other", seen(time.Minute, 2)) }, nil, none),
		Entry("of an earlier container of that handle is none", func() {
			w.change(leak, body{"age": "9m"})
			flagged(3 * time.Hour)
		}, nil, holds{"grace"}),
		Entry("is none from before the machine was started", func() {
			flagged(9 * time.Minute)
			boot, err := journal.Boot()
			Expect(err).NotTo(HaveOccurred())
			memory := filepath.Join(w.Journal, journal.MemoryName)
			text, err := os.ReadFile(memory)
			Expect(err).NotTo(HaveOccurred())
			writeFile(strings.ReplaceAll(string(text), boot, "another"), memory)
		}, nil, none),
	)

	DescribeTable("what a daemon that runs", table,
		Entry("has long watched is not held", func() { remembers(0, leak, seen(11*time.Minute, 2)) }, nil, none),
		Entry("has not flagged yet is first seen now", func() { remembers(0, "other", seen(time.Hour, 2)) }, nil, holds{"confirm", "grace"}),
		Entry("has flagged not long ago waits for its grace", func() { remembers(0, leak, seen(9*time.Minute, 2)) }, nil, holds{"grace"}),
		Entry("has seen but once is not confirmed", func() { remembers(0, leak, seen(11*time.Minute, 1)) }, nil, holds{"confirm"}),
		Entry("has failed to destroy waits before the next attempt", func() {
			failed := seen(time.Hour, 2)
			failed.Failures, failed.LastError, failed.RetryAt = 2, "container init still running", journal.Elapsed()+time.Minute
			remembers(0, leak, failed)
		}, nil, holds{"backoff"}),
		Entry("has waited for before the next attempt is not held", func() {
			failed := seen(time.Hour, 2)
			failed.Failures, failed.LastError, failed.RetryAt = 2, "container init still running", journal.Elapsed()-time.Second
			remembers(0, leak, failed)
		}, nil, none),
	)
})

// entry is a line of the journal, as the daemon writes it.
func entry(event, handle string, ago time.Duration) string {
	return fmt.Sprintf(`{"time":%q,"event":%q,"handle":%q,`+
		`"reasons":[{"code":"volume-missing","volume":"v","detail":"in none of init, live and dead"}],`+
		`"age_seconds":3600,"grace_seconds":600}`+"\n",
		time.Now().Add(-ago).UTC().Format(time.RFC3339Nano), event, handle)
}
