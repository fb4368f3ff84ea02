package page_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/status/page"
	"weeder/status/trend"
)

var _ = Describe("the chart", func() {
	// paths are those drawn, by what they show.
	paths := func(view page.View) map[string]string {
		GinkgoHelper()
		drawn := map[string]string{}
		for _, path := range read(view).part("The last day").all("path") {
			drawn[attribute(path.Node, "class")] = attribute(path.Node, "d")
		}
		return drawn
	}
	with := func(samples ...trend.Sample) page.View {
		view := quiet()
		view.Samples = samples
		return view
	}
	picture := func(view page.View) document {
		GinkgoHelper()
		for _, svg := range read(view).all("svg") {
			if attribute(svg.Node, "role") == "img" {
				return svg
			}
		}
		Fail("there is no picture")
		return document{}
	}

	It("has a title and says in words what it shows", func() {
		svg := picture(with(
			trend.Sample{At: now.Add(-3 * time.Hour), Live: 10, Slots: 250}, trend.Sample{At: now, Live: 40, Orphan: 2, Slots: 250}))
		Expect(attribute(svg.Node, "aria-labelledby") + " " + attribute(svg.Node, "aria-describedby")).To(Equal("chart-title chart-told"))
		Expect(svg.all("title")[0].FirstChild.Data).To(ContainSubstring("Containers by verdict over the last day"))
		Expect(svg.all("desc")[0].FirstChild.Data).To(Equal(
			"From 13:29:14 to 16:29:14 there were between 10 and 42 containers, with at most 2 orphans among them. There are 250 slots."))
		Expect(picture(quiet()).all("desc")[0].FirstChild.Data).To(Equal("Nothing yet: no look could judge."))
	})

	It("stacks the verdicts, each from the ground on, below the slots there are", func() {
		Expect(paths(with(trend.Sample{At: now, Live: 100, Foreign: 20, Unknown: 3, Orphan: 40, Slots: 250}))).To(Equal(map[string]string{
			"orphan": "M288 263V100H289V263Z", "unknown": "M288 263V140H289V263Z", "foreign": "M288 263V143H289V263Z",
			"live": "M288 263V163H289V263Z", "limit": "M288 13H289",
		}))
	})

	It("goes up and down with the samples, and says nothing twice", func() {
		Expect(paths(with(
			trend.Sample{At: now.Add(-20 * time.Minute), Live: 100, Slots: 250}, trend.Sample{At: now.Add(-15 * time.Minute), Live: 100, Slots: 250},
			trend.Sample{At: now.Add(-10 * time.Minute), Live: 120, Slots: 250}, trend.Sample{At: now.Add(-5 * time.Minute), Live: 90, Slots: 100},
		))).To(And(HaveKeyWithValue("live", "M284 263V163H286V143H287V173H288V263Z"), HaveKeyWithValue("limit", "M284 13H287V163H288")))
	})

	It("has gaps where nothing could be judged, and says so", func() {
		view := with(trend.Sample{At: now.Add(-time.Hour), Live: 100}, trend.Sample{At: now, Live: 100})
		Expect(paths(view)).To(HaveKeyWithValue("live", "M276 263V163H277V263ZM288 263V163H289V263Z"))
		Expect(paths(view)).NotTo(HaveKey("limit"))
		Expect(read(view).text()).To(ContainSubstring("Where there is nothing, nobody looked"))
		Expect(read(with(samples(24, trend.Sample{})...)).text()).NotTo(ContainSubstring("Where there is nothing"))
	})

	It("tells of gaps of half a day", func() {
		Expect(read(with(samples(12, trend.Sample{})...)).text()).To(ContainSubstring("Where there is nothing"))
	})

	It("has no gaps between looks that are far apart", func() {
		view := with(trend.Sample{At: now.Add(-time.Hour), Live: 100}, trend.Sample{At: now, Live: 90})
		view.Interval = time.Hour
		Expect(paths(view)).To(HaveKeyWithValue("live", "M276 263V163H288V173H289V263Z"))

		view.Samples = nil
		for hour := range 25 {
			view.Samples = append(view.Samples, trend.Sample{At: now.Add(time.Duration(hour-24) * time.Hour)})
		}
		Expect(read(view).text()).NotTo(ContainSubstring("Where there is nothing"))
	})

	It("shows the last day alone", func() {
		Expect(paths(with(samples(30, trend.Sample{Live: 100})...))).To(HaveKeyWithValue("live", "M0 263V163H289V263Z"))
		Expect(paths(with(trend.Sample{At: now.Add(time.Hour), Live: 1}))).To(BeEmpty())
	})

	It("is as high as there are slots, or containers", func() {
		view := with(trend.Sample{At: now, Live: 1000, Slots: 250})
		Expect(paths(view)["live"]).To(HavePrefix("M288 1051V51"))
		view.MaxContainers = 0
		view.Samples = nil
		Expect(rendered(view)).To(ContainSubstring(`viewBox="0 0 289 1"`))
	})

	It("marks each third hour in local time, the sixth where there is little room", func() {
		var all, minor []string
		for _, group := range picture(quiet()).all("g") {
			switch attribute(group.Node, "class") {
			case "hours":
				for _, text := range group.all("text") {
					all = append(all, text.text())
				}
			case "minor":
				minor = append(minor, group.text())
			}
		}
		Expect(all).To(Equal([]string{"18:00", "21:00", "00:00", "03:00", "06:00", "09:00", "12:00", "15:00"}))
		Expect(minor).To(Equal([]string{"21:00", "03:00", "09:00", "15:00"}))
	})

	It("marks no hour at the edges, where it would be cut off", func() {
		view := quiet()
		view.At = time.Date(2016, 10, 21, 18, 5, 0, 0, time.UTC)
		Expect(picture(view).text()).To(Equal("21:00 00:00 03:00 06:00 09:00 12:00 15:00"))
	})

	It("marks full hours where clocks are half an hour off", func() {
		view := quiet()
		view.At = now.In(time.FixedZone("IST", 5*60*60+30*60))
		Expect(picture(view).text()).To(Equal("00:00 03:00 06:00 09:00 12:00 15:00 18:00"))
	})

	DescribeTable("marks round numbers of containers",
		func(slots int, marks string) {
			view := quiet()
			view.MaxContainers = uint64(slots)
			for _, svg := range read(view).all("svg") {
				if attribute(svg.Node, "class") == "counts" {
					Expect(svg.text()).To(Equal(marks))
				}
			}
		},
		Entry(nil, 250, "0 50 100 150 200 250"), Entry(nil, 3, "0 1 2 3 4"), Entry(nil, 1000, "0 200 400 600 800 1000"),
		Entry(nil, 13, "0 5 10"),
	)

	DescribeTable("says when the slots run out",
		func(view page.View, text string) {
			Expect(read(view).part("The last day").text()).To(ContainSubstring(text))
		},
		Entry("too early", quiet(), "can be told after an hour of looks."),
		Entry("never", with(samples(6, trend.Sample{Live: 100, Slots: 250})...), "At this rate the slots don’t run out."),
		Entry("no limit", with(samples(6, trend.Sample{Live: 100})...), "nobody says how many there are."),
		Entry("full", with(samples(6, trend.Sample{Live: 250, Slots: 250})...), "The slots have run out."),
		Entry("soon", with(rising(100)...), "At this rate (12 more each hour, as over the last 6 h) the slots run out in about 7 h, at 22:59."),
		Entry("very soon", with(rising(162)...), "run out in about 1 h 20 min, at 17:49."),
		Entry("in weeks", with(slowly()...), "At this rate (0.5 more each hour, as over the last 6 h) the slots last for more than a week."),
	)
})

// rising are the samples of six hours, one more each.
func rising(from int) []trend.Sample {
	list := samples(6, trend.Sample{Slots: 250})
	for i := range list {
		list[i].Live = from + i
	}
	return list
}

// slowly are samples that rise by one every two hours.
func slowly() []trend.Sample {
	list := rising(0)
	for i := range list {
		list[i].Live = (i + 12) / 24
	}
	return list
}
