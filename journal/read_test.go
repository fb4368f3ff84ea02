package journal_test

import (
	"encoding/json"
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

// line is an entry as an earlier release wrote it.
func line(event, handle string, second int) string {
	return fmt.Sprintf(`{"time":"2016-10-21T14:29:%02dZ","event":%q,"handle":%q,"age_seconds":null,"grace_seconds":600}`+"\n",
		second, event, handle)
}

var _ = Describe("Read", func() {
	var dir string
	BeforeEach(func() { dir = GinkgoT().TempDir() })

	It("gives back what was recorded, and the same JSON", func() {
		age := 90.5
		on := true
		record(dir,
			reaper.Event{
				Time: now, Name: reaper.EventDestroyFailed, Handle: "c-1", Failures: 2, Note: "a note",
				Reasons: []reaper.Reason{{Code: reaper.VolumeIsDead, Volume: "v-1", Detail: "in dead"}},
				Purpose: reaper.Purpose{Pipeline: "web-ui", Step: reaper.StepGet},
				Age:     90500 * time.Millisecond, Grace: time.Minute, Err: fmt.Errorf("no"),
			},
			reaper.Event{Time: now, Name: reaper.EventInterlock, Interlock: reaper.Starting, On: true})
		entries := read(dir)
		Expect(entries).To(Equal([]journal.Entry{
			{
				Time: now, Event: reaper.EventDestroyFailed, Handle: "c-1", Failures: 2, Note: "a note",
				Reasons: []reaper.Reason{{Code: reaper.VolumeIsDead, Volume: "v-1", Detail: "in dead"}},
				Purpose: "web-ui get", AgeSeconds: &age, GraceSeconds: 60, Error: "no",
			},
			{Time: now, Event: reaper.EventInterlock, Interlock: reaper.Starting, On: &on},
		}))

		lines := strings.Split(strings.TrimSpace(content(dir)), "\n")
		for i, entry := range entries {
			Expect(json.Marshal(entry)).To(MatchJSON(lines[i]))
		}
	})

	It("has none without a journal, and makes none by reading", func() {
		missing := filepath.Join(dir, "weeder")
		Expect(read(missing)).To(BeEmpty())
		Expect(missing).NotTo(BeADirectory())

		Expect(read(dir)).To(BeEmpty())
		Expect(os.ReadDir(dir)).To(BeEmpty())
	})

	It("has none in an empty journal", func() {
		write(dir, "")
		Expect(read(dir)).To(BeEmpty())
	})

	It("has none where a file is in the place of its directory", func() {
		path := filepath.Join(dir, "weeder")
		Expect(os.WriteFile(path, nil, 0o644)).To(Succeed())
		Expect(read(path)).To(BeEmpty())
	})

	It("reads the old files from the oldest, and the present one last, whatever number is missing", func() {
		writeTo(dir, "journal.jsonl.99", line("flagged", "a", 1))
		writeTo(dir, "journal.jsonl.10", line("flagged", "b", 2))
		writeTo(dir, "journal.jsonl.9", line("flagged", "c", 3))
		writeTo(dir, "journal.jsonl.1", line("flagged", "d", 4)+line("flagged", "e", 5))
		Expect(handles(dir)).To(Equal([]string{"a", "b", "c", "d", "e"}))
		write(dir, line("flagged", "f", 6))
		Expect(handles(dir)).To(Equal([]string{"a", "b", "c", "d", "e", "f"}))
	})

	It("keeps to the order of writing where the clock was set back", func() {
		write(dir, line("flagged", "a", 5)+line("flagged", "b", 1))
		Expect(handles(dir)).To(Equal([]string{"a", "b"}))
	})

	It("takes exact repetitions for one, at the place of the first", func() {
		writeTo(dir, "journal.jsonl.1", line("flagged", "a", 1)+line("flagged", "b", 2))
		write(dir, line("flagged", "c", 3)+line("flagged", "a", 1)+line("flagged", "a", 4)+line("cleared", "a", 4))
		Expect(handles(dir)).To(Equal([]string{"a", "b", "c", "a", "a"}))
	})

	DescribeTable("leaves out what is from before the given time",
		func(second int, expected ...string) {
			write(dir, line("flagged", "a", 1)+line("flagged", "b", 2)+line("flagged", "c", 3)+line("flagged", "late", 1))
			account, err := journal.Read(dir, time.Date(2016, 10, 21, 14, 29, second, 0, time.FixedZone("", 0)))
			Expect(err).NotTo(HaveOccurred())
			Expect(handlesOf(account.Entries)).To(Equal(expected))
		},
		Entry("nothing", 1, "a", "b", "c", "late"),
		Entry("some; what is from that time stays", 2, "b", "c"),
		Entry("the last alone", 3, "c"),
	)

	It("does not read a file that was written last before the given time", func() {
		since := now.Add(time.Hour)
		for i, age := range []time.Duration{2 * time.Minute, 50 * time.Second, -time.Minute} {
			path := filepath.Join(dir, fmt.Sprintf("journal.jsonl.%d", 3-i))
			writeTo(dir, filepath.Base(path), strings.ReplaceAll(line("flagged", fmt.Sprint(age), 1), "2016", "2017"))
			Expect(os.Chtimes(path, time.Time{}, since.Add(-age))).To(Succeed())
		}
		account, err := journal.Read(dir, since)
		Expect(err).NotTo(HaveOccurred())
		Expect(handlesOf(account.Entries)).To(Equal([]string{"50s", "-1m0s"}))
	})

	DescribeTable("passes over what is no entry, and reads what is behind it",
		func(middle string) {
			write(dir, line("flagged", "before", 1)+middle+line("flagged", "behind", 2))
			Expect(handles(dir)).To(Equal([]string{"before", "behind"}))
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

	It("reads an event of a later release", func() {
		write(dir, `{"time":"2016-10-21T14:29:03Z","event":"polished","handle":"c","shine":11}`+"\n")
		Expect(handles(dir)).To(Equal([]string{"c"}))
	})

	It("reads a line as long as an entry may be", func() {
		entry := line("flagged", "c", 3)
		write(dir, strings.Repeat(" ", 1<<20-len(entry))+entry)
		Expect(handles(dir)).To(Equal([]string{"c"}))
	})

	DescribeTable("passes over a last line that is torn, and goes on with the next file",
		func(last string) {
			writeTo(dir, "journal.jsonl.1", line("flagged", "before", 1)+last)
			Expect(handles(dir)).To(Equal([]string{"before"}))
			write(dir, line("flagged", "behind", 1)+last)
			Expect(handles(dir)).To(Equal([]string{"before", "behind"}))
		},
		Entry("in its midst", line("flagged", "c", 2)[:60]),
		Entry("at its first byte", "{"),
		Entry("overlong", strings.Repeat("x", 3<<20)),
	)

	DescribeTable("says so where the journal is there and can't be read",
		func(lay func(path string), fault error, doing string) {
			lay(filepath.Join(dir, "weeder"))
			_, err := journal.Read(filepath.Join(dir, "weeder"), time.Time{})
			Expect(err).To(MatchError(fault))
			Expect(err).To(MatchError(HavePrefix(doing)))
			_, err = journal.Dangling(filepath.Join(dir, "weeder"))
			Expect(err).To(MatchError(fault))
		},
		Entry("a loop of links", func(path string) {
			Expect(os.Symlink(path, path)).To(Succeed())
		}, syscall.ELOOP, "open journal: "),
		Entry("a directory in the place of its file", func(path string) {
			Expect(os.MkdirAll(filepath.Join(path, journal.FileName), 0o755)).To(Succeed())
		}, syscall.EISDIR, "read journal: "),
		Entry("a directory in the place of an old file", func(path string) {
			Expect(os.MkdirAll(filepath.Join(path, journal.FileName+".1"), 0o755)).To(Succeed())
			write(path, line("flagged", "c", 1))
		}, syscall.EISDIR, "read journal: "),
	)
})

var _ = Describe("Dangling", func() {
	dangling := func(lines ...string) []string {
		GinkgoHelper()
		dir := GinkgoT().TempDir()
		write(dir, strings.Join(lines, ""))
		handles, err := journal.Dangling(dir)
		Expect(err).NotTo(HaveOccurred())
		return handles
	}

	DescribeTable("names the containers whose destroy has no end",
		func(expected []string, lines ...string) {
			Expect(dangling(lines...)).To(HaveExactElements(expected))
		},
		Entry("nothing happened", nil),
		Entry("begun", []string{"c"}, line("destroying", "c", 1)),
		Entry("destroyed", nil, line("destroying", "c", 1), line("destroyed", "c", 2)),
		Entry("failed", nil, line("destroying", "c", 1), line("destroy-failed", "c", 2)),
		Entry("begun anew", []string{"c"}, line("destroying", "c", 1), line("destroy-failed", "c", 2), line("destroying", "c", 3)),
		Entry("another one destroyed", []string{"c"}, line("destroying", "c", 1), line("destroyed", "d", 2)),
		Entry("whatever else was told of it", []string{"c"}, line("flagged", "c", 1), line("destroying", "c", 2),
			line("cleared", "c", 3), line("stuck", "c", 3), line("flagged", "c", 4), line("would-destroy", "c", 5)),
		Entry("two, sorted", []string{"a", "b"}, line("destroying", "b", 1), line("destroying", "a", 2)),
		Entry("begun, told twice", nil, line("destroying", "c", 1), line("destroyed", "c", 2), line("destroying", "c", 1)),
	)

	It("looks at the file before, and at none older", func() {
		dir := GinkgoT().TempDir()
		writeTo(dir, "journal.jsonl.2", line("destroying", "older", 1))
		writeTo(dir, "journal.jsonl.1", line("destroying", "a", 1)+line("destroying", "b", 1))
		write(dir, line("destroyed", "a", 2))
		Expect(journal.Dangling(dir)).To(Equal([]string{"b"}))
	})

	It("names none without a journal", func() {
		Expect(journal.Dangling(filepath.Join(GinkgoT().TempDir(), "weeder"))).To(BeEmpty())
	})
})
