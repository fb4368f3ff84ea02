package spec

import (
	"encoding/json"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"weeder/journal"
	"weeder/reaper"
)

var _ = Describe("explain says what happens next", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan("leak")
	})

	// next is the last line.
	next := func(args ...string) string {
		GinkgoHelper()
		session := weeder(w, append([]string{"explain", "--no-logs"}, args...)...)
		Expect(session).To(gexec.Exit(0))
		lines := strings.Split(strings.TrimSpace(stdout(session)), "\n")
		Expect(lines[len(lines)-2]).To(Equal("what happens next"))
		return strings.TrimSpace(lines[len(lines)-1])
	}
	// seen is an orphan that was flagged so long ago.
	seen := func(ago time.Duration) reaper.PastOrphan {
		orphan := remembered()
		orphan.First = journal.Elapsed() - ago
		return orphan
	}

	It("with no daemon", func() {
		Expect(next("leak")).To(HaveSuffix("is missing: no daemon watches this worker; weeder reap leak destroys it"))
		Expect(next("leak", "--grace=12h")).To(MatchRegexp(
			`: no daemon watches this worker; weeder reap leak destroys it from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+, in (6h|5h59m)$`))
	})

	It("with a daemon that waits for the grace", func() {
		w.rememberAs(map[string]reaper.PastOrphan{"leak": seen(6 * time.Minute)}, func(past *reaper.Past) { past.Interval = time.Hour })
		Expect(next("leak")).To(MatchRegexp(`: weeder will destroy it at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+, in (4m|3m\d+s), ` +
			`unless volume leak-root is there again by then, if the daemon has the options of this look$`))

		session := weeder(w, "explain", "--no-logs", "--json", "leak")
		var answer struct {
			Next struct{ At time.Time }
		}
		Expect(json.Unmarshal(session.Out.Contents(), &answer)).To(Succeed())
		Expect(answer.Next.At).To(BeTemporally("~", time.Now().Add(4*time.Minute), 30*time.Second))
	})

	It("with a daemon that has waited", func() {
		w.rememberAs(map[string]reaper.PastOrphan{"leak": seen(time.Hour)}, func(past *reaper.Past) { past.Interval = time.Hour })
		Expect(next("leak")).To(ContainSubstring(": weeder will destroy it in one of its next passes, the first within 1h6m, unless "))
	})

	It("with a daemon that starts", func() {
		w.rememberAs(map[string]reaper.PastOrphan{"leak": seen(time.Hour)}, func(past *reaper.Past) {
			past.Interval, past.StartingUntil = time.Hour, past.Elapsed+30*time.Minute
		})
		Expect(next("leak")).To(MatchRegexp(`: weeder will destroy it at .*, in (30m|29m\d+s), unless `))
	})

	It("not where it can't judge, and names what kept it from that, not what the daemon waits for", func() {
		w.rememberAs(nil, func(past *reaper.Past) { past.Interval, past.StartingUntil = time.Hour, past.Elapsed+30*time.Minute })
		Expect(stderr(weeder(w, "explain", "--no-logs", "leak"))).To(HavePrefix("warning: starting: "))
		w.fault("list-fails")
		complains(weeder(w, "explain", "leak"), 1, "error: garden-unreachable: ")
		complains(weeder(w, "scan"), 1, "error: garden-unreachable: ")

		By("having it in the JSON as ever: it is on")
		Expect(parse(weeder(w, "scan", "--json")).interlocks()).To(Equal([]string{"garden-unreachable", "starting"}))
		w.mend("list-fails")
		w.Volumes = "/nowhere"
		complains(weeder(w, "explain", "leak"), 1, "error: volumes-dir-unusable: ")
	})

	It("with a daemon that destroys nothing", func() {
		orphan := seen(time.Hour)
		orphan.WouldDestroy = true
		w.rememberAs(map[string]reaper.PastOrphan{"leak": orphan}, func(past *reaper.Past) { past.Interval = time.Hour })
		Expect(next("leak")).To(HaveSuffix(": the daemon runs with --dry-run, and destroys nothing; weeder reap leak destroys it"))
	})

	It("with one that is stuck", func() {
		orphan := seen(24 * time.Hour)
		orphan.Failures, orphan.LastError, orphan.RetryAt = 5, "no", journal.Elapsed()+time.Hour
		w.rememberAs(map[string]reaper.PastOrphan{"leak": orphan}, func(past *reaper.Past) { past.Interval = time.Hour })
		Expect(next("leak")).To(And(MatchRegexp(`weeder will destroy it at .*, in (1h|59m\d+s), unless`),
			HaveSuffix("; destroying it has failed 5 times, so look into Garden's log")))
	})

	It("with several that hold it: the last one counts", func() {
		orphan := seen(6 * time.Minute)
		orphan.Failures, orphan.LastError, orphan.RetryAt = 1, "no", journal.Elapsed()+time.Minute
		w.rememberAs(map[string]reaper.PastOrphan{"leak": orphan}, func(past *reaper.Past) { past.Interval = time.Hour })
		Expect(next("leak")).To(MatchRegexp(`weeder will destroy it at .*, in (4m|3m\d+s), unless`))
	})

	It("naming the root where that is gone, too", func() {
		w.create(body{"handle": "two", "no_bundle": true, "age": "6h", "properties": map[string]string{"concourse:volumes": `["mount-gone","root-gone"]`}})
		Expect(next("two")).To(HavePrefix("orphan, its root volume root-gone is missing, and so 1 more: "))
	})

	It("with a journal that can't be read", func() {
		w = readableWorker("leak")
		w.remember("leak")
		forbid(w.Journal)
		session := unprivileged(w, "explain", "--no-logs", "leak")
		Expect(stdout(session)).To(ContainSubstring("whether a daemon watches this worker can't be told; weeder reap leak destroys it"))
	})

	It("where something keeps it for good", func() {
		Expect(next("leak", "--protect=le*")).To(HaveSuffix(": weeder never destroys it while --protect matches it"))
		w.volume("busy-root", "live", nil)
		w.create(body{"handle": "busy", "root_volume": "busy-root", "age": "60h", "processes": 3, "volumes": map[string]string{"gone": "/tmp/build/get"}})
		Expect(next("busy")).To(And(HavePrefix("orphan, its volume gone is missing: "),
			HaveSuffix("the daemon does not destroy it while processes run in it; weeder reap busy does")))
	})

	It("where only an expiry speaks against it", func() {
		w.volume("old", "live", expired())
		w.create(body{"handle": "expired", "root_volume": "old", "age": "6h"})
		w.rememberAs(map[string]reaper.PastOrphan{"expired": seen(time.Hour)}, func(past *reaper.Past) { past.Interval = time.Hour })
		Expect(next("expired")).To(And(MatchRegexp(`^orphan, its root volume old expired (3h|2h59m) ago: weeder will destroy it `),
			ContainSubstring(" unless the life of volume old is prolonged by then, ")))
		Expect(stdout(weeder(w, "explain", "--no-logs", "expired"))).NotTo(ContainSubstring("\nso\n"), "the volume is there, so nothing fails yet")
		w.Baggageclaim = ""
		Expect(next("expired")).To(HaveSuffix(": weeder does not destroy it before baggageclaim answers"))
	})

	It("under an interlock", func() {
		w.Baggageclaim = deadAddress()
		Expect(next("leak")).To(HaveSuffix(": weeder destroys nothing while the interlock baggageclaim-unreachable is on"))
	})

	It("to others", func() {
		Expect(next("neighbour")).To(Equal("live, all its volumes are there: nothing happens to it"))
		w.volume("forever", "live", &ttl{seconds: 0, expiresAt: expired().expiresAt})
		w.create(body{"handle": "kept", "root_volume": "forever", "age": "6h"})
		Expect(next("kept")).To(Equal("live, all its volumes are there: nothing happens to it"))
		w.create(body{"handle": "foreign", "root_path": "/var/lib/images/busybox/rootfs", "age": "6h"})
		Expect(next("foreign")).To(Equal("foreign, it is not Concourse's: weeder never touches it"))
		w.create(body{"handle": "odd", "root_volume": "neighbour-root", "age": "6h", "properties": map[string]string{"concourse:volumes": "no JSON"}})
		Expect(next("odd")).To(Equal("unknown, it can't be judged: weeder keeps it for as long as it can't be judged"))
	})
})
