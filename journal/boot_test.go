package journal_test

import (
	"fmt"
	"os"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
)

var _ = Describe("The machine's time", func() {
	It("is named by its boot", func() {
		Expect(journal.Boot()).To(MatchRegexp(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`))
		again, err := journal.Boot()
		Expect(err).NotTo(HaveOccurred())
		Expect(journal.Boot()).To(Equal(again))
	})

	It("passes as the kernel's monotonic clock does", func() {
		before := journal.Elapsed()
		began := time.Now()
		Eventually(journal.Elapsed).Should(BeNumerically(">=", before+10*time.Millisecond))
		Expect(journal.Elapsed() - before).To(BeNumerically("<=", time.Since(began)+time.Second))

		data, err := os.ReadFile("/proc/uptime")
		Expect(err).NotTo(HaveOccurred())
		var uptime float64
		_, err = fmt.Sscan(string(data), &uptime)
		Expect(err).NotTo(HaveOccurred())
		Expect(journal.Elapsed().Seconds()).To(BeNumerically(">", 0))
		Expect(journal.Elapsed().Seconds()).To(BeNumerically("<=", uptime+1))
	})
})
