package status_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
	"weeder/status"
)

// page is the page as it is served, with its tags left out where a text is looked for.
func (s subject) page() string {
	GinkgoHelper()
	response := s.ask("GET", "/")
	Expect(response.StatusCode).To(Equal(200))
	text, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// figure is one of those at the top of the page.
func (s subject) figure(name string) string {
	GinkgoHelper()
	_, after, found := strings.Cut(s.page(), "<dt>"+name)
	Expect(found).To(BeTrue(), name)
	_, after, _ = strings.Cut(after, "<dd>")
	value, _, _ := strings.Cut(after, "</dd>")
	return value
}

var _ = Describe("the page", func() {
	happened := func(s subject, name reaper.EventName, handle string) {
		s.Happened(reaper.Event{Time: s.clock.Now(), Name: name, Handle: handle}, nil)
	}
	pass := func(s subject, findings ...reaper.Finding) {
		s.Passed(reaper.Report{At: s.clock.Now(), Judged: true, Findings: findings})
	}

	It("tells of who serves it, before the first pass", func() {
		Expect(newSubject().page()).To(And(HavePrefix("<!DOCTYPE html>"), ContainSubstring("weeder 1.2.3, on Garden at <code>127.0.0.1:7777"),
			ContainSubstring("No look is over yet. weeder was started 0 s ago."), ContainSubstring(`content="30"`),
			ContainSubstring(`<time datetime="2016-10-21T14:29:14Z">`)))
		Expect(newSubject(func(c *status.Config) { c.DryRun = true }).page()).To(ContainSubstring("This is a dry run"))
	})

	It("tells of the last pass", func() {
		s := newSubject()
		s.Passed(interlocked(true, reaper.BaggageclaimUnreachable))
		Expect(s.page()).To(And(ContainSubstring("baggageclaim does not answer"), ContainSubstring("its detail"), ContainSubstring("/worker/volumes")))
		pass(s, orphan("leaked", time.Hour, reaper.VolumeIsMissing))
		Expect(s.page()).To(And(ContainSubstring("<code>leaked</code>"), Not(ContainSubstring("its detail"))))
		Expect(s.figure("slots used")).To(Equal("1 <small>of 250</small>"))
	})

	It("says that no pass has ended for long", func() {
		s := newSubject()
		pass(s)
		s.clock.Increment(110 * time.Second)
		Expect(s.page()).NotTo(ContainSubstring("all below is old"))
		s.clock.Increment(time.Second)
		Expect(s.page()).To(ContainSubstring("The last look ended 1 min 51 s ago"))
	})

	It("says that what happens can't be written down", func() {
		s := newSubject()
		s.Happened(reaper.Event{Name: reaper.EventFlagged}, errors.New("the journal is full"))
		Expect(s.page()).To(ContainSubstring("the journal is full"))
	})

	It("counts what was destroyed since the start", func() {
		s := newSubject()
		pass(s)
		happened(s, reaper.EventDestroyed, "a")
		happened(s, reaper.EventDestroyed, "b")
		happened(s, reaper.EventDestroyFailed, "c")
		Expect(s.figure("destroyed since")).To(Equal("2"))
	})

	It("counts what a dry run would have", func() {
		s := newSubject(func(c *status.Config) { c.DryRun = true })
		pass(s)
		happened(s, reaper.EventWouldDestroy, "a")
		Expect(s.figure("would be destroyed since")).To(Equal("1"))
	})

	It("tells of a destroy from its begin to its end", func() {
		s := newSubject()
		pass(s, orphan("a", time.Hour), orphan("b", time.Hour))
		Expect(strings.Count(s.page(), "nothing: it goes next")).To(Equal(2))
		happened(s, reaper.EventDestroying, "a")
		happened(s, reaper.EventDestroying, "b")
		Expect(s.page()).To(ContainSubstring(`<h2 id="destroying">`))
		Expect(s.figure("to be destroyed now")).To(Equal("0"))
		happened(s, reaper.EventDestroyed, "a")
		happened(s, reaper.EventDestroyFailed, "b")
		Expect(s.page()).To(And(ContainSubstring("nothing: it was destroyed"), Not(ContainSubstring(`<h2 id="destroying">`))))
		Expect(s.figure("to be destroyed now")).To(Equal("1"))
	})

	It("forgets what was destroyed with the next pass, which no longer lists it", func() {
		s := newSubject()
		pass(s, orphan("a", time.Hour))
		happened(s, reaper.EventDestroyed, "a")
		s.clock.Increment(30 * time.Second)
		// A new one of the same handle.
		pass(s, orphan("a", time.Hour))
		Expect(s.page()).To(ContainSubstring("nothing: it goes next"))
	})

	It("forgets what was destroyed when the clock is set back", func() {
		s := newSubject()
		happened(s, reaper.EventDestroyed, "a")
		s.clock.Increment(-time.Hour)
		pass(s, orphan("a", time.Hour))
		Expect(s.page()).To(ContainSubstring("nothing: it goes next"))
	})

	It("keeps of each verdict how many there were", func() {
		s := newSubject()
		finding := func(verdict reaper.Verdict) reaper.Finding {
			return reaper.Finding{Judgement: reaper.Judgement{Verdict: verdict}}
		}
		findings := []reaper.Finding{}
		for i, verdict := range []reaper.Verdict{reaper.Live, reaper.Foreign, reaper.Unknown, reaper.Orphan} {
			for range 1 << i {
				findings = append(findings, finding(verdict))
			}
		}
		pass(s, findings...)
		for class, top := range map[string]int{"live": 1, "foreign": 3, "unknown": 7, "orphan": 15} {
			Expect(s.page()).To(ContainSubstring(fmt.Sprintf(`<path class="%s" d="M288 263V%dH`, class, 263-top)))
		}
	})

	It("knows what a pass has destroyed that is told of only then", func() {
		s := newSubject()
		report := reaper.Report{At: start, Judged: true, Findings: []reaper.Finding{orphan("a", time.Hour)}}
		s.clock.Increment(time.Millisecond)
		happened(s, reaper.EventDestroyed, "a")
		s.Passed(report)
		Expect(s.page()).To(ContainSubstring("nothing: it was destroyed"))
	})

	It("shows the last twenty events, the newest first", func() {
		s := newSubject()
		for i := range 25 {
			happened(s, reaper.EventFlagged, fmt.Sprintf("h-%02d", i))
		}
		text := s.page()
		Expect(strings.Count(text, "<code>h-")).To(Equal(20))
		Expect(strings.Index(text, "h-24")).To(BeNumerically("<", strings.Index(text, "h-05")))
		Expect(text).NotTo(ContainSubstring("h-04"))
	})

	It("keeps the day, with a gap for what could not be judged", func() {
		s := newSubject()
		for range 12 {
			pass(s, orphan("a", time.Hour))
			s.clock.Increment(5 * time.Minute)
		}
		s.Passed(interlocked(false, reaper.GardenUnreachable))
		s.clock.Increment(5 * time.Minute)
		pass(s, orphan("a", time.Hour))
		Expect(s.page()).To(ContainSubstring(`<path class="orphan" d="M275 263V262H287V263ZM288 263V262H289V263Z"/>`))
		Expect(s.page()).To(ContainSubstring(`<path class="limit" d="M275 13H287M288 13H289"/>`))
	})
})
