package spec

import (
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

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

	It("is not held up by destroys that hang", func() {
		var hung, others []string
		for i := range 25 {
			hung = append(hung, fmt.Sprintf("hung-%02d", i))
			others = append(others, fmt.Sprintf("other-%02d", i))
		}
		for _, handle := range slices.Concat(hung, others) {
			w.orphan(handle)
		}
		w.fault("destroy-hangs", hung...)
		w.remember(append(slices.Concat(hung, others), leak)...)

		// Those that hang make room after 10 s. Enough are tried at once here for
		// the others not to wait for that.
		d := startDaemon(w, "--max-per-pass=0", "--max-in-flight=30")
		Eventually(w.destroyed).Should(ConsistOf(append(others, leak)))
		Expect(w.holding("destroy-hangs")).To(Equal(25))
		d.passed(2)
		Expect(d.metrics()).To(HaveKeyWithValue("destroyed_total", 26.0))
		Expect(d.scanned().Summary["orphan"]).To(HaveValue(Equal(25)))
		for _, handle := range hung {
			Expect(d.scanned().of(handle).Destroying).To(BeTrue())
		}

		d.end()
		for _, handle := range hung {
			Expect(w.told(handle)()).To(Equal([]string{"destroying"}), "nobody knows how it ends")
		}
		Expect(d.loggedFor("left-destroy-to-garden")).To(ConsistOf(hung))
		w.mend("destroy-hangs")
		Eventually(w.destroyed).Should(HaveLen(51))

		By("telling after a restart how it ended")
		passTwice(w)
		for _, handle := range hung {
			Expect(w.told(handle)()).To(Equal([]string{"destroying", "destroyed"}))
		}
		Expect(w.calls()).To(HaveKeyWithValue("destroy", 51), "nothing is asked for twice")
	})

	It("is seen to be at a destroy by whoever looks meanwhile", func() {
		w.fault("destroy-hangs", leak)
		w.remember(leak)
		d := startDaemon(w)
		Eventually(func() int { return w.holding("destroy-hangs") }).Should(Equal(1))
		d.passed(2)

		Expect(scan(w).of(leak).Destroying).To(BeTrue())
		Expect(scan(w).of(leak).Eligible).To(BeFalse())
		Expect(stdout(weeder(w, "scan"))).To(MatchRegexp(`(?m)^leak .*being destroyed`))
		Expect(stderr(weeder(w, "scan"))).To(ContainSubstring("0 to reap now"))
		Expect(stdout(weeder(w, "explain", "--no-logs", leak))).To(ContainSubstring("the daemon is destroying it"))
		for _, args := range [][]string{{}, {"--dry-run"}, {leak}} {
			result, status := reap(w, args...)
			Expect(status).To(BeZero())
			Expect(result.InProgress).To(ConsistOf(leak))
			Expect(result.Destroyed).To(BeEmpty())
		}
		Expect(w.calls()).To(HaveKeyWithValue("destroy", 1))
		w.mend("destroy-hangs")
	})

	// What hangs for one handle is asked about in one call with others.
	DescribeTable("is not held up by a container that Garden hangs over",
		func(fault string, verdict, held string) {
			w.orphan("hung")
			w.fault(fault, "hung")
			w.remember(leak, "hung")
			d := startDaemon(w, "--timeout=1s")
			Eventually(w.destroyed).Should(ConsistOf(leak))

			By("destroying what leaks later")
			w.orphan("later")
			d.passed(d.passes() + 1)
			Eventually(func() []string { return d.scanned().of("later").HeldBy }).Should(ContainElement("grace"))
			Expect(d.interlocks()).To(BeEmpty())
			Expect(d.healthz().Code).To(Equal(200))
			hung := d.scanned().of("hung")
			Expect(hung.Verdict).To(Equal(verdict))
			if held != "" {
				Expect(hung.HeldBy).To(ConsistOf(held))
			}
			Expect(w.destroyed()).To(ConsistOf(leak))
		},
		Entry("in bulk_info", "bulk-info-hangs", "unknown", ""),
		Entry("in bulk_metrics", "metrics-hang", "orphan", "busy"),
	)

	It("goes on where Garden begins to hang over a container that is due", func() {
		w.orphan("hung")
		w.remember(leak, "hung")
		w.fault("destroy-fails", "hung")
		d := startDaemon(w, "--timeout=1s")
		Eventually(w.told("hung")).Should(ContainElement("destroy-failed"))
		w.fault("bulk-info-hangs", "hung")
		Eventually(func() string { return d.scanned().of("hung").Verdict }).Should(Equal("unknown"))
		d.passed(d.passes() + 1)
		Expect(d.interlocks()).To(BeEmpty())
		Expect(w.told("garden-unreachable")()).To(BeEmpty())
	})

	It("makes room for others in place of destroys that hang", Label("long"), func() {
		var hung, others []string
		for i := range 25 {
			// By age they alternate.
			hung = append(hung, fmt.Sprintf("h-%02d", i))
			others = append(others, fmt.Sprintf("o-%02d", i))
		}
		past := map[string]reaper.PastOrphan{leak: remembered()}
		for i := range 25 {
			for j, handle := range []string{hung[i], others[i]} {
				w.orphan(handle)
				orphan := remembered()
				orphan.First += time.Duration(2*i+j) * time.Second
				past[handle] = orphan
			}
		}
		w.fault("destroy-hangs", hung...)
		w.rememberAs(past)

		d := startDaemon(w)
		// 3 at once make room every 10 s.
		Eventually(w.destroyed).WithTimeout(3 * time.Minute).Should(ConsistOf(append(others, leak)))
		Expect(d.passes()).To(BeNumerically(">=", 5), "passes go on")
		d.end()
		w.mend("destroy-hangs")
	})
})
