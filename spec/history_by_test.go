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

var _ = Describe("history, asked when leaks happen", func() {
	var w *worker
	const zone = "Asia/Kolkata" // UTC+5:30: its hours begin within UTC's

	BeforeEach(func() {
		dir := GinkgoT().TempDir()
		Expect(os.Chmod(dir, 0o755)).To(Succeed())
		w = &worker{Target: deadAddress(), Journal: filepath.Join(dir, "journal")}
	})

	entry := func(at, event string, codes ...string) string {
		var reasons []string
		for _, code := range codes {
			reasons = append(reasons, fmt.Sprintf(`{"code":%q,"volume":"v","detail":"d"}`, code))
		}
		return fmt.Sprintf(`{"time":%q,"event":%q,"handle":"c-%s","reasons":[%s],"age_seconds":null,"grace_seconds":0}`+"\n",
			at, event, at, strings.Join(reasons, ","))
	}
	write := func(lines ...string) { writeFile(strings.Join(lines, ""), w.Journal, "journal.jsonl") }
	history := func(args ...string) *gexec.Session {
		GinkgoHelper()
		return finish(in(zone, command(w, append([]string{"history"}, args...)...)))
	}
	// seen is what a terminal shows, in lines without the room at their ends.
	seen := func(args ...string) []string {
		GinkgoHelper()
		var lines []string
		for line := range strings.Lines(sgr.ReplaceAllString(screen(in(zone, command(w, append([]string{"history"}, args...)...))), "")) {
			lines = append(lines, strings.TrimRight(line, " \n"))
		}
		return lines
	}
	twoDays := []string{"--since=2026-11-18T00:00:00Z", "--until=2026-11-20T00:00:00Z"}

	Context("with two days of leaks", func() {
		BeforeEach(func() {
			write(
				entry("2026-11-17T23:59:59Z", "flagged", "volume-missing"),
				entry("2026-11-18T08:29:00Z", "flagged", "volume-missing"), // 13:59 there
				entry("2026-11-18T08:31:00Z", "flagged", "volume-expired", "volume-missing"),
				entry("2026-11-19T08:35:00Z", "flagged", "volume-missing"),
				entry("2026-11-19T08:40:00Z", "flagged", "volume-dead"),
				entry("2026-11-19T08:45:00Z", "flagged"),
				entry("2026-11-19T08:50:00Z", "destroyed"),
				entry("2026-11-19T08:51:00Z", "destroy-failed"),
				entry("2026-11-19T08:52:00Z", "would-destroy"),
				entry("2026-11-20T00:00:01Z", "flagged", "volume-missing"),
			)
		})

		It("counts them by the hours of the day, as the machine's clock has them", func() {
			var rows [][]string
			for hour := range 24 {
				row := []string{fmt.Sprintf("%02d:00", hour), "0", "0", "0", "0"}
				switch hour {
				case 13:
					row[1] = "1"
				case 14:
					row = []string{"14:00", "4", "1", "1", "1"}
				}
				rows = append(rows, row)
			}
			session := history(append(twoDays, "--by=hour-of-day")...)
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(Equal(columns(rows...)))
		})

		It("draws bars of the reasons on a terminal, and says what they mean", func() {
			lines := seen(append(twoDays, "--by=hour-of-day")...)
			Expect(lines).To(HaveLen(26))
			Expect(lines[0]).To(MatchRegexp(`^hour +leaked +would destroy +destroyed +failed +leaked, by reason$`))
			Expect(lines[14]).To(MatchRegexp(`^13:00 +1 +0 +0 +0 +m$`))
			Expect(lines[15]).To(MatchRegexp(`^14:00 +4 +1 +1 +1 +mdx\?$`))
			Expect(lines[16]).To(MatchRegexp(`^15:00 +0 +0 +0 +0$`))
			Expect(lines[25]).To(Equal("5 leaked: m missing 2, d dead 1, x expired 1, ? other 1; hours of IST (UTC+05:30)"))
		})

		It("draws each hour by the machine's clock, and gives scripts UTC", func() {
			lines := seen(append(twoDays, "--by=hour")...)
			Expect(lines).To(ContainElement(MatchRegexp(`^Wed 2026-11-18 13:30 +2 +0 +0 +0 +mx$`)))
			Expect(lines).To(HaveLen(1 + 49 + 1))
			Expect(stdout(history(append(twoDays, "--by=hour")...))).To(ContainSubstring("2026-11-18T08:00:00Z  2  0  0  0\n"))
		})

		It("gives the reasons as JSON", func() {
			var answer struct {
				Since, Until time.Time
				Hours        []struct {
					Hour    string
					Leaked  int
					Reasons map[string]int
				}
			}
			Expect(json.Unmarshal(history(append(twoDays, "--by=hour-of-day", "--json")...).Out.Contents(), &answer)).To(Succeed())
			Expect(answer.Hours).To(HaveLen(24))
			Expect(answer.Hours[14].Hour).To(Equal("14:00"))
			Expect(answer.Hours[14].Leaked).To(Equal(4))
			Expect(answer.Hours[14].Reasons).To(Equal(map[string]int{"volume-missing": 1, "volume-dead": 1, "volume-expired": 1}))
			Expect(answer.Since).To(BeTemporally("==", time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)))
			Expect(answer.Until).To(BeTemporally("==", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)))
		})

		DescribeTable("shows what lies between two times:", func(since, until string, handles ...string) {
			session := history("--since="+since, "--until="+until)
			Expect(session).To(gexec.Exit(0))
			var shown []string
			for row := range strings.Lines(stdout(session)) {
				shown = append(shown, strings.Fields(row)[2])
			}
			Expect(shown).To(Equal(handles))
		},
			Entry("RFC 3339", "2026-11-18T08:29:00Z", "2026-11-18T08:30:00+00:00", "c-2026-11-18T08:29:00Z"),
			Entry("the machine's clock", "2026-11-18 14:00", "2026-11-18 14:01", "c-2026-11-18T08:31:00Z"),
			Entry("with seconds", "2026-11-18 14:01:00", "2026-11-18T14:01:01", "c-2026-11-18T08:31:00Z"),
			Entry("days", "2026-11-18", "2026-11-19", "c-2026-11-17T23:59:59Z", "c-2026-11-18T08:29:00Z", "c-2026-11-18T08:31:00Z"),
		)

		It("says that there is nothing between them", func() {
			session := history("--since=2026-11-01", "--until=2026-11-02")
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(HavePrefix("nothing in the journal since 2026-10-31T18:30:00Z until 2026-11-01T18:30:00Z "))
		})
	})

	It("keeps bars short, whole and in proportion", func() {
		at := time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC)
		var lines []string
		for i := range 200 {
			lines = append(lines, entry(at.Add(time.Duration(i)*time.Second).Format(time.RFC3339), "flagged", []string{"volume-missing", "volume-expired"}[i%2]))
		}
		lines = append(lines, entry(at.Add(2*time.Hour).Format(time.RFC3339), "flagged", "volume-dead"))
		write(lines...)
		bars := seen(append(twoDays, "--by=hour")...)
		Expect(bars).To(ContainElement(HaveSuffix("  " + strings.Repeat("m", 20) + strings.Repeat("x", 20))))
		Expect(bars).To(ContainElement(MatchRegexp(` 1 +0 +0 +0 +\.$`)), "what leaked is drawn")
		Expect(bars[len(bars)-1]).To(ContainSubstring("; the longest bar stands for 200; "))
	})

	It("takes a while for --until", func() {
		now := time.Now().UTC()
		write(entry(now.Add(-90*time.Minute).Format(time.RFC3339Nano), "flagged"), entry(now.Add(-30*time.Minute).Format(time.RFC3339Nano), "flagged"))
		Expect(strings.Count(stdout(history("--until=1h")), "\n")).To(Equal(1))
		Expect(strings.Count(stdout(history()), "\n")).To(Equal(2))
	})

	DescribeTable("refuses", func(says string, args ...string) {
		complains(history(args...), 2, says)
	},
		Entry("a time that is none", "2026-13-01", "--since=2026-13-01"),
		Entry("an end that is none", "'2026-11-20 14:00'", "--until=tomorrow"),
		Entry("an end before the begin", "is not before", "--since=2026-11-20", "--until=2026-11-19"),
		Entry("a begin that is to come", "is not before", "--since=2999-01-01"),
		Entry("more hours than anybody reads", "10 years", "--since=1999-01-01", "--by=hour"),
	)
})
