package spec

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"golang.org/x/sys/unix"
)

// lagerLine is a line as lager writes it today.
func lagerLine(at time.Time, source, message string, data body) string {
	GinkgoHelper()
	text, err := json.Marshal(body{"timestamp": at.UTC().Format(time.RFC3339Nano), "level": "info", "source": source, "message": message, "data": data})
	Expect(err).NotTo(HaveOccurred())
	return string(text) + "\n"
}

// oldLagerLine is a line as lager wrote it up to 2018.
func oldLagerLine(at time.Time, source, message string, data body) string {
	GinkgoHelper()
	text, err := json.Marshal(body{"timestamp": fmt.Sprintf("%d.%09d", at.Unix(), at.Nanosecond()), "log_level": 1, "source": source, "message": message, "data": data})
	Expect(err).NotTo(HaveOccurred())
	return string(text) + "\n"
}

// readableWorker is a worker that anybody may look at, with an orphan and a
// neighbour.
func readableWorker(orphan string) *worker {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	Expect(os.Chmod(dir, 0o755)).To(Succeed())
	w := emptyWorker("--dir", filepath.Join(dir, "worker"))
	w.healthy("neighbour")
	w.orphan(orphan)
	for _, handle := range []string{"neighbour", orphan} {
		Expect(os.Chmod(filepath.Join(w.Depot, handle, "config.json"), 0o644)).To(Succeed())
	}
	return w
}

var _ = Describe("explain", func() {
	var (
		w    *worker
		logs string
	)
	const noLogs = "--no-logs"

	BeforeEach(func() {
		logs = GinkgoT().TempDir()
		Expect(os.Chmod(logs, 0o755)).To(Succeed())
	})

	everything := func() string { return filepath.Join(logs, "*") }
	explain := func(args ...string) string {
		GinkgoHelper()
		session := weeder(w, append([]string{"explain"}, args...)...)
		Expect(session).To(gexec.Exit(0))
		return stdout(session)
	}
	// below is a section of the text, without its name.
	below := func(section, text string) string {
		GinkgoHelper()
		_, rest, found := strings.Cut(text, "\n\n"+section+"\n")
		Expect(found).To(BeTrue(), text)
		part, _, _ := strings.Cut(rest, "\n\n")
		return strings.TrimSuffix(part, "\n")
	}

	Context("about the incident", func() {
		at := time.Date(2026, 11, 20, 14, 22, 14, 0, time.UTC)
		local := func(after time.Duration) string { return at.Add(after).Local().Format("2006-01-02 15:04:05 MST") }
		clock := func(after time.Duration) string { return at.Add(after).Local().Format(time.TimeOnly) }

		BeforeEach(func() {
			w = startWorker()
		})

		// theStory writes what the three components said, in three files of three
		// kinds.
		theStory := func() {
			GinkgoHelper()
			writeFile(oldLagerLine(at.Add(-time.Minute), "baggageclaim", "baggageclaim.api.other", body{"volume": "other"})+
				oldLagerLine(at, "baggageclaim", "baggageclaim.tick.reaping", body{"handle": incidentRoot, "ttl": 300})+
				oldLagerLine(at.Add(time.Millisecond), "baggageclaim", "baggageclaim.tick.destroy-volume.destroyed", body{"volume": incidentRoot}),
				logs, "baggageclaim.stdout.log")
			var packed bytes.Buffer
			zip := gzip.NewWriter(&packed)
			fmt.Fprint(zip, lagerLine(at.Add(-time.Hour), "guardian", "guardian.create.created", body{"handle": incident}))
			Expect(zip.Close()).To(Succeed())
			writeFile(packed.String(), logs, "garden.stdout.log.1.gz")
			frame := func(line string) string {
				text, err := json.Marshal(body{"log": line, "stream": "stdout", "time": at})
				Expect(err).NotTo(HaveOccurred())
				return string(text) + "\n"
			}
			writeFile(frame(lagerLine(at.Add(5*time.Minute), "guardian", "guardian.api.garden-server.reaping", body{"handle": incident, "grace-time": "5m0s"}))+
				frame(lagerLine(at.Add(5*time.Minute+time.Second), "guardian", "guardian.api.garden-server.failed-to-destroy-container",
					body{"handle": incident, "error": "1 error occurred:\n\t* runc: exit status 1: container init still running\n\n"})),
				logs, "1234-json.log")
		}

		It("says how it came about, from all logs, in the order of time", func() {
			theStory()
			text := explain(incident, "--logs", everything())
			Expect(text).To(HavePrefix("verdict orphan, its root volume " + incidentRoot + " is missing\n"))
			Expect(below("logs", text)).To(HaveSuffix(strings.Join([]string{
				"  " + at.Add(-time.Hour).Local().Format(time.DateOnly) + " " + clock(-time.Hour) + "  Garden created the container",
				"             " + clock(0) + "  baggageclaim reaped volume " + incidentRoot + ", ttl 300",
				"             " + clock(0) + "  baggageclaim tore volume " + incidentRoot + " down",
				"             " + clock(5*time.Minute) + "  its grace time (5m0s) was over, and Garden tried to destroy it",
				"             " + clock(5*time.Minute+time.Second) + "  Garden failed to destroy it: runc: exit status 1: container init still running",
			}, "\n")))
			Expect(below("so", text)).To(And(
				HavePrefix("  volume "+incidentRoot+" was reaped by baggageclaim at "+local(0)+", ttl 300; Garden tried to destroy the "+
					"container at "+local(5*time.Minute)+" and failed: runc: exit status 1: container init still running; none of these lines tells of another try\n"),
				ContainSubstring("unable to find user root"),
				ContainSubstring("should Concourse still know the container"),
				ContainSubstring("volume mounted to container is missing"),
			))
			Expect(below("what happens next", text)).To(Equal("  orphan, its root volume " + incidentRoot + " is missing: " +
				"no daemon watches this worker; weeder reap " + incident + " destroys it"))
		})

		It("has all of it in the JSON", func() {
			theStory()
			var answer struct {
				Verdict  string
				Happened string
				Logs     []struct {
					Time    time.Time
					File    string
					Source  string
					Level   string
					Message string
					Data    map[string]any
					Handles []string
					Event   *string
					Volume  *string
					Text    *string
				}
				LogsOlder    int      `json:"logs_older"`
				LogFiles     []string `json:"log_files"`
				LogsComplete bool     `json:"logs_complete"`
				Next         struct {
					Text string
					At   *string
				}
			}
			Expect(json.Unmarshal([]byte(explain(incident, "--json", "--logs", everything())), &answer)).To(Succeed())
			Expect(answer.Verdict).To(Equal("orphan"))
			Expect(answer.Happened).To(HavePrefix("volume " + incidentRoot + " was reaped"))
			Expect(answer.Logs).To(HaveLen(5))
			reaping := answer.Logs[1]
			Expect(reaping.Time).To(BeTemporally("==", at))
			Expect(reaping.File).To(Equal(filepath.Join(logs, "baggageclaim.stdout.log")))
			Expect(reaping.Source).To(Equal("baggageclaim"))
			Expect(reaping.Level).To(Equal("info"))
			Expect(reaping.Message).To(Equal("baggageclaim.tick.reaping"))
			Expect(reaping.Data).To(HaveKeyWithValue("ttl", 300.0))
			Expect(reaping.Handles).To(ConsistOf(incidentRoot))
			Expect(*reaping.Event).To(Equal("volume-reaped"))
			Expect(*reaping.Volume).To(Equal(incidentRoot))
			Expect(*reaping.Text).To(HavePrefix("baggageclaim reaped volume"))
			Expect(answer.Logs[0].Volume).To(BeNil())
			Expect(answer.LogFiles).To(HaveLen(3))
			Expect(answer.LogsOlder).To(BeZero())
			Expect(answer.LogsComplete).To(BeTrue())
			Expect(answer.Next.Text).To(ContainSubstring("weeder reap"))
			Expect(answer.Next.At).To(BeNil())
		})

		It("shows times by the worker's clock, and as how far they are", func() {
			session := finish(in("Europe/Berlin", command(w, "explain", incident, "--logs", "testdata/logs/baggageclaim*")))
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(And(
				ContainSubstring("expires_at 2016-10-21 16:29:14 CEST is only when it was written"),
				ContainSubstring("  2016-10-27 21:28:54  baggageclaim reaped volume "+incidentRoot+", ttl 300\n"),
				MatchRegexp(`created     \d{4}-\d\d-\d\d \d\d:\d\d:\d\d CES?T, \d+h(\d+m)? ago`),
			))
			w.volume("soon", "live", &ttl{seconds: 300, expiresAt: time.Now().Add(4*time.Minute + 30*time.Second)})
			w.create(body{"handle": "waiting", "root_volume": "soon", "age": "6h"})
			text := explain("waiting", noLogs)
			Expect(text).To(MatchRegexp(`ttl 5m, expires at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+, in 4m\d+s\n`))
			Expect(below("what happens next", text)).To(MatchRegexp(`^  live, all its volumes are there: nothing happens to it; volume soon expires at .*, in 4m\d+s, unless its life is prolonged$`))
		})

		It("shows what a volume holds in words", func() {
			Expect(explain(incident, noLogs)).To(And(
				ContainSubstring("property    resource-type = docker-image\n"),
				ContainSubstring("property    resource-version = digest: sha256:869f748b9399b1650abe41108c11d2817bc5d4c2b226799b3041ca74bf3f88ca\n"),
				ContainSubstring("property    resource-source = 262e6b8d8606… (a hash)\n"),
			))
		})

		It("reads a log from stdin", func() {
			theStory()
			command := command(w, "explain", incident, "--logs", "-")
			file, err := os.Open(filepath.Join(logs, "baggageclaim.stdout.log"))
			Expect(err).NotTo(HaveOccurred())
			defer file.Close()
			command.Stdin = file
			session := finish(command)
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(ContainSubstring("baggageclaim reaped volume " + incidentRoot))
		})

		It("refuses a terminal as a log, and patterns that are none", func() {
			Expect(screen(command(w, "explain", incident, "--logs", "-"))).To(ContainSubstring("stdin is a terminal"))
			complains(weeder(w, "explain", incident, "--logs", "["), 2, "--logs", `"["`)
			complains(weeder(w, "explain", incident, "--logs", ""), 2, "--logs")
		})

		It("reads none for --no-logs", func() {
			theStory()
			text := explain(incident, "--logs", everything(), noLogs)
			Expect(text).NotTo(ContainSubstring("\nlogs\n"))
			Expect(text).NotTo(ContainSubstring("reaped"))
			Expect(below("so", text)).To(ContainSubstring("unable to find user root"))
			Expect(explain(incident, "--json", noLogs)).To(And(ContainSubstring(`"logs": [],`), ContainSubstring(`"logs_complete": false`)))
		})

		It("says where it looked where there are none, and how to give them", func() {
			nowhere := filepath.Join(logs, "none", "*")
			Expect(below("logs", explain(incident, "--logs", nowhere))).To(Equal(
				"  none found at " + nowhere + ": give them by --logs GLOB, or by a pipe and --logs -"))
			writeFile("nothing to see\n", logs, "a.log")
			Expect(below("logs", explain(incident, "--logs", everything()))).To(Equal(
				"  nothing in 1 file at " + everything() + " names it or a volume of its"))
		})

		It("shows what was found when it is interrupted", func() {
			command := command(w, "explain", incident, "--logs", "-")
			stdin, log, err := os.Pipe()
			Expect(err).NotTo(HaveOccurred())
			defer stdin.Close()
			defer log.Close()
			command.Stdin = stdin
			session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
			Expect(err).NotTo(HaveOccurred())
			_, err = log.WriteString(oldLagerLine(at, "baggageclaim", "baggageclaim.tick.reaping", body{"handle": incidentRoot, "ttl": 300}))
			Expect(err).NotTo(HaveOccurred())
			Eventually(unix.IoctlGetInt).WithArguments(int(log.Fd()), uint(unix.TIOCINQ)).Should(BeZero(), "the line has been read")
			session.Interrupt()
			Eventually(session).Should(gexec.Exit(1))
			Expect(stdout(session)).To(And(ContainSubstring("was reaped by baggageclaim"), ContainSubstring("\nwhat happens next\n")))
			Expect(stderr(session)).To(ContainSubstring("warning: the logs were not read to their end"))
		})

		It("says the same of it whatever the logs say", func() {
			writeFile(lagerLine(at, "guardian", "guardian.api.garden-server.destroy.destroyed", body{"handle": incident})+
				lagerLine(at, "baggageclaim", "baggageclaim.tick.reaping", body{"handle": incidentLive, "ttl": 300}), logs, "a.log")
			answers := make([]map[string]any, 2)
			for i, logs := range []string{"--no-logs", "--logs=" + everything()} {
				Expect(json.Unmarshal([]byte(explain(incident, "--json", logs)), &answers[i])).To(Succeed())
				for _, key := range []string{"logs", "log_files", "logs_complete", "happened", "scanned_at", "age_seconds"} {
					delete(answers[i], key)
				}
			}
			Expect(answers[1]).To(Equal(answers[0]))
		})

		It("shows hostile lines printable, and on one line each", func() {
			writeFile("\x1b[2J "+incident+" \x07\xff\u202e\n"+
				lagerLine(at, "\x1b]0;title\x07", "a\nb "+incident, body{"handle": incident, "\x1b[31mk": "v\r\nw"})+
				lagerLine(at, "guardian", "guardian.api.garden-server.destroy.failed", body{"handle": incident, "error": "\x1b[2Jno\u2028x"}), logs, "a.log")
			shown := screen(command(w, "explain", incident, "--logs", everything()))
			Expect(sgr.ReplaceAllString(shown, "")).NotTo(ContainSubstring("\x1b"))
			Expect(strings.ContainsAny(sgr.ReplaceAllString(shown, ""), "\x07\r\u202e\u2028")).To(BeFalse())
			Expect(strings.Split(below("logs", shown), "\n")).To(HaveLen(3))
		})

		It("shows the most telling lines, and all that are kept if asked to", func() {
			var text strings.Builder
			text.WriteString(lagerLine(at, "guardian", "guardian.create.created", body{"handle": incident}))
			for i := range 60 {
				text.WriteString(lagerLine(at.Add(time.Duration(i+1)*time.Minute), "guardian", fmt.Sprintf("guardian.noise-%d", i), body{"handle": incident}))
			}
			writeFile(text.String(), logs, "a.log")
			shown := below("logs", explain(incident, "--logs", everything()))
			Expect(strings.Split(shown, "\n")).To(HaveLen(41))
			Expect(shown).To(And(ContainSubstring("Garden created"), ContainSubstring("noise-59"), ContainSubstring("noise-21"),
				Not(ContainSubstring("noise-20")), HaveSuffix("\n  21 more: --all-logs")))
			Expect(strings.Split(below("logs", explain(incident, "--all-logs", "--logs", everything())), "\n")).To(HaveLen(61))
		})

		It("tells once what is said again and again", func() {
			var text strings.Builder
			for i := range 60 {
				text.WriteString(lagerLine(at.Add(time.Duration(i)*time.Second), "guardian", "guardian.asked", body{"handle": incident, "session": i}))
			}
			writeFile(text.String(), logs, "a.log")
			Expect(below("logs", explain(incident, "--logs", everything()))).To(HaveSuffix(
				"guardian.asked (60 times, until " + clock(59*time.Second) + ")"))
		})
	})

	It("warns of what can't be read, and shows the rest", func() {
		w = readableWorker("leak")
		writeFile(oldLagerLine(time.Now(), "baggageclaim", "baggageclaim.tick.reaping", body{"handle": "leak-root", "ttl": 300}), logs, "a.log")
		forbid(writeFile("secret", logs, "secret.log"))
		writeFile("", logs, "closed", "a.log")
		forbid(filepath.Join(logs, "closed"))
		session := unprivileged(w, "explain", "leak", "--logs", everything(), "--logs", filepath.Join(logs, "closed", "*.log"))
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(And(
			MatchRegexp(`(?m)^warning: .*secret\.log: permission denied$`), MatchRegexp(`(?m)^warning: .*closed: permission denied$`)))
		Expect(stdout(session)).To(ContainSubstring("baggageclaim reaped volume leak-root"))
	})

	It("tells of a recorded reap that failed, and that somebody tried again", func() {
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan("g-fail")
		text := explain("g-fail", "--logs", "testdata/logs/*")
		Expect(below("logs", text)).To(And(
			ContainSubstring("  Garden created the container, grace time 3s\n"),
			ContainSubstring("  its grace time (3s) was over, and Garden tried to destroy it\n"),
			ContainSubstring("  Garden failed to destroy it: runc: exit status 1:\n"),
			ContainSubstring("  Garden began to destroy it\n"),
		))
		Expect(below("so", text)).To(And(
			HavePrefix("  Garden began to destroy the container at "), ContainSubstring("no line tells how that ended"),
			Not(ContainSubstring("another try"))))
	})
})
