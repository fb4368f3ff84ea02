package spec

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("daemon on a worker with containerd", Label("containerd"), func() {
	It("reaps a leak with all that is left of it, and nothing else", func() {
		w, worker := containerdWorkerOf(withoutTTLs)
		worker.healthy("healthy")
		worker.orphan("leaked")
		worker.orphan("fresh")
		worker.healthy("busy")
		worker.busy("busy")
		worker.volumes.destroy("busy-get")
		worker.age(2 * time.Hour)
		w.remember("leaked", "healthy", "busy")

		d := startDaemon(w)
		Eventually(w.told("leaked")).Should(Equal([]string{"destroying", "destroyed"}))
		d.passed(2)
		Expect(worker.handles()).To(ConsistOf("healthy", "fresh", "busy"))
		Eventually(worker.left).WithArguments("leaked").Should(BeEmpty())
		Expect(w.told("fresh")()).To(Equal([]string{"flagged"}))
		Expect(w.told("healthy")()).To(Equal([]string{"cleared"}))
		Expect(d.scanned().of("fresh").HeldBy).To(ConsistOf("grace"))
		Expect(d.scanned().of("busy").HeldBy).To(ConsistOf("busy"))
		Expect(d.metrics()).To(HaveKeyWithValue("garden_max_containers", 250.0))
		Expect(d.healthz().Code).To(Equal(200))
	})

	It("reaps a leak that is a minute old, with nothing remembered", Label("long"), func() {
		w, worker := containerdWorkerOf(withoutTTLs)
		worker.healthy("healthy")
		worker.orphan("leaked")
		start := time.Now()
		d := startDaemon(w)
		Eventually(w.told("leaked")).WithTimeout(90 * time.Second).Should(Equal([]string{"flagged", "destroying", "destroyed"}))
		Expect(time.Since(start)).To(BeNumerically(">", time.Minute))
		Expect(w.told("starting")()).To(Equal([]string{"on", "off"}))
		d.end()
		Expect(worker.handles()).To(ConsistOf("healthy"))
	})
})

// age has containerd say that all its containers were made so long before they
// were. It has no call for that: the times are changed in its database, where
// each stands behind its key as time.Time writes it.
func (c *containerd) age(by time.Duration) {
	GinkgoHelper()
	c.stop()
	path := filepath.Join(c.dir, "root", "io.containerd.metadata.v1.bolt", "meta.db")
	data, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	key, aged := []byte("createdat"), 0
	for at := 0; ; aged++ {
		found := bytes.Index(data[at:], key)
		if found < 0 {
			break
		}
		at += found + len(key)
		seconds := data[at+1 : at+9]
		binary.BigEndian.PutUint64(seconds, binary.BigEndian.Uint64(seconds)-uint64(by.Seconds()))
	}
	Expect(aged).To(BeNumerically(">", 0))
	Expect(os.WriteFile(path, data, 0o600)).To(Succeed())
	c.start()
}
