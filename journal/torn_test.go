package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"weeder/journal"
)

var _ = Describe("a journal that was cut short", func() {
	var dir string
	BeforeEach(func() { dir = GinkgoT().TempDir() })

	It("gets the next event on a line of its own", func() {
		record(dir, event("flagged", "whole", 0), event("flagged", "torn", 0))
		written := content(dir)
		write(dir, written[:len(written)-10])
		record(dir, event("flagged", "next", 0), event("flagged", "one-more", 0))

		Expect(handles(dir)).To(Equal([]string{"whole", "next", "one-more"}))
		Expect(content(dir)).NotTo(ContainSubstring("\n\n"))
	})

	It("gets the next event on a line of its own where another process left it so", func() {
		j := journal.New(dir)
		DeferCleanup(j.Close)
		Expect(j.Record(event("flagged", "before", 0))).To(Succeed())
		write(dir, content(dir)+`{"time":`)
		Expect(j.Record(event("flagged", "next", 0))).To(Succeed())
		Expect(handles(dir)).To(Equal([]string{"before", "next"}))
	})

	It("gets no empty line where it was whole", func() {
		record(dir, event("flagged", "a", 0))
		record(dir, event("flagged", "b", 0))
		Expect(content(dir)).NotTo(ContainSubstring("\n\n"))
		Expect(content(dir)).NotTo(HavePrefix("\n"))
	})

	It("loses the torn line alone, wherever it was cut", func() {
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			g := NewWithT(t)
			cutDir, err := os.MkdirTemp(dir, "")
			g.Expect(err).NotTo(HaveOccurred())
			path := filepath.Join(cutDir, journal.FileName)
			count := rapid.IntRange(1, 5).Draw(t, "events")
			for i := range count {
				record(cutDir, event("flagged", fmt.Sprint("c-", i), time.Second))
			}
			data, err := os.ReadFile(path)
			g.Expect(err).NotTo(HaveOccurred())
			lines := strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
			cut := rapid.IntRange(0, len(data)).Draw(t, "cut")
			g.Expect(os.WriteFile(path, data[:cut], 0o640)).To(Succeed())

			record(cutDir, event("flagged", "next", time.Second))
			account, err := journal.Read(cutDir, time.Time{})
			g.Expect(err).NotTo(HaveOccurred())
			var whole []string
			end := 0
			for i, line := range lines {
				end += len(line)
				if cut >= end-strings.Count(line, "\n") {
					whole = append(whole, fmt.Sprint("c-", i))
				}
			}
			g.Expect(handlesOf(account.Entries)).To(Equal(append(whole, "next")))
		})
	})

	It("goes on behind what a full disk cut short, once there is room again", func() {
		output, err := task("fill-up", dir).CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(output))

		Expect(handles(dir)).To(Equal([]string{"fits", "room-again"}))
		Expect(content(dir)).To(ContainSubstring("xxx\n{"))
	})
})
