package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
	"weeder/reaper"
)

var _ = Describe("ReadSightings", func() {
	const never = time.Duration(-1)

	var dir string
	BeforeEach(func() { dir = GinkgoT().TempDir() })

	line := func(event, handle string, second int) string {
		return fmt.Sprintf(`{"time":"2016-10-21T14:29:%02dZ","event":%q,"handle":%q,"age_seconds":null,"grace_seconds":600}`+"\n",
			second, event, handle)
	}
	at := func(second int) time.Time { return time.Date(2016, 10, 21, 14, 29, second, 0, time.UTC) }

	DescribeTable("says when an orphan was first seen",
		func(after time.Duration, events ...reaper.Event) {
			record(dir, events...)
			if after == never {
				Expect(seen(read(dir), "c")).To(BeZero())
				return
			}
			Expect(seen(read(dir), "c")).To(Equal(now.Add(after)))
		},
		Entry("flagged", 3*time.Second, event("flagged", "c", 3*time.Second)),
		Entry("flagged again: the first", 1*time.Second, event("flagged", "c", time.Second), event("flagged", "c", 2*time.Second)),
		Entry("cleared since: no earlier than that", 2*time.Second, event("flagged", "c", time.Second), event("cleared", "c", 2*time.Second)),
		Entry("cleared and destroyed since", never, event("flagged", "c", 1), event("cleared", "c", 2), event(reaper.EventDestroyed, "c", 3)),
		Entry("flagged anew", 3*time.Second, event("flagged", "c", 1), event("cleared", "c", 2), event("flagged", "c", 3*time.Second)),
		Entry("destroyed since", never, event("flagged", "c", 1), event(reaper.EventDestroying, "c", 2), event(reaper.EventDestroyed, "c", 3)),
		Entry("made and flagged anew", 4*time.Second, event("flagged", "c", 1), event(reaper.EventDestroyed, "c", 2), event("flagged", "c", 4*time.Second)),
		Entry("not destroyed in the end", time.Second, event("flagged", "c", time.Second), event(reaper.EventDestroying, "c", 2*time.Second), event(reaper.EventDestroyFailed, "c", 3*time.Second)),
		Entry("not known to be destroyed", time.Second, event("flagged", "c", time.Second), event(reaper.EventDestroying, "c", 2*time.Second)),
		Entry("whatever else happened to it", time.Second, event("flagged", "c", time.Second), event("would-destroy", "c", 2*time.Second), event("stuck", "c", 3*time.Second)),
		Entry("whatever happened to another", time.Second, event("flagged", "c", time.Second), event("cleared", "d", 2*time.Second), event(reaper.EventDestroyed, "", 3*time.Second)),
		Entry("only destroyed", never, event(reaper.EventDestroying, "c", 1), event(reaper.EventDestroyed, "c", 2)),
		Entry("only another flagged", never, event("flagged", "d", 1)),
		Entry("an event of a later release", time.Second, event("flagged", "c", time.Second), event("polished", "c", 2*time.Second)),
	)

	It("has none without a journal, and makes none by reading", func() {
		missing := filepath.Join(dir, "weeder")
		Expect(seen(read(missing), "c")).To(BeZero())
		Expect(missing).NotTo(BeADirectory())

		Expect(seen(read(dir), "c")).To(BeZero())
		Expect(os.ReadDir(dir)).To(BeEmpty())
	})

	It("has none in an empty journal, nor as its zero value", func() {
		write(dir, "")
		Expect(seen(read(dir), "c")).To(BeZero())
		Expect(seen(journal.Sightings{}, "c")).To(BeZero())
	})

	DescribeTable("passes over what is no entry, and reads what is behind it",
		func(middle string) {
			write(dir, line("flagged", "before", 1)+middle+line("flagged", "behind", 2))
			sightings := read(dir)
			Expect(seen(sightings, "before")).To(Equal(at(1)))
			Expect(seen(sightings, "behind")).To(Equal(at(2)))
			Expect(seen(sightings, "c")).To(BeZero())
		},
		Entry("an empty line", "\n"),
		Entry("a line torn at its end", line("flagged", "c", 3)[:60]+"\n"),
		Entry("a line torn at its beginning", line("flagged", "c", 3)[20:]),
		Entry("two entries glued together", strings.TrimSpace(line("flagged", "c", 3))+line("flagged", "c", 3)),
		Entry("zeros, as a crash leaves them", strings.Repeat("\x00", 4096)+"\n"),
		Entry("another JSON", "[1, 2]\n"),
		Entry("null", "null\n"),
		Entry("an entry without a time", `{"event":"flagged","handle":"c"}`+"\n"),
		Entry("an entry with a time that is none", `{"time":"yesterday","event":"flagged","handle":"c"}`+"\n"),
		Entry("an entry with a handle that is none", `{"time":"2016-10-21T14:29:03Z","event":"flagged","handle":["c"]}`+"\n"),
		Entry("an overlong line", line("flagged", "c", 3)[:60]+strings.Repeat("x", 1<<20)+"\n"),
		Entry("a line longer than several readings", strings.Repeat("x", 5<<20)+"\n"),
		Entry("an overlong line that would be an entry", strings.Repeat(" ", 1<<20)+line("flagged", "c", 3)),
	)

	It("reads a line as long as an entry may be", func() {
		entry := line("flagged", "c", 3)
		write(dir, strings.Repeat(" ", 1<<20-len(entry))+entry)
		Expect(seen(read(dir), "c")).To(Equal(at(3)))
	})

	DescribeTable("passes over a last line that is torn",
		func(last string) {
			write(dir, line("flagged", "before", 1)+last)
			sightings := read(dir)
			Expect(seen(sightings, "before")).To(Equal(at(1)))
			Expect(seen(sightings, "c")).To(BeZero())
		},
		Entry("in its midst", line("flagged", "c", 2)[:60]),
		Entry("at its first byte", "{"),
		Entry("overlong", strings.Repeat("x", 3<<20)),
	)

	It("has none where a file is in the place of its directory", func() {
		path := filepath.Join(dir, "weeder")
		Expect(os.WriteFile(path, nil, 0o644)).To(Succeed())
		Expect(seen(read(path), "c")).To(BeZero())
	})

	DescribeTable("says so where the journal is there and can't be read",
		func(lay func(path string), fault error, doing string) {
			lay(filepath.Join(dir, "weeder"))
			_, err := journal.ReadSightings(filepath.Join(dir, "weeder"))
			Expect(err).To(MatchError(fault))
			Expect(err).To(MatchError(HavePrefix(doing)))
		},
		Entry("a loop of links", func(path string) {
			Expect(os.Symlink(path, path)).To(Succeed())
		}, syscall.ELOOP, "open journal: "),
		Entry("a directory in the place of its file", func(path string) {
			Expect(os.MkdirAll(filepath.Join(path, journal.FileName), 0o755)).To(Succeed())
		}, syscall.EISDIR, "read journal: "),
	)
})
