package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
	"weeder/status/page"
	"weeder/status/trend"
)

var _ = Describe("the page", func() {
	It("is whole for a daemon that has just started", func() {
		d := read(page.View{At: now, Started: now.Add(-3 * time.Second)})
		Expect(d.troubles()).To(Equal([]string{"No look is over yet. weeder was started 3 s ago."}))
		Expect(d.part("Now: not known yet").Data).To(Equal("section"))
		Expect(d.figures()).To(Equal(map[string]string{"slots used by containers": "?", "orphans": "?", "destroyed since 16:29:11": "0"}))
		Expect(d.part("Last events").text()).To(ContainSubstring("Nothing has happened since weeder was started, 3 s ago."))
		Expect(d.part("Orphans").all("table")).To(BeEmpty())
		Expect(d.all("title")[0].FirstChild.Data).To(Equal("weeder"))
	})

	It("is whole for an idle worker", func() {
		d := read(quiet())
		Expect(d.troubles()).To(BeEmpty())
		Expect(d.figures()).To(Equal(map[string]string{
			"slots used by containers": "0 of 250", "in use": "0", "orphans": "0", "to be destroyed now": "0", "stuck": "0",
			"destroyed since 13:29:14": "0",
		}))
		Expect(d.part("Orphans").text()).To(ContainSubstring("There is none."))
		Expect(d.all("table")).To(BeEmpty())
		Expect(d.all("title")[0].FirstChild.Data).To(Equal("weeder: 0 orphans"))
	})

	It("counts", func() {
		hidden := found("h", reaper.Live)
		hidden.Container.Hidden = true
		view := quiet(hidden, found("l", reaper.Live), found("f", reaper.Foreign), found("u", reaper.Unknown),
			orphan("due", time.Hour), orphan("gone", time.Hour), orphan("going", time.Hour),
			orphan("kept", time.Hour, reaper.Hold{By: reaper.HeldByGrace}), stuck("stuck", "no"))
		view.Gone = map[string]time.Time{"gone": now}
		view.Destroying = map[string]time.Time{"going": now}
		view.Destroyed, view.WouldDestroy = 17, 3
		Expect(read(view).figures()).To(Equal(map[string]string{
			"slots used by containers, 1 of them not in Garden’s plain list": "9 of 250", "in use": "2", "orphans": "5",
			"to be destroyed now": "2", "stuck": "1", "destroyed since 13:29:14": "17",
		}))
		view.DryRun = true
		Expect(read(view).figures()).To(And(
			HaveKeyWithValue("would be destroyed since 13:29:14", "3"), HaveKeyWithValue("due, but for the dry run", "2")))
		Expect(read(view).part("The last day").items()).To(Equal(
			[]string{"orphan 5", "can’t be judged 1", "not Concourse’s 1", "in use 2", "slots there are: 250"}))
	})

	It("says when it was looked at, in the worker's time, and loads itself anew", func() {
		view := quiet()
		text := read(view).text()
		Expect(text).To(ContainSubstring("Looked at 16:29:02, 12 s ago. Times are CEST."))
		Expect(text).To(ContainSubstring("weeder 1.2.3, on Garden at 127.0.0.1:7777, volumes in /volumes. Shown as of 16:29:14; loads itself anew every 30 s."))
		Expect(rendered(view)).To(And(ContainSubstring(`<meta http-equiv="refresh" content="30">`),
			ContainSubstring(`<time datetime="2016-10-21T14:29:02Z">16:29:02</time>`)))
		view.Interval = 5 * time.Second
		Expect(rendered(view)).To(ContainSubstring(`content="10">`))
	})

	It("says that the last look could not judge", func() {
		view := quiet()
		view.Last = &reaper.Report{At: now.Add(-12 * time.Second)}
		d := read(view)
		Expect(d.text()).To(ContainSubstring("Looked at 16:29:02, 12 s ago, and could not judge. Times are CEST."))
		Expect(d.figures()).To(HaveKeyWithValue("slots used by containers", "? of 250"))
		Expect(d.part("Orphans").Data).To(BeEmpty())
	})

	It("leads to what machines read", func() {
		links := map[string]string{}
		for _, link := range read(quiet()).all("nav")[0].all("a") {
			links[link.text()] = attribute(link.Node, "href")
		}
		Expect(links).To(Equal(map[string]string{"metrics": "/metrics", "health": "/healthz", "last look as JSON": "/api/v1/scan"}))
	})

	It("needs no script, and no style but its own", func() {
		view := full("<script>alert(1)</script>")
		d := read(view)
		for _, name := range []string{"script", "iframe", "object", "form", "img", "base"} {
			Expect(d.all(name)).To(BeEmpty(), name)
		}
		Expect(d.all("style")).To(HaveLen(1))
		sum := sha256.Sum256([]byte(d.all("style")[0].FirstChild.Data))
		Expect(page.SecurityPolicy()).To(Equal("default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"))
		for node := range d.Descendants() {
			for _, attribute := range node.Attr {
				Expect(attribute.Key).NotTo(Or(Equal("style"), HavePrefix("on"), Equal("src")))
			}
		}
	})

	It("has one main heading, and each part its own", func() {
		d := read(full("x"))
		Expect(d.all("h1")).To(HaveLen(1))
		headings := []string{}
		for _, heading := range d.all("h2") {
			headings = append(headings, heading.text())
		}
		Expect(headings).To(Equal([]string{"Now", "The last day", "Stuck", "Orphans", "Being destroyed", "Last events"}))
		Expect(attribute(d.all("html")[0].Node, "lang")).To(Equal("en"))
	})

	DescribeTable("stays under 100 kB",
		func(handle string) {
			text := rendered(full(handle))
			GinkgoWriter.Println(len(text))
			Expect(len(text)).To(BeNumerically("<", 100_000))
		},
		Entry("with UUIDs", "eb8f2bbf-86e1-4603-4881-548c9133aa62"),
		Entry("with nothing but quotes", strings.Repeat(`"`, 10_000)),
		Entry("with markup", strings.Repeat(`<b>&'`, 10_000)),
		Entry("with the widest characters", strings.Repeat("🙂", 10_000)),
		Entry("with what is not to be shown", strings.Repeat("\u202e\x1b", 10_000)),
		Entry("with no characters at all", strings.Repeat("\xff", 10_000)),
		Entry("with plain ones", strings.Repeat("a", 10_000)),
	)

	It("shows what others wrote as text, and nothing that could steer or turn it", func() {
		view := full("<b onclick=x>&amp;\x1b[31m\u202egnp\u2066\u0007\x00\xff\u009b \"quoted'")
		text := rendered(view)
		Expect(text).NotTo(ContainSubstring("<b onclick"))
		Expect(text).NotTo(MatchRegexp("[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]"))
		d := read(view)
		shown := "<b onclick=x>&amp;�[31m�gnp���� \"quoted'"
		Expect(d.part("Orphans").rows()[0]["container"]).To(ContainSubstring("<b onclick=x>&amp;�[31m�gnp"))
		Expect(d.part("Being destroyed").items()[0]).To(HavePrefix("<b onclick=x>"))
		for _, part := range []string{"Stuck", "Orphans", "Being destroyed", "Last events"} {
			Expect(d.part(part).text()).To(ContainSubstring(shown[:20]), part)
		}
		for _, name := range []string{"b", "amp"} {
			Expect(d.all(name)).To(BeEmpty())
		}
	})

	It("fails where the writer does", func() {
		Expect(page.Render(broken{}, quiet())).To(And(MatchError(errFull), MatchError(ContainSubstring("write page"))))
	})
})

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errFull }

// full is a view with more of everything than there is room for, and a text of
// others wherever there can be one.
func full(text string) page.View {
	var findings []reaper.Finding
	for i := range 1000 {
		finding := stuck(text, text)
		finding.Container.Handle = fmt.Sprintf("%s%d", text, i)
		finding.Container.Purpose = reaper.Purpose{Team: text, Pipeline: text, Job: text, Resource: text, Build: text, Step: reaper.Step(text)}
		finding.Reasons = []reaper.Reason{{Code: reaper.VolumeIsMissing, Volume: text, Detail: text}, {Code: reaper.VolumeIsDead}}
		for _, name := range reaper.HoldNames {
			finding.Holds = append(finding.Holds, reaper.Hold{By: name, Detail: text, Until: now.Add(time.Hour)})
		}
		findings = append(findings, finding)
	}
	view := quiet(findings...)
	view.Version, view.Target, view.VolumesDir = text, text, text
	view.Late, view.Quiet, view.DryRun, view.Unrecorded = true, time.Hour, true, errors.New(text)
	view.Destroying = map[string]time.Time{}
	for i := range 100 {
		view.Destroying[fmt.Sprintf("%s%d", text, 900+i)] = now.Add(time.Duration(i) * time.Second)
	}
	for _, name := range reaper.InterlockNames {
		view.Interlocks = append(view.Interlocks, reaper.Interlock{Name: name, Detail: text})
	}
	for range 100 {
		view.Events = append(view.Events, page.NewEvent(reaper.Event{
			Time: now, Name: reaper.EventDestroyFailed, Handle: text, Err: errors.New(text)}))
	}
	for i, at := range samples(24, trend.Sample{}) {
		// No two are alike, so that each takes the most.
		at.Live, at.Foreign, at.Unknown, at.Orphan, at.Slots = 1000+i%7, 1000+i%5, 1000+i%11, 1000+i%3, 9000+i%2
		view.Samples = append(view.Samples, at)
	}
	return view
}
