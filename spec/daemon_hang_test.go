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
