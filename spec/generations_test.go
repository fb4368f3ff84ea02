package spec

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// The three generations of workers (see the README's table), with nothing set
// but where they are.
var _ = Describe("a worker of", func() {
	// judges shows the same commands right on a worker with these containers.
	judges := func(w *worker, live, orphan string, source string) {
		GinkgoHelper()
		seen := scan(w)
		Expect(seen.of(live).Verdict).To(Equal("live"))
		Expect(seen.of(orphan).Verdict).To(Equal("orphan"))
		Expect(seen.of(orphan).Eligible).To(BeTrue())
		for _, volume := range seen.of(orphan).Volumes {
			Expect(volume.Sources).To(ContainElement(source))
		}
		for handle, verdict := range map[string]string{live: "verdict live", orphan: "verdict orphan"} {
			session := weeder(w, "explain", handle)
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(ContainSubstring(verdict))
		}

		result, status := reap(w)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ContainElement(orphan))
		Expect(result.Destroyed).NotTo(ContainElement(live))
		Expect(w.destroyed()).To(ConsistOf(result.Destroyed))
		Expect(scan(w).of(live).Verdict).To(Equal("live"))
	}

	It("Concourse 2.x: Guardian, with properties and volumes that expire", func() {
		w := emptyWorker()
		w.volume("live-root", "live", &ttl{seconds: 0, expiresAt: expired().expiresAt})
		w.volume("orphan-root", "live", expired())
		for _, handle := range []string{"live", "orphan"} {
			w.create(body{
				"handle": handle, "root_volume": handle + "-root", "age": "6h", "grace_time": "5m",
				"properties": map[string]string{"concourse:volumes": `["` + handle + `-root"]`},
				"no_timer":   true,
			})
		}
		judges(w, "live", "orphan", "properties")
	})

	It("Concourse 3 to 7: Guardian, with bundles alone", func() {
		w := emptyWorker()
		w.healthy("live")
		w.orphan("orphan")
		judges(w, "live", "orphan", "bundle")
	})

	It("Concourse 8: Concourse's own Garden over containerd", Label("containerd"), func() {
		w, c := containerdWorkerOf(withoutTTLs)
		c.healthy("live")
		c.orphan("orphan")
		// The containers are seconds old, all else is as it comes.
		Expect(scan(w).of("orphan").HeldBy).To(ConsistOf("grace"))
		result, status := reap(w, noGrace)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("orphan"))
		Expect(scan(w).of("live").Verdict).To(Equal("live"))
		Expect(stdout(weeder(w, "explain", "live"))).To(ContainSubstring("says containerd"))
	})
})
