package spec

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("history", func() {
	var w *worker
	now := func() time.Time { return time.Now().UTC().Truncate(time.Second) }

	BeforeEach(func() {
		// No worker runs: the journal is all that it takes.
		dir := GinkgoT().TempDir()
		Expect(os.Chmod(dir, 0o755)).To(Succeed())
		w = &worker{Target: deadAddress(), Journal: filepath.Join(dir, "journal")}
	})

	line := func(at time.Time, rest string, values ...any) string {
		return fmt.Sprintf(`{"time":%q,`, at.Format(time.RFC3339Nano)) + fmt.Sprintf(rest, values...) + "}\n"
	}
	about := func(at time.Time, event, handle string) string {
		return line(at, `"event":%q,"handle":%q,"reasons":[{"code":"volume-missing","volume":"v-1","detail":"in none of init, live and dead"},`+
			`{"code":"volume-dead","volume":"v-2","detail":"d"}],"purpose":"main/web-ui/unit #42 get","age_seconds":5400,"grace_seconds":600`, event, handle)
	}
	write := func(lines ...string) { writeFile(strings.Join(lines, ""), w.Journal, "journal.jsonl") }

	It("shows the journal as a table", func() {
		at := now().Add(-time.Hour)
		write(
			about(at, "flagged", "c-1"),
			about(at.Add(time.Minute), "destroying", "c-1"),
			line(at.Add(2*time.Minute), `"event":"destroy-failed","handle":"c-1","age_seconds":null,"grace_seconds":0,"error":"1 error occurred:\n\t* runc: \u001b[31mno\n"`),
			line(at.Add(3*time.Minute), `"event":"interlock","interlock":"no-volume-found","on":true,"age_seconds":null,"grace_seconds":0,"note":"live is empty"`),
			line(at.Add(4*time.Minute), `"event":"interlock","interlock":"no-volume-found","on":false,"age_seconds":null,"grace_seconds":0`),
			about(at.Add(5*time.Minute), "destroyed", "c-1"),
		)
		stamp := func(minutes int) string { return at.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
		rows := [][]string{
			{stamp(0), "flagged", "c-1", "1h30m", "main/web-ui/unit #42 get", "volume-missing v-1, volume-dead v-2"},
			{stamp(1), "destroying", "c-1", "1h30m", "main/web-ui/unit #42 get", "volume-missing v-1, volume-dead v-2"},
			{stamp(2), "destroy-failed", "c-1", "-", "-", "1 error occurred: * runc: \uFFFD[31mno"},
			{stamp(3), "interlock on", "no-volume-found", "-", "-", "live is empty"},
			{stamp(4), "interlock off", "no-volume-found", "-", "-", "-"},
			{stamp(5), "destroyed", "c-1", "1h30m", "main/web-ui/unit #42 get", "volume-missing v-1, volume-dead v-2"},
		}
		session := weeder(w, "history")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(Equal(columns(rows...)))
		Expect(stderr(session)).To(BeEmpty())

		By("adding headers and colours on a terminal")
		shown := screen(command(w, "history"))
		Expect(sgr.ReplaceAllString(shown, "")).To(Equal(
			columns(append([][]string{{"time", "event", "handle", "age", "for", "why"}}, rows...)...)))
		Expect(shown).To(SatisfyAll(ContainSubstring("\x1b[32mdestroyed\x1b[0m"), ContainSubstring("\x1b[31mdestroy-failed\x1b[0m")))
	})

	DescribeTable("looks back",
		func(args []string, handles ...string) {
			write(
				about(now().Add(-8*24*time.Hour), "destroyed", "old"),
				about(now().Add(-25*time.Hour), "destroyed", "yesterday"),
				about(now().Add(-2*time.Hour), "destroyed", "today"),
				about(now().Add(-time.Minute), "destroyed", "now"),
			)
			session := weeder(w, append([]string{"history"}, args...)...)
			Expect(session).To(gexec.Exit(0))
			var shown []string
			for row := range strings.Lines(stdout(session)) {
				shown = append(shown, strings.Fields(row)[2])
			}
			Expect(shown).To(Equal(handles))
		},
		Entry("a day", nil, "today", "now"),
		Entry("90 minutes", []string{"--since=90m"}, "now"),
		Entry("two days", []string{"--since=2d"}, "yesterday", "today", "now"),
		Entry("nine and a half days", []string{"--since", "9.5d"}, "old", "yesterday", "today", "now"),
		Entry("a week", []string{"--since=1w"}, "yesterday", "today", "now"),
		Entry("a week and two days", []string{"--since=1w2d"}, "old", "yesterday", "today", "now"),
		Entry("a day and two hours", []string{"--since=1d2h"}, "yesterday", "today", "now"),
		Entry("two days, up to one ago", []string{"--since=2d", "--until=1d"}, "yesterday"),
	)

	It("counts by the hour, those included in which nothing happened", func() {
		hour := time.Now().UTC().Truncate(time.Hour)
		write(
			about(hour.Add(-2*time.Hour), "flagged", "c-1"),
			about(hour.Add(-2*time.Hour+time.Minute), "flagged", "c-2"),
			about(hour.Add(-time.Minute), "destroying", "c-1"),
			about(hour.Add(-time.Minute), "destroy-failed", "c-1"),
			about(hour, "destroyed", "c-1"),
			about(hour, "would-destroy", "c-2"),
		)
		stamp := func(hours int) string { return hour.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339) }
		since := fmt.Sprintf("--since=%ds", int(time.Since(hour.Add(-3*time.Hour)).Seconds()))
		session := weeder(w, "history", "--by=hour", since)
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(Equal(columns(
			[]string{stamp(-3), "0", "0", "0", "0"},
			[]string{stamp(-2), "2", "0", "0", "0"},
			[]string{stamp(-1), "0", "0", "0", "1"},
			[]string{stamp(0), "0", "1", "1", "0"},
		)))
		Expect(screen(command(w, "history", "--by", "hour"))).To(ContainSubstring("would destroy"))

		var hours struct{ Hours []map[string]any }
		Expect(json.Unmarshal(weeder(w, "history", "--by=hour", since, "--json").Out.Contents(), &hours)).To(Succeed())
		Expect(hours.Hours).To(HaveLen(4))
		Expect(hours.Hours[3]).To(Equal(map[string]any{
			"hour": stamp(0), "leaked": 0.0, "would_destroy": 1.0, "destroyed": 1.0, "failed": 0.0, "reasons": map[string]any{}}))
	})

	It("gives as JSON what the journal has", func() {
		text := about(now().Add(-time.Hour), "destroyed", "c-1")
		write(text)
		session := weeder(w, "history", "--json")
		Expect(session).To(gexec.Exit(0))
		var answer struct {
			Since   time.Time
			Entries []json.RawMessage
		}
		Expect(json.Unmarshal(session.Out.Contents(), &answer)).To(Succeed())
		Expect(answer.Since).To(BeTemporally("~", time.Now().Add(-24*time.Hour), time.Minute))
		Expect(answer.Entries).To(HaveLen(1))
		Expect(answer.Entries[0]).To(MatchJSON(text))
	})

	It("says that there is nothing in a journal where nothing was told", func() {
		write(about(now().Add(-25*time.Hour), "destroyed", "yesterday"))
		session := weeder(w, "history")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(BeEmpty())
		Expect(stderr(session)).To(And(HavePrefix("nothing in the journal since "), ContainSubstring(w.Journal)))
	})

	DescribeTable("says that there is no journal",
		func(lay func()) {
			lay()
			session := weeder(w, "history")
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(BeEmpty())
			warning := "warning: there is no journal in " + w.Journal + ": set --journal, or start weeder daemon\n"
			Expect(stderr(session)).To(Equal(warning))

			session = weeder(w, "history", "--by=hour-of-day")
			Expect(session).To(gexec.Exit(0))
			Expect(strings.Count(stdout(session), "\n")).To(Equal(24), "scripts get what they always got")
			Expect(stderr(session)).To(Equal(warning))

			session = weeder(w, "history", "--json")
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(Equal(warning))
			var answer struct{ Entries []any }
			Expect(json.Unmarshal(session.Out.Contents(), &answer)).To(Succeed())
			Expect(answer.Entries).To(And(BeEmpty(), Not(BeNil())))
		},
		Entry("in a directory that is missing, and leaves no trace", func() {
			DeferCleanup(func() { Expect(w.Journal).NotTo(BeAnExistingFile()) })
		}),
		Entry("in an empty directory", func() { Expect(os.Mkdir(w.Journal, 0o755)).To(Succeed()) }),
		Entry("in a file", func() { writeFile("", w.Journal) }),
	)

	It("passes over lines that are none, and reads older files first", func() {
		torn := about(now(), "destroyed", "torn")
		writeFile(about(now().Add(-time.Hour), "flagged", "first"), w.Journal, "journal.jsonl.1")
		write("\x00\x00\n[]\n\n", torn[:len(torn)/2]+"\n", about(now().Add(-time.Minute), "destroyed", "second"), torn[:len(torn)-2])
		session := weeder(w, "history")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(MatchRegexp(`\A\S+ +flagged +first .*\n\S+ +destroyed +second .*\n\z`))

		By("telling how many were lost, but for an empty one and one that is cut short at the end of its file")
		Expect(stderr(session)).To(Equal("warning: passed over 3 lines that could not be read in " + filepath.Join(w.Journal, "journal.jsonl") + "\n"))
	})

	It("says that it may not read", func() {
		write(about(now(), "destroyed", "c-1"))
		forbid(w.Journal)
		complains(unprivileged(w, "history"), 1, w.Journal, "permission denied: run weeder as root\n")
	})

	It("says what to give for nothing", func() {
		for _, option := range []string{"--since", "--until"} {
			complains(weeder(w, "history", option, ""), 2, option+"': \"\": give a duration above 0, such as 90m, 24h, 1d12h or 2w, or a time, such as '2026-11-20 14:00'")
		}
	})

	DescribeTable("takes no other",
		func(args ...string) {
			complains(weeder(w, append([]string{"history"}, args...)...), 2)
		},
		Entry("duration", "--since=yesterday"),
		Entry("duration than one above 0", "--since=0h"),
		Entry("duration than one above 0", "--since=-1d"),
		Entry("duration than one above 0", "--since=1d-1h"),
		Entry("duration than one above 0", "--since=0d"),
		Entry("days than before hours", "--since=12h1d"),
		Entry("number of days", "--since=1.2.3d"),
		Entry("duration than one that can be counted", "--since=99999999w"),
		Entry("duration than one on a line", "--since=1d\n"),
		Entry("grouping", "--by=day"),
	)
})
