package spec

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("reap", func() {
	const leak = "leak"
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan(leak)
		w.orphan("other")
	})

	// hanging waits until so many destroys hang.
	hanging := func(n int) {
		GinkgoHelper()
		Eventually(func() int { return w.holding("destroy-hangs") }).Should(Equal(n))
	}

	DescribeTable("does not destroy a container that, between the pass and the destroy,",
		func(hook body, by []string, args ...string) {
			// Only the look right before a destroy asks about one container alone.
			hook["handle"] = leak
			w.hook("on-bulk-info-single", hook)

			result, status := reap(w, args...)
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(ConsistOf("other"), "it holds up no other")
			Expect(w.destroyed()).To(ConsistOf("other"))
			Expect(w.calls()).To(HaveKeyWithValue("destroy", 1))
			if by == nil {
				Expect(result.Gone).To(ConsistOf(leak))
				return
			}
			Expect(result.heldBy(leak)).To(Equal(by))
		},
		Entry("goes", body{"action": "delete"}, nil),
		Entry("goes and comes back with its volumes", body{"action": "recreate", "patch": body{
			"root_volume": "neighbour-root", "age": "6h"}}, []string{}),
		Entry("goes and comes back as a new orphan", body{"action": "recreate", "patch": body{
			"root_volume": "leak-root"}}, []string{"grace"}),
		Entry("goes and comes back foreign", body{"action": "recreate", "patch": body{
			"root_path": "/var/vcap/data/grootfs/store/images/leak/rootfs", "age": "6h"}}, []string{}),
		Entry("changes its volumes", body{"action": "patch", "patch": body{
			"root_volume": "neighbour-root"}}, []string{}),
		Entry("gets its volume back", body{"action": "volume", "volume": body{
			"handle": "leak-root", "state": "live"}}, []string{}),
		Entry("has its volume made anew", body{"action": "volume", "volume": body{
			"handle": "leak-root", "state": "init"}}, []string{}),
		Entry("gets busy", body{"action": "patch", "patch": body{
			"processes": 1}}, []string{"busy"}),
		Entry("becomes protected", body{"action": "patch", "patch": body{
			"properties": body{"keep": "yes"}}}, []string{"protected"}, "--protect=keep=yes"),
		Entry("tells its properties no more", body{"action": "patch", "patch": body{
			"zombie": true}}, []string{"protected"}, "--protect=keep=yes"),
		Entry("gets a longer grace time", body{"action": "patch", "patch": body{
			"grace_time": "7h"}}, []string{"grace"}),
		Entry("has its bundle garbled", body{"action": "patch", "patch": body{
			"bad_config": "{"}}, []string{}),
	)

	It("does not destroy a container that gets its volume back while its processes are asked for", func() {
		// The first to ask is the pass.
		w.hook("on-bulk-metrics", body{"handle": leak, "skip": 1, "action": "volume", "volume": body{
			"handle": "leak-root", "state": "live"}})
		result, status := reap(w)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("other"))
		Expect(w.destroyed()).To(ConsistOf("other"))
	})

	It("does not destroy a container whose volume is kept alive between the pass and the destroy", func() {
		w.volume("leak-root", "live", expired())
		w.hook("on-bulk-info-single", body{"handle": leak, "action": "volume", "volume": body{
			"handle": "leak-root", "ttl": body{"seconds": 300, "expires_at": time.Now().Add(time.Hour).Unix()}}})
		result, status := reap(w)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("other"))
		Expect(w.destroyed()).To(ConsistOf("other"))
	})

	It("does not destroy a container that gets busy with its root volume there", func() {
		w.volume("leak-root", "live", nil)
		w.removeVolume("leak-get")
		w.hook("on-bulk-info-single", body{"handle": leak, "action": "patch", "patch": body{"processes": 1}})
		result, status := reap(w, "--busy-grace=1s")
		Expect(status).To(BeZero())
		Expect(result.heldBy(leak)).To(Equal([]string{"busy"}))
		Expect(w.destroyed()).To(ConsistOf("other"))
	})

	It("is done with a container that is gone when the destroy comes", func() {
		w.hook("on-destroy", body{"handle": leak, "action": "delete"})
		result, status := reap(w)
		Expect(status).To(BeZero())
		Expect(result.Gone).To(ConsistOf(leak))
		Expect(result.Destroyed).To(ConsistOf("other"))
	})

	It("is done with a container that is being destroyed", func() {
		w.fault("destroy-says-in-progress", leak)
		result, status := reap(w)
		Expect(status).To(BeZero())
		Expect(result.InProgress).To(ConsistOf(leak))
		Expect(result.Destroyed).To(ConsistOf("other"))
		Expect(result.Failed).To(BeEmpty())
	})

	It("is done with a container that Garden still destroys after a timeout", func() {
		w.fault("destroy-hangs", leak)
		result, status := reap(w, "--destroy-timeout=1s", leak)
		Expect(status).To(Equal(1))
		Expect(result.Failed).To(ConsistOf(HaveField("Handle", leak)))

		result, status = reap(w, leak)
		Expect(status).To(BeZero())
		Expect(result.InProgress).To(ConsistOf(leak))
		w.mend("destroy-hangs")
		Eventually(w.destroyed).Should(ConsistOf(leak))
	})

	Context("when the error of a destroy does not say what became of the container", func() {
		It("takes one for gone that no list has", func() {
			w.fault("destroy-untyped-gone", leak)
			result, status := reap(w)
			Expect(status).To(BeZero())
			Expect(result.Gone).To(ConsistOf(leak))
			Expect(result.Failed).To(BeEmpty())
		})

		DescribeTable("takes one for failed that is listed",
			func(fault string) {
				w.fault(fault, leak)
				result, status := reap(w)
				Expect(status).To(Equal(1))
				Expect(result.Failed).To(ConsistOf(HaveField("Handle", leak)))
				Expect(result.Gone).To(BeEmpty())
			},
			Entry("a 404 without a type", "destroy-404-untyped"),
			Entry("a 404 for another handle", "destroy-404-other-handle"),
			Entry("a 500", "destroy-fails"),
		)

		It("takes one for failed that only the depot still shows", func() {
			w.change(leak, body{"depot_only": true})
			w.fault("destroy-fails", leak)
			result, status := reap(w)
			Expect(status).To(Equal(1))
			Expect(result.Failed).To(ConsistOf(HaveField("Handle", leak)))
		})

		It("takes one for failed where the list fails", func() {
			w.fault("destroy-hangs", leak)
			w.fault("destroy-untyped-gone", leak)
			session := start(w, "reap", "--yes", "--json", leak)
			hanging(1)
			w.fault("list-fails")
			w.mend("destroy-hangs")
			Eventually(session).Should(gexec.Exit(1))
			Expect(parseOutcome(session).Failed).To(ConsistOf(HaveField("Handle", leak)))
		})
	})

	It("goes on after a failure, names it and exits 1", func() {
		w.fault("destroy-fails", leak)
		session := weeder(w, "reap", "--yes")
		Expect(session).To(gexec.Exit(1))
		Expect(stderr(session)).To(MatchRegexp(`^error: .*leak.*container init still running *\n$`), "in one line")
		Expect(stderr(session)).NotTo(ContainSubstring("destroy leak: destroy leak"))
		Expect(stdout(session)).To(MatchRegexp(`(?m)^leak  +failed  +.*container init still running`))
		Expect(stdout(session)).To(MatchRegexp(`(?m)^other  +destroyed  +get  +volume-missing other-root`))
		Expect(w.destroyed()).To(ConsistOf("other"))

		Expect(events(w, leak)).To(Equal([]string{"destroying", "destroy-failed"}))
		Expect(events(w, "other")).To(Equal([]string{"destroying", "destroyed"}))
	})

	It("destroys the next time what failed once", func() {
		w.fault("destroy-fails-once")
		result, status := reap(w)
		Expect(status).To(Equal(1))
		Expect(result.Failed).To(HaveLen(2))
		Expect(result.Failed[0].Error).To(ContainSubstring("container init still running"))

		result, status = reap(w)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf(leak, "other"))
	})

	It("waits --destroy-timeout for a destroy that hangs, and destroys the others at once", func() {
		w.orphan("third")
		w.fault("destroy-hangs", leak)
		session := start(w, "reap", "--yes", "--json", "--max-in-flight=2", "--destroy-timeout=2s")
		Eventually(session).Should(gexec.Exit(1))
		Expect(w.holding("destroy-hangs")).To(Equal(1))
		Expect(w.destroyed()).To(ConsistOf("other", "third"))
		Expect(parseOutcome(session).Failed).To(ConsistOf(SatisfyAll(
			HaveField("Handle", leak), HaveField("Error", ContainSubstring("garden may go on with it")))))

		lines := journalled(w)
		Expect(lines[len(lines)-1]).To(SatisfyAll(HaveField("Handle", leak), HaveField("Event", "destroy-failed")))
		Expect(lines[len(lines)-1].Time).To(BeTemporally(">", lines[len(lines)-2].Time.Add(time.Second)))
	})

	It("has a look that hangs hold up no other for longer than --timeout", func() {
		w.orphan("third")
		w.change(leak, body{"age": "9h"})
		w.fault("destroy-hangs", leak)
		session := start(w, "reap", "--yes", "--json", "--max-in-flight=1", "--timeout=1s")
		hanging(1)
		w.fault("bulk-info-hangs", "other")
		w.mend("destroy-hangs")
		Eventually(session).Should(gexec.Exit(1))
		Expect(w.destroyed()).To(ConsistOf(leak, "third"))
		Expect(parseOutcome(session).Failed).To(ConsistOf(HaveField("Handle", "other")))
	})

	DescribeTable("destroys no more at a time than --max-in-flight",
		func(limit int, args ...string) {
			for _, handle := range []string{"third", "fourth", "fifth"} {
				w.orphan(handle)
			}
			w.fault("destroy-hangs")
			session := start(w, append([]string{"reap", "--yes"}, args...)...)
			hanging(limit)
			Consistently(func() int { return w.calls()["destroy"] }).WithTimeout(300 * time.Millisecond).Should(Equal(limit))
			w.mend("destroy-hangs")
			Eventually(session).Should(gexec.Exit(0))
			Expect(w.destroyed()).To(HaveLen(5))
		},
		Entry("of 1", 1, "--max-in-flight=1"),
		Entry("of 2", 2, "--max-in-flight=2"),
		Entry("of 3 where nobody says", 3),
	)

	It("with --dry-run destroys nothing and shows the same set", func() {
		w.healthy("young")
		w.orphan("fresh")
		w.change("fresh", body{"age": "5m"})
		w.orphan("oldest")
		w.change("oldest", body{"age": "9h"})
		w.change(leak, body{"age": "8h"})
		session := weeder(w, "reap", "--dry-run", "--max-per-pass=2")
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(MatchRegexp(`(?m)^leak  +would destroy  +get  +volume-missing leak-root`))
		dry, status := reap(w, "--dry-run", "--max-per-pass=2")
		Expect(status).To(BeZero())
		Expect(dry.DryRun).To(BeTrue())
		Expect(dry.Destroyed).To(Equal([]string{leak, "oldest"}))
		Expect(w.calls()).NotTo(HaveKey("destroy"))
		Expect(w.destroyed()).To(BeEmpty())
		Expect(w.Journal).NotTo(BeADirectory(), "looking leaves no trace")

		real, status := reap(w, "--max-per-pass=2")
		Expect(status).To(BeZero())
		Expect(real.DryRun).To(BeFalse())
		Expect(real.Destroyed).To(Equal(dry.Destroyed))
		Expect(real.Held).To(Equal(dry.Held))
		Expect(w.destroyed()).To(ConsistOf(dry.Destroyed))
	})

	Context("with handles given", func() {
		It("destroys these alone", func() {
			result, status := reap(w, leak, leak)
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(ConsistOf(leak))
			Expect(result.Held).To(BeEmpty())
			Expect(w.destroyed()).To(ConsistOf(leak))
		})

		It("destroys nothing where one is wrong", func() {
			for _, wrong := range []string{"nope", "lea", "leak?x", "../leak"} {
				session := weeder(w, "reap", "--yes", leak, wrong)
				Expect(session).To(gexec.Exit(1))
				Expect(stderr(session)).To(HavePrefix("error: unknown handle: " + wrong))
			}
			Expect(w.calls()).NotTo(HaveKey("destroy"))
		})

		It("keeps a live one and says so", func() {
			session := weeder(w, "reap", "--yes", leak, "neighbour")
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(ContainSubstring("neighbour is kept: its verdict is live"))
			Expect(w.destroyed()).To(ConsistOf(leak))
		})

		It("keeps a held one and says so", func() {
			w.change(leak, body{"age": "5m"})
			session := weeder(w, "reap", "--yes", leak)
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(MatchRegexp(`(?m)^leak  +held  +get  +grace: `))
			Expect(w.destroyed()).To(BeEmpty())
		})
	})

	Context("without a terminal", func() {
		It("needs --yes or --dry-run", func() {
			session := weeder(w, "reap")
			Expect(session).To(gexec.Exit(2))
			Expect(stderr(session)).To(SatisfyAll(HavePrefix("error: "), ContainSubstring("--yes"), ContainSubstring("--dry-run")))
			Expect(w.calls()).To(BeEmpty())
		})

		It("takes no answer from a pipe", func() {
			piped := command(w, "reap")
			piped.Stdin = strings.NewReader("y\n")
			Expect(finish(piped)).To(gexec.Exit(2))
			Expect(w.calls()).To(BeEmpty())
		})
	})

	Context("on a terminal", func() {
		const question = `destroy 2 containers of .*\? \[y/N\] `

		DescribeTable("asks",
			func(answer string, status int, destroyed ...string) {
				t := onTerminal(w, "reap")
				Eventually(t.Screen).Should(gbytes.Say(`leak  volume-missing leak-root  \(get\)\r\nother  volume-missing other-root  \(get\)\r\n`))
				Eventually(t.Screen).Should(gbytes.Say(question))
				Expect(w.calls()).NotTo(HaveKey("destroy"))
				t.press(answer)
				Eventually(t.exited).WithTimeout(5 * time.Second).Should(Receive(Equal(status)))
				Expect(w.destroyed()).To(ConsistOf(destroyed))
				if len(destroyed) == 0 {
					Eventually(t.Screen).Should(gbytes.Say("nothing was destroyed"))
				}
			},
			Entry("y", "y\n", 0, leak, "other"),
			Entry("yes", "Yes\n", 0, leak, "other"),
			Entry("n", "n\n", 0),
			Entry("nothing, which is no", "\n", 0),
			Entry("something else, which is no", "yeah\n", 0),
			Entry("end of file", "\x04", 1),
			Entry("an interrupt", "\x03", 1),
		)

		It("does not ask with --yes, with --dry-run, or about nothing", func() {
			dry := onTerminal(w, "reap", "--dry-run", "--json")
			Eventually(dry.exited).Should(Receive(Equal(0)))
			Expect(json.Valid(dry.Out.Contents())).To(BeTrue())
			t := onTerminal(w, "reap", "--yes", "--json")
			Eventually(t.exited).Should(Receive(Equal(0)))
			Expect(json.Valid(t.Out.Contents())).To(BeTrue())
			none := onTerminal(w, "reap")
			Eventually(none.exited).Should(Receive(Equal(0)))
			for _, t := range []*terminal{dry, t, none} {
				Expect(t.Screen).NotTo(gbytes.Say(`\?`))
			}
		})

		It("shows how far it is on stderr when that takes longer than a second", func() {
			w.fault("destroy-hangs", leak)
			t := onTerminal(w, "reap", "--yes", "--json")
			Eventually(t.Screen).Should(gbytes.Say(`done with 1 of 2, \ds`))
			w.mend("destroy-hangs")
			Eventually(t.exited).Should(Receive(Equal(0)))
			Expect(json.Valid(t.Out.Contents())).To(BeTrue(), "stdout has the result alone")
		})
	})

	It("shows no progress where stderr is no terminal", func() {
		w.fault("destroy-hangs", leak)
		session := start(w, "reap", "--yes", "--destroy-timeout=2s", leak)
		Eventually(session).Should(gexec.Exit(1))
		Expect(stderr(session)).NotTo(ContainSubstring("\r"))
	})

	DescribeTable("starts no new destroy after",
		func(signal os.Signal) {
			w.change(leak, body{"age": "9h"})
			w.fault("destroy-hangs")
			session := start(w, "reap", "--yes", "--json", "--max-in-flight=1")
			hanging(1)
			session.Signal(signal)
			Eventually(session).Should(gexec.Exit(1))
			Expect(w.calls()).To(HaveKeyWithValue("destroy", 1))
			Expect(parseOutcome(session).Failed).To(ConsistOf(
				SatisfyAll(HaveField("Handle", leak), HaveField("Error", ContainSubstring("garden may go on with it"))),
				SatisfyAll(HaveField("Handle", "other"), HaveField("Error", ContainSubstring("interrupted")))))
			Expect(events(w, "other")).To(BeEmpty())
		},
		Entry("SIGINT", os.Interrupt),
		Entry("SIGTERM", syscall.SIGTERM),
	)

	Context("with the journal", func() {
		It("has destroying on disk before Garden is asked", func() {
			w.fault("destroy-hangs")
			session := start(w, "reap", "--yes", leak)
			hanging(1)
			session.Kill()
			Eventually(session).Should(gexec.Exit())
			Expect(events(w, leak)).To(Equal([]string{"destroying"}))
		})

		It("tells why, how old and after which grace", func() {
			_, status := reap(w, "--grace=1h", leak)
			Expect(status).To(BeZero())
			for _, line := range journalled(w) {
				Expect(line.Time).To(BeTemporally("~", time.Now(), time.Minute))
				Expect(line.Reasons).To(ConsistOf(SatisfyAll(
					HaveField("Code", "volume-missing"), HaveField("Volume", "leak-root"))))
				Expect(line.AgeSeconds).To(BeNumerically("~", 6*3600, 60))
				Expect(line.GraceSeconds).To(Equal(3600.0))
			}
		})

		It("does not glue a line to a torn one", func() {
			writeFile(entry("flagged", "elder", time.Hour)+`{"time":"20`, w.Journal, "journal.jsonl")
			_, status := reap(w, leak)
			Expect(status).To(BeZero())
			Expect(events(w, leak)).To(Equal([]string{"destroying", "destroyed"}))
			Expect(events(w, "elder")).To(Equal([]string{"flagged"}))
		})

		It("goes on without one that can't be written, and tells each destroy on stderr", func() {
			writeFile("", w.Journal)
			session := weeder(w, "reap", "--yes", leak)
			Expect(session).To(gexec.Exit(0))
			Expect(w.destroyed()).To(ConsistOf(leak))
			Expect(stderr(session)).To(SatisfyAll(
				MatchRegexp(`(?m)^warning: the journal can't be written .*: \S+ destroying leak$`),
				MatchRegexp(`(?m)^warning: the journal can't be written .*: \S+ destroyed leak$`)))
		})
	})
})

// journalLine is what the specs ask of an entry.
type journalLine struct {
	Time         time.Time
	Event        string
	Handle       string
	Reasons      []reason
	AgeSeconds   float64 `json:"age_seconds"`
	GraceSeconds float64 `json:"grace_seconds"`
	Failures     int
	Error        string
	Note         string
	Interlock    string
	On           bool
}

// name is the event's, for an interlock with whether it came on or went off.
func (l journalLine) name() string {
	switch {
	case l.Interlock == "":
		return l.Event
	case l.On:
		return "on"
	}
	return "off"
}

// journalled are the entries of the journal, none where there is no journal;
// lines that are none are left out.
func journalled(w *worker) []journalLine {
	GinkgoHelper()
	data, err := os.ReadFile(filepath.Join(w.Journal, "journal.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	Expect(err).NotTo(HaveOccurred())
	var entries []journalLine
	for line := range strings.Lines(string(data)) {
		var entry journalLine
		if json.Unmarshal([]byte(line), &entry) == nil {
			entries = append(entries, entry)
		}
	}
	return entries
}

// events are what the journal tells of a handle or an interlock, in order.
func events(w *worker, about string) []string {
	GinkgoHelper()
	var names []string
	for _, entry := range journalled(w) {
		if entry.Handle == about || entry.Interlock == about {
			names = append(names, entry.name())
		}
	}
	return names
}
