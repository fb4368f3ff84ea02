package journal_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
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

		sightings := read(dir)
		for _, handle := range []string{"whole", "next", "one-more"} {
			Expect(seen(sightings, handle)).To(Equal(now))
		}
		Expect(seen(sightings, "torn")).To(BeZero())
		Expect(content(dir)).NotTo(ContainSubstring("\n\n"))
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
			sightings, err := journal.ReadSightings(cutDir)
			g.Expect(err).NotTo(HaveOccurred())
			_, found := sightings.FirstSeen("next")
			g.Expect(found).To(BeTrue())
			end := 0
			for i, line := range lines {
				end += len(line)
				_, found := sightings.FirstSeen(fmt.Sprint("c-", i))
				g.Expect(found).To(Equal(cut >= end-strings.Count(line, "\n")))
			}
		})
	})

	It("goes on behind what a full disk cut short, once there is room again", func() {
		child := exec.Command(os.Args[0], "-test.run=^TestJournal$", "-test.count=1")
		child.Env = append(os.Environ(), limitedDir+"="+dir)
		output, err := child.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(output))

		sightings := read(dir)
		Expect(seen(sightings, "fits")).To(Equal(now))
		Expect(seen(sightings, "too-much")).To(BeZero())
		Expect(seen(sightings, "room-again")).To(Equal(now))
		Expect(content(dir)).To(ContainSubstring("xxx\n{"))
	})
})

// fillUp records events while the journal may not grow beyond a bound, which
// cuts a write short as a full disk does. It runs in a process of its own,
// since the bound is on all files of a process.
func fillUp(t *testing.T, dir string) {
	g := NewWithT(t)
	signal.Ignore(syscall.SIGXFSZ)
	bound := func(bytes uint64) {
		var limit syscall.Rlimit
		g.Expect(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit)).To(Succeed())
		limit.Cur = min(bytes, limit.Max)
		g.Expect(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)).To(Succeed())
	}

	j := journal.New(dir)
	bound(2000)
	g.Expect(j.Record(event("flagged", "fits", 0))).To(Succeed())
	tooMuch := event("flagged", "too-much", 0)
	tooMuch.Err = fmt.Errorf("%s", strings.Repeat("x", 4000))
	g.Expect(j.Record(tooMuch)).To(MatchError(syscall.EFBIG))
	bound(1 << 30)
	g.Expect(j.Record(event("flagged", "room-again", 0))).To(Succeed())
	g.Expect(j.Close()).To(Succeed())
}
