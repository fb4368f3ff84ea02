package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"weeder/journal"
	"weeder/reaper"
)

// The commands about one container that any Garden refuses by itself.
var handleCommands = map[string]func(handle string) []string{
	"properties": func(handle string) []string { return []string{"properties", handle} },
	"explain":    func(handle string) []string { return []string{"explain", handle} },
	"reap":       func(handle string) []string { return []string{"reap", "--yes", handle} },
}

var _ = Describe("a handle that Garden doesn't know", func() {
	const long = "eb8f2bbf-86e1-4603-4881-548c9133aa62"
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		for _, handle := range []string{long, "web-1", "web-2"} {
			w.healthy(handle)
		}
	})

	// hints checks what every command says of a handle.
	hints := func(handle, hint string) {
		GinkgoHelper()
		for name, args := range handleCommands {
			want := "error: unknown handle: " + handle + ": " + hint + "\n"
			if name == "reap" {
				want = "error: unknown handle: " + handle + ": nothing was destroyed; " + hint + "\n"
			}
			session := weeder(w, args(handle)...)
			complains(session, 1)
			Expect(stderr(session)).To(Equal(want), name)
		}
	}

	It("brings the one that begins with it", func() {
		hints("eb8f2bbf", "did you mean "+long+"?")
	})

	It("brings the one that has it somewhere", func() {
		hints("548c9133aa62", "did you mean "+long+"?")
	})

	It("brings the one that differs in a few characters", func() {
		hints("eb8f2bbf-86e1-4603-4881-548c9133aa26", "did you mean "+long+"?")
	})

	It("brings several", func() {
		hints("web", "did you mean web-1 or web-2?")
		w.healthy("web-3")
		w.healthy("web-4")
		hints("web", "did you mean web-1, web-2 or web-3?")
	})

	It("brings the way to all, where none is near", func() {
		complains(weeder(w, "properties", "nobody"), 1, "error: unknown handle: nobody: see weeder list\n")
		complains(weeder(w, "explain", "nobody"), 1, "error: unknown handle: nobody: see weeder scan\n")
		complains(weeder(w, "reap", "--yes", "nobody"), 1, "error: unknown handle: nobody: nothing was destroyed; see weeder scan\n")
	})

	Context("of which the journal tells", func() {
		at := time.Date(2026, 11, 20, 14, 22, 14, 0, time.UTC)
		told := func(events ...reaper.Event) {
			GinkgoHelper()
			record := journal.New(w.Journal)
			for i, event := range events {
				event.Time = at.Add(time.Duration(i) * time.Minute)
				Expect(record.Record(event)).To(Succeed())
			}
			Expect(record.Close()).To(Succeed())
		}
		explained := func(handle string) string {
			GinkgoHelper()
			session := finish(in("Europe/Berlin", command(w, "explain", handle)))
			complains(session, 1, "error: unknown handle: "+handle+": ")
			return strings.TrimPrefix(stderr(session), "error: unknown handle: "+handle+": ")
		}
		missing := []reaper.Reason{{Code: reaper.VolumeIsMissing, Volume: "v-1", Detail: "gone"}, {Code: reaper.VolumeIsDead, Volume: "v-2", Detail: "d"}}

		It("brings the last that it told, and where the rest is", func() {
			told(reaper.Event{Name: reaper.EventFlagged, Handle: "web", Reasons: missing},
				reaper.Event{Name: reaper.EventDestroyed, Handle: "web", Reasons: missing},
				reaper.Event{Name: reaper.EventFlagged, Handle: "other", Reasons: missing})
			Expect(explained("web")).To(Equal("the journal told of it last at 2026-11-20 15:23:14 CET, destroyed " +
				"(volume-missing v-1, volume-dead v-2); see weeder history web\n"))
			Expect(weeder(w, "history", "web")).To(gexec.Exit(0))
			Expect(stdout(weeder(w, "history", "web"))).To(ContainSubstring("destroyed"), "what it names shows it, however old it is")
		})

		It("brings the error of a destroy that failed, and the note of one that was cleared", func() {
			told(reaper.Event{Name: reaper.EventDestroyFailed, Handle: "web", Reasons: missing, Err: errors.New("runc:\n\tno" + strings.Repeat("!", 500))},
				reaper.Event{Name: reaper.EventCleared, Handle: "gone", Note: "it is gone"},
				reaper.Event{Name: reaper.EventDestroying, Handle: "bare"})
			Expect(explained("web")).To(MatchRegexp(`, destroy-failed \(runc: no!{180,200}…\); see weeder history web\n$`))
			Expect(explained("gone")).To(HaveSuffix(", cleared (it is gone); see weeder history gone\n"))
			Expect(explained("bare")).To(HaveSuffix(" CET, destroying; see weeder history bare\n"))
		})

		It("brings what is near where it tells of others alone", func() {
			told(reaper.Event{Name: reaper.EventDestroyed, Handle: "webs", Reasons: missing})
			Expect(explained("web")).To(Equal("did you mean web-1 or web-2?\n"))
			Expect(explained("nobody")).To(Equal("see weeder scan\n"))
		})
	})

	It("is never taken for the one that is near", func() {
		for _, args := range [][]string{
			{"destroy", "eb8f2bbf", "web"}, {"reap", "--yes", "eb8f2bbf", "web-11"}, {"reap", "--yes", "web-1", "web"},
		} {
			Expect(weeder(w, args...)).To(gexec.Exit(1))
		}
		Expect(w.destroyed()).To(BeEmpty())
	})

	It("brings a line for each of them", func() {
		session := weeder(w, "reap", "--yes", "eb8f2bbf", "nobody")
		Expect(session).To(gexec.Exit(1))
		Expect(stdout(session)).To(BeEmpty())
		Expect(stderr(session)).To(Equal("error: unknown handle: eb8f2bbf: nothing was destroyed; did you mean " + long + "?\n" +
			"error: unknown handle: nobody: nothing was destroyed; see weeder scan\n"))
		Expect(w.destroyed()).To(BeEmpty())
	})

	It("brings no hint that could steer the terminal", func() {
		w = fakeGarden(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/containers" {
				_ = json.NewEncoder(w).Encode(map[string][]string{"Handles": {"web\x1b[2J"}})
				return
			}
			fmt.Fprint(w, `{"web":{"Err":{"Type":"ContainerNotFoundError","Message":"unknown handle: web","Handle":"web"}}}`)
		})
		session := weeder(w, "properties", "web")
		complains(session, 1, "error: unknown handle: web: did you mean web")
		Expect(stderr(session)).NotTo(ContainSubstring("\x1b"))
	})

	Context("on Concourse's own backend, whose errors have no type", func() {
		BeforeEach(func() {
			w = emptyWorker("--runtime", "containerd")
			w.healthy(long)
		})

		It("brings the same", func() {
			complains(weeder(w, "properties", "eb8f2bbf"), 1, "error: unknown handle: eb8f2bbf: did you mean "+long+"?\n")
			complains(weeder(w, "properties", "nobody"), 1, "error: unknown handle: nobody: see weeder list\n")
		})
	})

	Context("when the handles can't be listed for a hint", func() {
		// unknowing is a Garden that knows no handle, and answers lists in its own way.
		unknowing := func(list http.HandlerFunc) *worker {
			GinkgoHelper()
			return fakeGarden(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/containers" {
					list(w, r)
					return
				}
				handle := r.URL.Query().Get("handles")
				if handle == "" {
					handle = path.Base(path.Dir(r.URL.Path))
				}
				fmt.Fprintf(w, `{%[1]q:{"Err":{"Type":"ContainerNotFoundError","Message":"?","Handle":%[1]q}}}`, handle)
			})
		}

		It("says the rest", func() {
			w = unknowing(answering(500, asJSON, `{"Type":"","Message":"too many open files"}`))
			complains(weeder(w, "properties", "web"), 1, "error: unknown handle: web: see weeder list\n")
		})

		It("waits for them no longer than for any answer", func() {
			var lists atomic.Int32
			w = unknowing(func(_ http.ResponseWriter, r *http.Request) {
				lists.Add(1)
				<-r.Context().Done()
			})
			session := start(w, "properties", "web", "--timeout=100ms")
			Eventually(session).WithTimeout(5 * time.Second).Should(gexec.Exit(1))
			complains(session, 1, "error: unknown handle: web: see weeder list\n")
			Expect(lists.Load()).To(BeEquivalentTo(1))
		})
	})

	It("is refused unasked where it can't be one, with no hint", func() {
		w.control("DELETE", "/calls", nil)
		complains(weeder(w, "properties", "web?1"), 1, "not a handle that can safely be sent to garden")
		Expect(w.calls()).To(BeEmpty())
	})

	It("is one of a long line of them", func() {
		complains(weeder(w, "properties", strings.Repeat("x", 5000)), 1, "unknown handle: xxx", "see weeder list")
	})
})
