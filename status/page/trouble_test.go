package page_test

import (
	"errors"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
	"weeder/status/page"
	"weeder/status/trend"
)

var _ = Describe("what the page says first", func() {
	first := func(change func(*page.View)) string {
		GinkgoHelper()
		view := quiet()
		change(&view)
		d := read(view)
		Expect(d.troubles()).To(HaveLen(1))
		text := d.troubles()[0]
		if strings.HasPrefix(text, "Wrong:") {
			Expect(d.part("Now").Data).To(Equal("section"))
			Expect(d.all("title")[0].FirstChild.Data).To(Equal("weeder: something is wrong"))
		} else {
			headline := "Now: nothing is wrong"
			if view.Last == nil {
				headline = "Now: not known yet"
			}
			Expect(d.part(headline).Data).To(Equal("section"))
		}
		return text
	}

	DescribeTable("names each interlock, and says what it means",
		func(name reaper.InterlockName, start, end string) {
			text := first(func(v *page.View) { v.Interlocks = []reaper.Interlock{{Name: name, Detail: "set --this"}} })
			Expect(text).To(And(HavePrefix(start), HaveSuffix(end+" "+string(name)+": set --this")))
		},
		Entry(nil, reaper.GardenUnreachable, "Wrong: Garden does not answer", "Nothing is destroyed as long as this lasts."),
		Entry(nil, reaper.VolumesDirUnusable, "Wrong: The directory with baggageclaim’s volumes can’t be read", "as long as this lasts."),
		Entry(nil, reaper.NoVolumeFound, "Wrong: Not one of the containers’ volumes", "as long as this lasts."),
		Entry(nil, reaper.BaggageclaimUnreachable, "Wrong: baggageclaim does not answer", "as long as this lasts."),
		Entry(nil, reaper.WitnessesDisagreeInterlock, "Wrong: baggageclaim and the disk contradict", "as long as this lasts."),
		Entry(nil, reaper.VolumesDirChanged, "The directory with the volumes is another", "Nothing is destroyed until then; this ends of itself."),
		Entry(nil, reaper.Starting, "weeder has not watched", "this ends of itself."),
		Entry(nil, reaper.ClockStepped, "The clock was set", "this ends of itself."),
	)

	It("knows all interlocks, also one that is new", func() {
		for _, name := range append([]reaper.InterlockName{"newer"}, reaper.InterlockNames...) {
			text := first(func(v *page.View) { v.Interlocks = []reaper.Interlock{{Name: name}} })
			Expect(text).To(MatchRegexp(`^(Wrong: )?\S.*\. Nothing is destroyed .*%s$`, name))
		}
	})

	DescribeTable("says what else is wrong, or special",
		func(change func(*page.View), text string) { Expect(first(change)).To(Equal(text)) },
		Entry("no look for long", func(v *page.View) { v.Late, v.Quiet = true, 5*time.Minute },
			"Wrong: The last look ended 5 min ago, though there should be one every 30 s: all below is old."),
		Entry("a journal that can't be written", func(v *page.View) { v.Unrecorded = errors.New("write journal: no space left") },
			"Wrong: What happens can’t be written down: is the disk full? weeder goes on, and its log tells each destroy. journal: write journal: no space left"),
		Entry("no slots left", func(v *page.View) { v.Samples = []trend.Sample{{At: now, Live: 250, Slots: 250}} },
			"Wrong: All slots are in use. Builds fail on this worker until containers go."),
		Entry("one that is stuck", func(v *page.View) { v.Last.Findings = []reaper.Finding{stuck("a", "no")} },
			"Wrong: 1 container can’t be destroyed: it was tried 5 times at least. See below why."),
		Entry("a dry run", func(v *page.View) { v.DryRun = true },
			"This is a dry run: weeder decides all that it would decide otherwise, writes that down, and destroys nothing."),
		Entry("no look yet", func(v *page.View) { v.Last = nil }, "No look is over yet. weeder was started 3 h ago."),
		Entry("that no container can be judged", func(v *page.View) {
			for _, handle := range []string{"a", "b", "c"} {
				finding := found(handle, reaper.Unknown)
				finding.Reasons = []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: "permission denied"}}
				v.Last.Findings = append(v.Last.Findings, finding)
			}
		}, "Wrong: Not one of Concourse’s containers can be judged, so no leak is found. What can’t be judged is kept. "+
			"weeder scan --only unknown: permission denied"),
		Entry("containers that can't be judged", func(v *page.View) {
			v.Last.Findings = []reaper.Finding{found("a", reaper.Unknown), found("b", reaper.Unknown)}
		}, "2 containers can’t be judged. What can’t be judged is kept. weeder scan --only unknown"),
	)

	It("puts what is wrong before what is but special", func() {
		view := quiet(found("u", reaper.Unknown))
		view.DryRun, view.Unrecorded = true, errFull
		view.Interlocks = []reaper.Interlock{{Name: reaper.Starting}, {Name: reaper.GardenUnreachable}}
		texts := read(view).troubles()
		Expect(texts).To(HaveLen(5))
		Expect(texts[0]).To(HavePrefix("Wrong: Garden"))
		Expect(texts[1]).To(HavePrefix("Wrong: What happens"))
		Expect(texts[2]).To(HavePrefix("weeder has not"))
	})

	It("keeps a long detail short", func() {
		text := first(func(v *page.View) {
			v.Interlocks = []reaper.Interlock{{Name: reaper.GardenUnreachable, Detail: strings.Repeat("x", 5000)}}
		})
		Expect(text).To(HaveSuffix("x…"))
		Expect(len(text)).To(BeNumerically("<", 700))
	})
})
