package spec

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"weeder/reaper"
)

var _ = Describe("daemon", func() {
	const leak = "leak"
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan(leak)
	})

	It("reaps what an earlier daemon has watched long enough, and leaves all else alone", func() {
		w.orphan("fresh")
		w.orphan("protected-1")
		w.healthy("back")
		w.healthy("busy")
		w.create(body{"handle": "foreign", "root_path": "/var/vcap/data/grootfs/store/images/foreign/rootfs", "age": "6h"})
		w.orphan("unknown")
		w.change("unknown", body{"bad_config": "{"})
		w.volume("busy-root", "live", nil)
		w.change("busy", body{"volumes": map[string]string{"gone": "/gone"}, "processes": 3})
		// What was remembered of a container is no reason to destroy it.
		w.remember(leak, "protected-1", "back", "busy", "foreign", "unknown", "neighbour")

		d := startDaemon(w, "--protect=protected-*")
		Eventually(w.told(leak)).Should(Equal([]string{"destroying", "destroyed"}))
		d.passed(2)
		Expect(w.destroyed()).To(ConsistOf(leak))
		Expect(w.calls()).To(HaveKeyWithValue("destroy", 1))

		By("telling it in the journal")
		for _, line := range journalled(w) {
			if line.Handle == leak {
				Expect(line.Time).To(BeTemporally("~", time.Now(), time.Minute))
				Expect(line.Reasons).To(ConsistOf(SatisfyAll(HaveField("Code", "volume-missing"), HaveField("Volume", "leak-root"))))
				Expect(line.AgeSeconds).To(BeNumerically("~", 6*3600, 60))
				Expect(line.GraceSeconds).To(Equal(60.0))
			}
		}
		Expect(w.told("fresh")()).To(Equal([]string{"flagged"}))
		for _, handle := range []string{"back", "foreign", "unknown", "neighbour"} {
			Expect(w.told(handle)()).To(Equal([]string{"cleared"}), handle)
		}
		for _, handle := range []string{"protected-1", "busy"} {
			Expect(w.told(handle)()).To(BeEmpty(), handle)
		}

		By("telling it in the log")
		Expect(d.loggedFor("destroyed-container")).To(Equal([]string{leak}))
		Expect(d.loggedFor("flagged")).To(Equal([]string{"fresh"}))
		Expect(d.loggedFor("cleared")).To(ConsistOf("back", "foreign", "unknown", "neighbour"))

		By("telling it over HTTP")
		scanned := d.scanned()
		Expect(scanned.Interlocks).To(BeEmpty())
		Expect(scanned.of("fresh").HeldBy).To(ConsistOf("grace"))
		Expect(scanned.of("protected-1").HeldBy).To(ConsistOf("protected"))
		Expect(scanned.of("busy").HeldBy).To(ConsistOf("busy"))
		Expect(d.healthz().Code).To(Equal(200))
		metrics := d.metrics()
		for name, value := range map[string]float64{
			`containers{verdict="live"}`: 2, `containers{verdict="orphan"}`: 3,
			`containers{verdict="foreign"}`: 1, `containers{verdict="unknown"}`: 1,
			`orphans{reason="volume-missing"}`: 3,
			`held{by="grace"}`:                 1, `held{by="busy"}`: 1, `held{by="protected"}`: 1,
			`destroyed_total`: 1, `destroy_failures_total`: 0, `stuck`: 0, `would_destroy_total`: 0,
			`garden_up`: 1, `baggageclaim_up`: 1, `journal_up`: 1, `dry_run`: 0, `garden_max_containers`: 250,
			`interlock{name="starting"}`: 0, `volumes{state="live"}`: 7,
		} {
			Expect(metrics).To(HaveKeyWithValue(name, value))
		}
		Expect(metrics["oldest_orphan_seconds"]).To(BeNumerically("~", 3600, 60))
		Expect(metrics["last_success_timestamp_seconds"]).To(BeNumerically("~", time.Now().Unix(), 20))

		By("telling it in history")
		Expect(stdout(weeder(w, "history"))).To(SatisfyAll(
			MatchRegexp(`(?m)^\S+  destroying +leak +6h\S* +get +volume-missing leak-root$`),
			MatchRegexp(`(?m)^\S+  destroyed +leak +6h\S* +get +volume-missing leak-root$`),
			MatchRegexp(`(?m)^\S+  cleared +back +\S+ +- +its verdict is live$`)))
	})

	It("destroys nothing at first without memory, and everybody says so", func() {
		d := startDaemon(w)
		d.passed(2)
		Expect(w.calls()).NotTo(HaveKey("destroy"))
		Expect(w.told(leak)()).To(Equal([]string{"flagged"}))
		Expect(w.told("starting")()).To(Equal([]string{"on"}))
		Expect(d.healthz().Code).To(Equal(200), "it is no sickness")
		Expect(d.interlocks()).To(ConsistOf("starting"))
		Expect(d.metrics()).To(HaveKeyWithValue(`held{by="interlock"}`, 1.0))

		By("showing it in scan and explain, who know what the daemon holds")
		for _, seen := range []report{d.scanned(), scan(w, "--grace=0s")} {
			Expect(seen.interlocks()).To(ConsistOf("starting"))
			Expect(seen.of(leak).HeldBy).To(ContainElement("interlock"))
			Expect(seen.of(leak).Eligible).To(BeFalse())
			Expect(seen.Summary["eligible"]).To(HaveValue(BeZero()))
		}
		session := weeder(w, "scan")
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(MatchRegexp(`starting: the daemon destroys nothing before \S+; weeder reap can`))
		Expect(stdout(weeder(w, "explain", leak))).To(ContainSubstring("starting"))

		By("letting a person reap, who may name a container that is not confirmed yet")
		result, status := reap(w, "--grace=0s", leak)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf(leak))
	})

	It("is not talked into a destroy by a memory that is too old", func() {
		w.rememberAs(map[string]reaper.PastOrphan{leak: remembered()}, func(past *reaper.Past) {
			past.At, past.Elapsed = past.At.Add(-time.Minute), past.Elapsed-time.Minute
		})
		d := startDaemon(w)
		d.passed(1)
		Expect(d.interlocks()).To(ConsistOf("starting"))
		Expect(d.scanned().of(leak).HeldBy).To(ConsistOf("interlock", "confirm"), "its grace is over all the same")
		Expect(w.told(leak)()).To(BeEmpty())
		Expect(w.calls()).NotTo(HaveKey("destroy"))
	})

	It("has whoever looks or reaps beside it protect what it protects, and wait as it does", func() {
		w.orphan("guarded")
		d := startDaemon(w, "--protect=guard*,team=main", "--grace=2m", "--busy-grace=30m")
		d.passed(1)

		seen := scan(w)
		Expect(seen.of("guarded").HeldBy).To(ContainElements("protected", "grace"))
		Expect(stdout(weeder(w, "scan"))).To(MatchRegexp(`(?m)^leak .*grace for (2m|1m\d+s)`))
		Expect(stdout(weeder(w, "explain", "--no-logs", "guarded"))).To(ContainSubstring("weeder never destroys it while --protect matches it"))
		told := stdout(weeder(w, "explain", "--no-logs", leak))
		Expect(told).To(ContainSubstring("weeder will destroy it at"))
		Expect(told).NotTo(ContainSubstring("options of this look"))
		Expect(stdout(weeder(w, "explain", "--no-logs", "--grace=1h", leak))).To(
			ContainSubstring("if the daemon has the options of this look: it has --grace 2m0s --busy-grace 30m0s"))

		result, status := reap(w, "guarded", leak, "--grace=0s")
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf(leak), "its grace was given")
		Expect(result.heldBy("guarded")).To(Equal([]string{"protected"}))
	})

	It("says once what it would destroy with --dry-run", func() {
		w.orphan("other")
		w.remember(leak, "other")
		d := startDaemon(w, "--dry-run", "--max-per-pass=1")
		Eventually(w.told(leak)).Should(Equal([]string{"would-destroy"}))
		Eventually(w.told("other")).Should(Equal([]string{"would-destroy"}), "the cap is not used up by the first")
		d.passed(2)
		Expect(d.metrics()).To(HaveKeyWithValue("would_destroy_total", 2.0))
		Expect(d.metrics()).To(HaveKeyWithValue("dry_run", 1.0))
		Expect(d.loggedFor("would-destroy-container")).To(ConsistOf(leak, "other"))
		d.end()

		again := startDaemon(w, "--dry-run")
		again.passed(1)
		again.end()
		Expect(w.told(leak)()).To(Equal([]string{"would-destroy"}), "nor again after a restart")
		Expect(w.told("other")()).To(Equal([]string{"would-destroy"}))
		Expect(w.calls()).NotTo(HaveKey("destroy"))
	})

	It("says that a container is stuck whose destroy has failed five times", func() {
		orphan := remembered()
		orphan.Tried, orphan.Failures, orphan.LastError, orphan.RetryAt = true, 4, "container init still running", orphan.First
		w.rememberAs(map[string]reaper.PastOrphan{leak: orphan})
		w.fault("destroy-fails", leak)

		d := startDaemon(w)
		Eventually(w.told(leak)).Should(Equal([]string{"destroying", "destroy-failed", "stuck"}))
		Expect(journalled(w)).To(ContainElement(SatisfyAll(
			HaveField("Event", "stuck"), HaveField("Failures", 5), HaveField("Error", ContainSubstring("container init still running")))))
		Eventually(func() []string { return d.loggedFor("stuck") }).Should(Equal([]string{leak}))
		Expect(d.metrics()).To(HaveKeyWithValue("destroy_failures_total", 1.0))
		d.end()

		again := startDaemon(w)
		again.passed(1)
		Expect(again.metrics()).To(HaveKeyWithValue("stuck", 1.0), "it is not forgotten")
		for _, seen := range []report{again.scanned(), scan(w, "--grace=1m")} {
			Expect(seen.of(leak).HeldBy).To(ConsistOf("backoff"))
			Expect(seen.of(leak).Stuck).To(BeTrue())
			Expect(seen.of(leak).Failures).To(Equal(5))
		}
		Expect(stdout(weeder(w, "scan"))).To(MatchRegexp(`(?m)^leak +orphan .*\(stuck\)`))
		Expect(stdout(weeder(w, "explain", leak))).To(ContainSubstring("container init still running"))
		Expect(w.told(leak)()).To(HaveLen(3), "it is told once, and left alone for a while")
	})

	// reapsNext waits until the daemon is through with a first pass in which one
	// more orphan was due, after all others.
	reapsNext := func(past map[string]reaper.PastOrphan, change func(*reaper.Past), args ...string) *daemon {
		GinkgoHelper()
		w.orphan("last")
		past["last"] = rememberedLast()
		w.rememberAs(past, change)
		d := startDaemon(w, append(args, "--max-in-flight=1")...)
		Eventually(w.told("last")).Should(Equal([]string{"destroying", "destroyed"}))
		return d
	}
	unchanged := func(*reaper.Past) {}

	DescribeTable("goes by a volume's own clock",
		func(ttl func() *ttl, verdict string, holds ...string) {
			w.volume("leak-root", "live", ttl())
			d := reapsNext(map[string]reaper.PastOrphan{leak: remembered()}, unchanged)
			if verdict == "" {
				Expect(w.told(leak)()).To(Equal([]string{"destroying", "destroyed"}))
				return
			}
			Expect(w.destroyed()).To(ConsistOf("last"))
			Expect(d.scanned().of(leak).Verdict).To(Equal(verdict))
			Expect(d.scanned().of(leak).HeldBy).To(ConsistOf(holds))
		},
		Entry("which ran out 30 years ago", ttlOf(-30*year), ""),
		Entry("which runs out in 30 years", ttlOf(30*year), "live"),
		Entry("which ran out 30 s ago", ttlOf(-30*time.Second), "orphan", "grace"),
		Entry("which never runs out, though its expires_at is long past", func() *ttl {
			return &ttl{seconds: 0, expiresAt: time.Now().Add(-30 * year)}
		}, "live"),
	)

	DescribeTable("does not go by a volume's clock alone",
		func(change func(*reaper.Past), args ...string) {
			w.volume("leak-root", "live", expired())
			d := reapsNext(map[string]reaper.PastOrphan{leak: remembered()}, change, args...)
			Expect(w.destroyed()).To(ConsistOf("last"))
			Expect(d.scanned().of(leak).HeldBy).To(Equal([]string{"expiry-wait"}))
		},
		Entry("without baggageclaim", unchanged, "--baggageclaim="),
		Entry("when baggageclaim was silent not long ago", func(past *reaper.Past) { past.HeardSince = nil }),
	)
})

var _ = Describe("daemon beside a real baggageclaim", func() {
	DescribeTable("reaps the container whose volume that destroyed, and no other",
		func(of release) {
			w, b := workerOf(of)
			for _, handle := range []string{"leak", "healthy", "parent"} {
				b.empty(handle+"-root", 0)
				w.rooted(handle, handle+"-root")
			}
			b.child("child-root", "parent-root")
			w.rooted("child", "child-root")
			b.destroy("leak-root")
			Eventually(b.file("leak-root")).ShouldNot(BeADirectory())
			w.remember("leak", "healthy", "parent", "child")

			d := startDaemon(w)
			Eventually(w.told("leak")).Should(Equal([]string{"destroying", "destroyed"}))
			for _, handle := range []string{"healthy", "parent", "child"} {
				Expect(w.told(handle)()).To(Equal([]string{"cleared"}))
			}
			d.end()
			Expect(w.destroyed()).To(ConsistOf("leak"))

			By("waiting for it where it is away")
			b.destroy("healthy-root")
			b.stop()
			w.remember("healthy")
			again := startDaemon(w)
			again.passed(1)
			Expect(again.interlocks()).To(ConsistOf("baggageclaim-unreachable"))
			Expect(again.metrics()).To(HaveKeyWithValue("baggageclaim_up", 0.0))
			Expect(again.healthz().sick()).To(ConsistOf("baggageclaim"))
			Expect(w.destroyed()).To(ConsistOf("leak"))
		},
		Entry(nil, withTTLs),
		Entry(nil, withoutTTLs),
	)
})

const year = 365 * 24 * time.Hour

// ttlOf gives a ttl that runs out so long after the call.
func ttlOf(in time.Duration) func() *ttl {
	return func() *ttl { return &ttl{seconds: 300, expiresAt: time.Now().Add(in)} }
}
