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

var _ = Describe("history, asked about containers", func() {
	const long = "eb8f2bbf-86e1-4603-4881-548c9133aa62"
	var w *worker
	now := time.Now().UTC().Truncate(time.Second)
	old := now.Add(-9 * 24 * time.Hour)

	BeforeEach(func() {
		dir := GinkgoT().TempDir()
		Expect(os.Chmod(dir, 0o755)).To(Succeed())
		w = &worker{Target: deadAddress(), Journal: filepath.Join(dir, "journal")}
		line := func(at time.Time, rest string, values ...any) string {
			return fmt.Sprintf(`{"time":%q,`, at.Format(time.RFC3339)) + fmt.Sprintf(rest, values...) + `,"age_seconds":null,"grace_seconds":0}` + "\n"
		}
		about := func(at time.Time, event, handle string) string {
			return line(at, `"event":%q,"handle":%q`, event, handle)
		}
		writeFile(about(old, "flagged", "c-1")+
			line(old.Add(time.Minute), `"event":"interlock","interlock":"starting","on":true`)+
			about(old.Add(time.Hour), "flagged", "c-2")+
			about(now.Add(-2*time.Hour), "destroying", "c-1")+
			about(now.Add(-time.Hour), "destroyed", "c-1")+
			about(now.Add(-time.Hour), "flagged", long), w.Journal, "journal.jsonl")
	})

	// shown are the event and what it is about of each row.
	shown := func(args ...string) []string {
		GinkgoHelper()
		session := weeder(w, append([]string{"history"}, args...)...)
		Expect(session).To(gexec.Exit(0))
		rows := []string{}
		for row := range strings.Lines(stdout(session)) {
			rows = append(rows, strings.Join(strings.Fields(row)[1:3], " "))
		}
		return rows
	}

	It("shows all that was told of them, however long ago, and nothing else", func() {
		Expect(shown("c-1")).To(Equal([]string{"flagged c-1", "destroying c-1", "destroyed c-1"}))
		Expect(shown("c-2", "c-1")).To(Equal([]string{"flagged c-1", "flagged c-2", "destroying c-1", "destroyed c-1"}))
		Expect(stderr(weeder(w, "history", "c-2", "c-1"))).To(BeEmpty())
	})

	It("keeps to the time that is given", func() {
		Expect(shown("c-1", "--since=24h")).To(Equal([]string{"destroying c-1", "destroyed c-1"}))
		Expect(shown("c-1", "--until=90m")).To(Equal([]string{"flagged c-1", "destroying c-1"}))
		Expect(shown()).To(HaveLen(3))
	})

	It("begins with the journal, in the JSON and by the hour", func() {
		var answer struct {
			Since   time.Time
			Entries []struct{ Handle string }
		}
		Expect(json.Unmarshal(weeder(w, "history", "c-2", "--json").Out.Contents(), &answer)).To(Succeed())
		Expect(answer.Since).To(BeTemporally("==", old))
		Expect(answer.Entries).To(ConsistOf(HaveField("Handle", "c-2")))

		hours := strings.Split(strings.TrimSpace(stdout(weeder(w, "history", "c-2", "--by=hour"))), "\n")
		Expect(len(hours)).To(BeNumerically(">", 9*24))
		Expect(hours[0]).To(Equal(old.Truncate(time.Hour).Format(time.RFC3339) + "  0  0  0  0"))
		Expect(hours[1]).To(HaveSuffix("  1  0  0  0"))
	})

	It("says of which there is nothing, and which may be meant", func() {
		since := " since " + old.Format(time.RFC3339) + " (" + w.Journal + ")"
		for _, how := range [][]string{nil, {"--json"}, {"--by=hour-of-day"}} {
			session := weeder(w, append([]string{"history", "eb8f2bbf", "c-1", "nobody"}, how...)...)
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(Equal("nothing in the journal about eb8f2bbf" + since + ": did you mean " + long + "?\n" +
				"nothing in the journal about nobody" + since + "\n"))
		}
		By("saying since when, where that is given")
		Expect(stderr(weeder(w, "history", "c-2", "--since=2h", "--until=1h"))).To(MatchRegexp(`^nothing in the journal about c-2 since \S+ until \S+ \(`))
	})

	It("takes no empty one for what is about no container", func() {
		Expect(shown("")).To(BeEmpty())
	})

	It("says but once that there is no journal", func() {
		w.Journal += "-none"
		session := weeder(w, "history", "c-1")
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(Equal("warning: there is no journal in " + w.Journal + ": set --journal, or start weeder daemon\n"))
	})

	It("is completed from the journal, without Garden", func() {
		Expect(completing(command(w, "history", ""))).To(Equal([]string{"c-1", "c-2", long}))
		Expect(completing(command(w, "history", "c-1", "--since", "7d", "c"))).To(Equal([]string{"c-2"}))
		Expect(completing(command(w, "history", "--journal", w.Journal+"-none", ""))).To(Equal([]string{""}))
		writeFile(`{"time":"2026-01-01T00:00:00Z","event":"flagged","handle":"$(reboot)"}`+"\n", w.Journal, "journal.jsonl.1")
		Expect(completing(command(w, "history", ""))).To(HaveLen(3))
	})
})
