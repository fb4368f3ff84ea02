package journal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"weeder/journal"
	"weeder/reaper"
)

var _ = Describe("Memory", func() {
	var dir string
	BeforeEach(func() { dir = GinkgoT().TempDir() })

	keep := func(past reaper.Past) {
		GinkgoHelper()
		Expect(journal.NewMemory(dir).Keep(past)).To(Succeed())
	}
	load := func() reaper.Past {
		GinkgoHelper()
		past, err := journal.Load(dir)
		Expect(err).NotTo(HaveOccurred())
		return past
	}
	zone := time.FixedZone("CEST", 2*60*60)
	heard := 3 * time.Second
	past := reaper.Past{
		At: time.Date(2016, 10, 21, 16, 29, 15, 123456789, zone), Elapsed: 5*time.Second + 1, Interval: 30 * time.Second,
		StartingUntil: 10 * time.Minute, Identity: "7:42", HeardSince: &heard,
		Orphans: map[string]reaper.PastOrphan{
			"c-1": {
				Flagged: true, First: time.Second, Passes: 2, Created: time.Date(2016, 10, 21, 10, 0, 0, 1, zone), Tried: true,
				Failures: 5, LastError: "runc: no", RetryAt: time.Hour, WouldDestroy: true, Absent: 1,
			},
			"c-2": {Tried: true},
		},
	}

	It("is written as stable JSON, with the boot that it counts in", func() {
		keep(past)
		boot, err := journal.Boot()
		Expect(err).NotTo(HaveOccurred())
		Expect(contentOf(dir, journal.MemoryName)).To(HaveSuffix("}\n"))
		Expect(contentOf(dir, journal.MemoryName)).To(MatchJSON(`{
			"format": 1, "boot": "` + boot + `", "at": "2016-10-21T14:29:15.123456789Z", "elapsed_ns": 5000000001,
			"interval_ns": 30000000000, "starting_until_ns": 600000000000, "identity": "7:42", "heard_since_ns": 3000000000,
			"orphans": {
				"c-1": {
					"flagged": true, "first_ns": 1000000000, "passes": 2, "created": "2016-10-21T08:00:00.000000001Z", "tried": true,
					"failures": 5, "last_error": "runc: no", "retry_at_ns": 3600000000000, "would_destroy": true, "absent": 1
				},
				"c-2": {"flagged": false, "first_ns": 0, "passes": 0, "tried": true}
			}}`))
	})

	It("comes back as it was kept", func() {
		top := journal.Elapsed()
		text, duration := rapid.String(), rapid.Custom(func(t *rapid.T) time.Duration { return time.Duration(rapid.Int64().Draw(t, "ns")) })
		instant := rapid.Custom(func(t *rapid.T) time.Time {
			if rapid.Bool().Draw(t, "unknown") {
				return time.Time{}
			}
			seconds := rapid.Int64Range(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix())
			return time.Unix(seconds.Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
		})
		orphan := rapid.Custom(func(t *rapid.T) reaper.PastOrphan {
			return reaper.PastOrphan{
				Flagged: rapid.Bool().Draw(t, "flagged"), First: duration.Draw(t, "first"), Passes: rapid.Int().Draw(t, "passes"),
				Created: instant.Draw(t, "created"), Tried: rapid.Bool().Draw(t, "tried"), Failures: rapid.Int().Draw(t, "failures"),
				LastError: text.Draw(t, "last error"), RetryAt: duration.Draw(t, "retry at"),
				WouldDestroy: rapid.Bool().Draw(t, "would destroy"), Absent: rapid.Int().Draw(t, "absent"),
				GraceTime: rapid.Ptr(duration, true).Draw(t, "grace time"), BusyAt: rapid.Ptr(duration, true).Draw(t, "busy at"),
				Destroying: rapid.Bool().Draw(t, "destroying"),
			}
		})
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			g := NewWithT(t)
			kept := reaper.Past{
				At: instant.Draw(t, "at"), Elapsed: time.Duration(rapid.Int64Max(int64(top)).Draw(t, "elapsed")),
				Interval: duration.Draw(t, "interval"), StartingUntil: duration.Draw(t, "starting until"),
				Identity: text.Draw(t, "identity"), HeardSince: rapid.Ptr(duration, true).Draw(t, "heard since"),
			}
			if rapid.Bool().Draw(t, "orphans") {
				kept.Orphans = rapid.MapOf(text, orphan).Draw(t, "orphans")
			}
			g.Expect(journal.NewMemory(dir).Keep(kept)).To(Succeed())
			loaded, err := journal.Load(dir)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(loaded).To(Equal(kept))
		})
	})

	It("has the place of the one before, whole, closed to others", func() {
		deep := filepath.Join(dir, "weeder", "journal")
		memory := journal.NewMemory(deep)
		Expect(filepath.Dir(deep)).NotTo(BeADirectory())
		Expect(memory.Keep(reaper.Past{Identity: strings.Repeat("x", 4000)})).To(Succeed())
		Expect(memory.Keep(reaper.Past{Identity: "short"})).To(Succeed())

		Expect(journal.Load(deep)).To(Equal(reaper.Past{Identity: "short"}))
		Expect(names(deep)).To(ConsistOf(journal.MemoryName))
		for _, path := range []string{deep, filepath.Join(deep, journal.MemoryName)} {
			info, err := os.Stat(path)
			Expect(err).NotTo(HaveOccurred())
			Expect(info.Mode().Perm() & 0o007).To(BeZero())
		}
	})

	It("is whole with several keepers in one process", func() {
		memory := journal.NewMemory(dir)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				defer GinkgoRecover()
				for range 25 {
					Expect(memory.Keep(past)).To(Succeed())
				}
			})
		}
		all.Wait()
		Expect(load().Identity).To(Equal(past.Identity))
	})

	It("is kept without what no file can hold", func() {
		orphans := map[string]reaper.PastOrphan{
			"late":  {Flagged: true, Created: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)},
			"early": {Flagged: true, Created: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
			"torn":  {LastError: "no\xff"},
		}
		keep(reaper.Past{Orphans: orphans})
		Expect(load().Orphans).To(Equal(map[string]reaper.PastOrphan{
			"late": {Flagged: true}, "early": {Flagged: true}, "torn": {LastError: "no\ufffd"},
		}))
		Expect(orphans["late"].Created.IsZero()).To(BeFalse())
	})

	Context("when it was taken away", func() {
		BeforeEach(func() {
			keep(past)
			Expect(journal.NewMemory(dir).Forget()).To(Succeed())
		})

		It("is known to be so", func() {
			loaded, err := journal.Load(dir)
			Expect(loaded).To(BeZero())
			Expect(err).To(MatchError(journal.ErrForgotten))
			Expect(err).To(MatchError(ContainSubstring(filepath.Join(dir, journal.OutdatedName))))
		})

		It("is so when it is taken away again", func() {
			Expect(journal.NewMemory(dir).Forget()).To(Succeed())
			_, err := journal.Load(dir)
			Expect(err).To(MatchError(journal.ErrForgotten))
		})

		It("is there again as soon as another is kept, with nothing left", func() {
			keep(reaper.Past{Identity: "another"})
			Expect(load().Identity).To(Equal("another"))
			Expect(names(dir)).To(ConsistOf(journal.MemoryName))
		})

		It("is none once it is from before the machine was started", func() {
			path := filepath.Join(dir, journal.OutdatedName)
			data, err := os.ReadFile(path)
			Expect(err).NotTo(HaveOccurred())
			boot, err := journal.Boot()
			Expect(err).NotTo(HaveOccurred())
			Expect(os.WriteFile(path, bytes.ReplaceAll(data, []byte(boot), []byte("another")), 0o600)).To(Succeed())
			Expect(load()).To(BeZero())
		})
	})

	It("says so where it can't be taken away", func() {
		keep(past)
		Expect(os.MkdirAll(filepath.Join(dir, journal.OutdatedName), 0o755)).To(Succeed())
		Expect(journal.NewMemory(dir).Forget()).To(MatchError(HavePrefix("take memory away: ")))
	})

	Context("when it can't be kept", func() {
		It("says so where a file is in the place of its directory", func() {
			writeTo(dir, "weeder", "")
			Expect(journal.NewMemory(filepath.Join(dir, "weeder", "journal")).Keep(past)).To(And(
				MatchError(syscall.ENOTDIR), MatchError(HavePrefix("make journal directory: "))))
		})

		It("says so where a directory is in its place, and leaves nothing behind", func() {
			Expect(os.Mkdir(filepath.Join(dir, journal.MemoryName), 0o755)).To(Succeed())
			Expect(journal.NewMemory(dir).Keep(past)).To(MatchError(HavePrefix("put memory in its place: ")))
			Expect(names(dir)).To(ConsistOf(journal.MemoryName))
		})

		It("keeps the one before where the disk is full, and leaves nothing behind", func() {
			keep(reaper.Past{Identity: "before"})
			output, err := task("keep-in-full", dir).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(output))
			Expect(load().Identity).To(Equal("before"))
			Expect(names(dir)).To(ConsistOf(journal.MemoryName))
		})
	})

	It("is whole whenever the daemon is killed", func() {
		random := rand.New(rand.NewSource(GinkgoRandomSeed()))
		for range 10 {
			child := start(task("keep-on", dir))
			last := 0
			for range 1 + random.Intn(20) {
				last++
				Expect(child.line()).NotTo(BeEmpty())
			}
			last += len(child.kill())
			Expect(load().Identity).To(Or(
				Equal(strings.Repeat(fmt.Sprint(last-1), 20_000)), Equal(strings.Repeat(fmt.Sprint(last), 20_000))))
		}
		keep(past)
		Expect(names(dir)).To(ConsistOf(journal.MemoryName))
	})

	change := func(name string, value any) string {
		GinkgoHelper()
		var fields map[string]any
		Expect(json.Unmarshal([]byte(contentOf(dir, journal.MemoryName)), &fields)).To(Succeed())
		fields[name] = value
		data, err := json.Marshal(fields)
		Expect(err).NotTo(HaveOccurred())
		return string(data)
	}

	It("comes back in UTC from any zone", func() {
		keep(past)
		writeTo(dir, journal.MemoryName, strings.ReplaceAll(contentOf(dir, journal.MemoryName), `9Z"`, `9+02:00"`))
		writeTo(dir, journal.MemoryName, strings.ReplaceAll(contentOf(dir, journal.MemoryName), `1Z"`, `1+02:00"`))
		Expect(load().At).To(Equal(past.At.UTC().Add(-2 * time.Hour)))
		Expect(load().Orphans["c-1"].Created).To(Equal(past.Orphans["c-1"].Created.UTC().Add(-2 * time.Hour)))
	})

	DescribeTable("does not count",
		func(lay func()) {
			keep(past)
			Expect(load()).NotTo(BeZero())
			lay()
			Expect(load()).To(BeZero())
		},
		Entry("where there is none", func() { Expect(os.Remove(filepath.Join(dir, journal.MemoryName))).To(Succeed()) }),
		Entry("after another boot", func() {
			writeTo(dir, journal.MemoryName, change("boot", "b2c6a3a4-0000-4000-8000-000000000000"))
		}),
		Entry("without a boot", func() { writeTo(dir, journal.MemoryName, change("boot", "")) }),
		Entry("in another format", func() { writeTo(dir, journal.MemoryName, change("format", 2)) }),
		Entry("in another format, and otherwise", func() { writeTo(dir, journal.MemoryName, `{"format": 2, "orphans": [], "at": 5}`) }),
		Entry("without a format", func() { writeTo(dir, journal.MemoryName, change("format", nil)) }),
		Entry("from a time to come", func() {
			writeTo(dir, journal.MemoryName, change("elapsed_ns", int64(journal.Elapsed()+time.Hour)))
		}),
		Entry("where the machine went down before it was on disk", func() { writeTo(dir, journal.MemoryName, "") }),
		Entry("where the machine went down and left zeros", func() { writeTo(dir, journal.MemoryName, strings.Repeat("\x00", 4096)) }),
	)

	It("does not count where a file is in the place of its directory", func() {
		writeTo(dir, "weeder", "")
		Expect(journal.Load(filepath.Join(dir, "weeder"))).To(BeZero())
	})

	DescribeTable("says what to do where it can't be read",
		func(lay func(path string), doing string) {
			path := filepath.Join(dir, journal.MemoryName)
			lay(path)
			loaded, err := journal.Load(dir)
			Expect(loaded).To(BeZero())
			Expect(err).To(MatchError(And(HavePrefix(doing), ContainSubstring("remove "+path+" to start anew"))))
		},
		Entry("a directory in its place", func(path string) { Expect(os.Mkdir(path, 0o755)).To(Succeed()) }, "read memory"),
		Entry("a loop of links", func(path string) { Expect(os.Symlink(path, path)).To(Succeed()) }, "read memory"),
		Entry("cut short", func(string) {
			keep(past)
			kept := contentOf(dir, journal.MemoryName)
			writeTo(dir, journal.MemoryName, kept[:len(kept)-10])
		}, "understand memory"),
		Entry("something behind it", func(string) {
			keep(past)
			writeTo(dir, journal.MemoryName, contentOf(dir, journal.MemoryName)+"}")
		}, "understand memory"),
		Entry("another JSON", func(string) { writeTo(dir, journal.MemoryName, "[]") }, "understand memory"),
		Entry("a field of another kind", func(string) {
			keep(past)
			writeTo(dir, journal.MemoryName, change("elapsed_ns", "5s"))
		}, "understand memory"),
		Entry("no text", func(string) { writeTo(dir, journal.MemoryName, "\xff\xfe") }, "understand memory"),
	)

	It("says which error it was", func() {
		Expect(os.Mkdir(filepath.Join(dir, journal.MemoryName), 0o755)).To(Succeed())
		_, err := journal.Load(dir)
		Expect(err).To(MatchError(syscall.EISDIR))
	})
})
