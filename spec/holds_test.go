package spec

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
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
	// flagged writes a journal that has flagged it so long ago, and more lines.
	flagged := func(ago time.Duration, more ...string) {
		writeFile(entry("flagged", leak, ago)+strings.Join(more, ""), w.Journal, "journal.jsonl")
	}

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

	DescribeTable("a first sighting in the journal", table,
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
		Entry("is the first of several", func() {
			flagged(11*time.Minute, entry("flagged", leak, time.Minute))
		}, nil, none),
		Entry("is no earlier than when it was cleared",
			func() { flagged(30*time.Minute, entry("cleared", leak, 8*time.Minute)) }, nil, holds{"grace"}),
		Entry("is over so long after it was cleared",
			func() { flagged(30*time.Minute, entry("cleared", leak, 11*time.Minute)) }, nil, none),
		Entry("starts anew after that", func() {
			flagged(11*time.Minute, entry("cleared", leak, 10*time.Minute), entry("flagged", leak, 9*time.Minute))
		}, nil, holds{"grace"}),
		Entry("of another container is none",
			func() {
				flagged(11*time.Minute, entry("cleared", "other", 10*time.Minute), entry("flagged", "other", time.Minute))
			}, nil, none),
		Entry("of an earlier container of that handle is none", func() {
			w.change(leak, body{"age": "9m"})
			flagged(3 * time.Hour)
		}, nil, holds{"grace"}),
		Entry("stands though the last line is torn", func() {
			torn := entry("cleared", leak, time.Minute)
			flagged(9*time.Minute, torn[:len(torn)/2])
		}, nil, holds{"grace"}),
		Entry("is none in a last line that is torn",
			func() {
				torn := entry("flagged", leak, 9*time.Minute)
				writeFile(entry("flagged", "other", time.Hour)+torn[:len(torn)-2], w.Journal, "journal.jsonl")
			}, nil, none),
		Entry("stands between lines that are none", func() {
			writeFile("\x00\x00\n[]\n"+entry("flagged", leak, 9*time.Minute)+"{\n", w.Journal, "journal.jsonl")
		}, nil, holds{"grace"}),
	)
})

// entry is a line of the journal, as the daemon writes it.
func entry(event, handle string, ago time.Duration) string {
	return fmt.Sprintf(`{"time":%q,"event":%q,"handle":%q,`+
		`"reasons":[{"code":"volume-missing","volume":"v","detail":"in none of init, live and dead"}],`+
		`"age_seconds":3600,"grace_seconds":600}`+"\n",
		time.Now().Add(-ago).UTC().Format(time.RFC3339Nano), event, handle)
}
