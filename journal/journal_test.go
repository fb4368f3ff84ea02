package journal_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
	"weeder/reaper"
)

var _ = Describe("Journal", func() {
	var dir string
	BeforeEach(func() { dir = GinkgoT().TempDir() })

	It("writes a line with all that there is to say of an event", func() {
		record(dir, reaper.Event{
			Time:   time.Date(2016, 10, 21, 16, 29, 15, 500_000_000, time.FixedZone("CEST", 2*60*60)),
			Name:   reaper.EventDestroyFailed,
			Handle: "c-1",
			Reasons: []reaper.Reason{
				{Code: reaper.VolumeIsMissing, Volume: "v-1", Detail: "in none of init, live and dead"},
				{Code: reaper.VolumeExpired, Volume: "v-2", Detail: "expired"},
			},
			Age:      time.Hour,
			Grace:    90 * time.Second,
			Failures: 3,
			Note:     "said twice",
			Err:      errors.New("runc delete: exit status 1"),
		})
		Expect(content(dir)).To(HaveSuffix("}\n"))
		Expect(content(dir)).To(MatchJSON(`{
			"time": "2016-10-21T14:29:15.5Z",
			"event": "destroy-failed",
			"handle": "c-1",
			"reasons": [
				{"code": "volume-missing", "volume": "v-1", "detail": "in none of init, live and dead"},
				{"code": "volume-expired", "volume": "v-2", "detail": "expired"}
			],
			"age_seconds": 3600,
			"grace_seconds": 90,
			"error": "runc delete: exit status 1",
			"failures": 3,
			"note": "said twice"
		}`))
	})

	It("writes null for an age that is not known, and leaves out what an event has not", func() {
		record(dir, reaper.Event{Time: now, Name: reaper.EventCleared})
		Expect(content(dir)).To(MatchJSON(`{"time": "2016-10-21T14:29:15Z", "event": "cleared", "age_seconds": null, "grace_seconds": 0}`))
	})

	DescribeTable("writes how an interlock changed",
		func(on bool, note, written string) {
			record(dir, reaper.Event{Time: now, Name: reaper.EventInterlock, Interlock: reaper.GardenUnreachable, On: on, Note: note})
			Expect(content(dir)).To(MatchJSON(`{
				"time": "2016-10-21T14:29:15Z", "event": "interlock", "age_seconds": null, "grace_seconds": 0,
				"interlock": "garden-unreachable", ` + written + `}`))
		},
		Entry("on, with its detail", true, "no answer", `"on": true, "note": "no answer"`),
		Entry("off, which is written too", false, "", `"on": false`),
	)

	It("cuts short an error and a note that would make the line unreadable", func() {
		long := strings.Repeat("ä", 1<<20)
		record(dir, reaper.Event{Time: now, Name: reaper.EventDestroyFailed, Handle: "c-1", Err: errors.New("x" + long), Note: long})
		entries := read(dir)
		Expect(entries).To(HaveLen(1))
		Expect(entries[0].Handle).To(Equal("c-1"))
		Expect(entries[0].Error).To(And(HavePrefix("xää"), HaveSuffix("ä…")))
		Expect(entries[0].Note).To(HaveSuffix("ä…"))
		Expect(len(content(dir))).To(BeNumerically("<", 20<<10))
	})

	It("writes null for an age below nothing", func() {
		record(dir, reaper.Event{Time: now, Name: reaper.EventDestroying, Handle: "c-1", Age: -time.Hour})
		Expect(content(dir)).To(ContainSubstring(`"age_seconds":null`))
	})

	It("writes one line for each event, in their order, behind what is there", func() {
		record(dir, event("flagged", "a", 0), event(reaper.EventDestroying, "a", 1))
		record(dir, event(reaper.EventDestroyed, "a", 2))
		Expect(strings.SplitAfter(content(dir), "\n")).To(HaveExactElements(
			ContainSubstring(`"flagged"`), ContainSubstring(`"destroying"`), ContainSubstring(`"destroyed"`), BeEmpty()))
	})

	It("keeps to one line whatever an event holds", func() {
		strange := "a\nb\"\x00\u2028"
		record(dir, reaper.Event{Time: now, Name: "flagged", Handle: strange, Err: errors.New("one\ntwo\n")})
		Expect(strings.Count(content(dir), "\n")).To(Equal(1))
		Expect(handles(dir)).To(Equal([]string{strange}))
	})

	It("has an event on disk as soon as it is recorded", func() {
		j := journal.New(dir)
		DeferCleanup(j.Close)
		Expect(j.Record(event("flagged", "a", 0))).To(Succeed())
		Expect(handles(dir)).To(Equal([]string{"a"}))
	})

	It("makes its directory at the first event, closed to others", func() {
		deep := filepath.Join(dir, "weeder", "journal")
		j := journal.New(deep)
		Expect(j.Close()).To(Succeed())
		Expect(filepath.Dir(deep)).NotTo(BeADirectory())

		record(deep, event("flagged", "a", 0))
		for _, path := range []string{deep, filepath.Join(deep, journal.FileName)} {
			info, err := os.Stat(path)
			Expect(err).NotTo(HaveOccurred())
			Expect(info.Mode().Perm() & 0o007).To(BeZero())
		}
	})

	It("can be closed twice, and opens again for the next event", func() {
		j := journal.New(dir)
		Expect(j.Record(event("flagged", "a", 0))).To(Succeed())
		Expect(j.Close()).To(Succeed())
		Expect(j.Close()).To(Succeed())
		Expect(j.Record(event("flagged", "b", 0))).To(Succeed())
		Expect(j.Close()).To(Succeed())
		Expect(strings.Count(content(dir), "\n")).To(Equal(2))
	})

	Context("when it can't be written", func() {
		It("says so where a file is in the place of its directory, and tries again at the next event", func() {
			obstacle := filepath.Join(dir, "weeder")
			Expect(os.WriteFile(obstacle, nil, 0o644)).To(Succeed())
			j := journal.New(filepath.Join(obstacle, "journal"))
			DeferCleanup(j.Close)
			Expect(j.Record(event("flagged", "a", 0))).To(And(
				MatchError(syscall.ENOTDIR), MatchError(HavePrefix("make journal directory: "))))

			Expect(os.Remove(obstacle)).To(Succeed())
			Expect(j.Record(event("flagged", "a", 0))).To(Succeed())
		})

		It("says so where a directory is in the place of its file", func() {
			Expect(os.Mkdir(filepath.Join(dir, journal.FileName), 0o755)).To(Succeed())
			j := journal.New(dir)
			Expect(j.Record(event("flagged", "a", 0))).To(And(
				MatchError(syscall.EISDIR), MatchError(HavePrefix("open journal: "))))
			Expect(j.Close()).To(Succeed())
		})

		It("says so where the disk is full", func() {
			Expect(os.Symlink("/dev/full", filepath.Join(dir, journal.FileName))).To(Succeed())
			j := journal.New(dir)
			DeferCleanup(j.Close)
			Expect(j.Record(event("flagged", "a", 0))).To(And(
				MatchError(syscall.ENOSPC), MatchError(HavePrefix("append to journal: "))))
		})
	})

	It("says so where it can't be synced", func() {
		Expect(os.Symlink(os.DevNull, filepath.Join(dir, journal.FileName))).To(Succeed())
		j := journal.New(dir)
		DeferCleanup(j.Close)
		Expect(j.Record(event("flagged", "a", 0))).To(And(
			MatchError(syscall.EINVAL), MatchError(HavePrefix("sync journal: "))))
	})

	It("keeps every line whole with several writers, in this process and others", func() {
		const writers, events = 8, 25
		shared := journal.New(dir)
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				defer GinkgoRecover()
				own := journal.New(dir)
				for n := range events {
					Expect(shared.Record(event("flagged", fmt.Sprintf("shared-%d-%d", i, n), time.Second))).To(Succeed())
					Expect(own.Record(event("flagged", fmt.Sprintf("own-%d-%d", i, n), time.Second))).To(Succeed())
				}
				Expect(own.Close()).To(Succeed())
			})
		}
		all.Wait()
		Expect(shared.Close()).To(Succeed())

		// Who sees half of another's write begins a line, which leaves one empty.
		Expect(strings.Fields(content(dir))).To(HaveLen(2 * writers * events))
		var recorded []string
		for i := range writers {
			for n := range events {
				recorded = append(recorded, fmt.Sprintf("shared-%d-%d", i, n), fmt.Sprintf("own-%d-%d", i, n))
			}
		}
		Expect(handles(dir)).To(ConsistOf(recorded))
	})
})
