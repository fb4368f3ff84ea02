package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"weeder/status/trend"
)

// The chart's plot is plotHeight high, plotTop below the top of its SVG; both are
// pixels. Its width is steps of trend.Step, and is stretched to that of the page.
const (
	plotTop    = 10
	plotHeight = 180
	steps      = int(trend.Day/trend.Step) + 1
)

// chart is the containers of the last day.
type chart struct {
	// Steps and High are the width and the height of what the paths are drawn in.
	Steps, High int
	// Areas by verdict, the highest and hindmost first: each hides all of the one
	// behind it but its top.
	Areas []area
	// Limit is the path of the slots that there are. Empty: not known.
	Limit string
	// Hours are the marks of the time axis, Counts those of the other.
	Hours  []hourMark
	Counts []countMark
	// Gaps tells that there are times of which nothing is known.
	Gaps bool
	// Told is the chart in words.
	Told string
}

// area is the containers of one verdict.
type area struct{ Class, Path string }

// hourMark marks a full hour.
type hourMark struct {
	// X in per cent.
	X    string
	Text string
	// Minor tells that it goes first where there is little room.
	Minor bool
}

// countMark marks a number of containers.
type countMark struct {
	Y, TextY int
	Text     string
}

// levels are what is stacked: each is all that counts up to its top.
var levels = []struct {
	class string
	top   func(trend.Sample) int
}{
	{"orphan", trend.Sample.Used},
	{"unknown", func(s trend.Sample) int { return s.Live + s.Foreign + s.Unknown }},
	{"foreign", func(s trend.Sample) int { return s.Live + s.Foreign }},
	{"live", func(s trend.Sample) int { return s.Live }},
}

// chart draws the samples.
func (v View) chart() chart {
	highest := int(v.MaxContainers)
	for _, sample := range v.Samples {
		highest = max(highest, sample.Used(), sample.Slots)
	}
	tick := tickFor(highest)
	c := chart{Steps: steps, High: max(1, highest+highest/20+1), Told: v.chartTold()}
	for count := 0; count <= c.High; count += tick {
		y := plotTop + plotHeight - plotHeight*count/c.High
		c.Counts = append(c.Counts, countMark{Y: y, TextY: y + 4, Text: strconv.Itoa(count)})
	}
	c.Hours = v.hours()

	runs := trend.Runs(v.Samples, v.Interval)
	for _, level := range levels {
		var path pathMaker
		for _, run := range runs {
			path.area(run, level.top, v, c.High)
		}
		c.Areas = append(c.Areas, area{Class: level.class, Path: path.String()})
	}
	var limit pathMaker
	known := 0
	for _, run := range runs {
		v.columns(run, func(from, to int, _ trend.Sample) { known += to - from })
		limit.line(run, func(s trend.Sample) int { return s.Slots }, v, c.High)
	}
	c.Limit = limit.String()
	// Of the first step or the last there may be nothing yet.
	c.Gaps = known < steps-2
	return c
}

// tickFor is how far apart the marks of a number of containers are: there are at
// most six.
func tickFor(highest int) int {
	for tick := 1; ; tick *= 10 {
		for _, times := range []int{1, 2, 5} {
			if highest/(times*tick) < 6 {
				return times * tick
			}
		}
	}
}

// hours are the marks of each third hour of the day.
func (v View) hours() []hourMark {
	var marks []hourMark
	const quarter = 15 * time.Minute
	for at := v.At.Add(-trend.Day).Truncate(quarter); !at.After(v.At); at = at.Add(quarter) {
		local := at.In(v.At.Location())
		share := 1 - float64(v.At.Sub(at))/float64(trend.Day)
		// What lies at an edge would be cut off.
		if local.Minute() != 0 || local.Hour()%3 != 0 || share < .06 || share > .94 {
			continue
		}
		marks = append(marks, hourMark{
			X: fmt.Sprintf("%.1f%%", 100*share), Text: local.Format("15:04"), Minor: local.Hour()%6 != 0,
		})
	}
	return marks
}

// pathMaker draws in steps of trend.Step and containers, from the top left.
type pathMaker struct{ strings.Builder }

// column is the step of the chart that a time lies in, from 0.
func (v View) column(at time.Time) int {
	return steps - 1 - int(v.At.Sub(at)/trend.Step)
}

// columns gives each sample that lies in the chart with its columns, the first
// and that after the last: it stands until the next.
func (v View) columns(run []trend.Sample, draw func(from, to int, sample trend.Sample)) {
	for i, sample := range run {
		from, to := v.column(sample.At), v.column(sample.At)+1
		if i+1 < len(run) {
			to = v.column(run[i+1].At)
		}
		if from = max(0, from); from < min(to, steps) {
			draw(from, min(to, steps), sample)
		}
	}
}

func (p *pathMaker) area(run []trend.Sample, top func(trend.Sample) int, v View, high int) {
	end, last := -1, -1
	v.columns(run, func(from, to int, sample trend.Sample) {
		y := high - top(sample)
		if end < 0 {
			fmt.Fprintf(p, "M%d %dV%d", from, high, y)
		} else if y != last {
			fmt.Fprintf(p, "H%dV%d", from, y)
		}
		end, last = to, y
	})
	if end >= 0 {
		fmt.Fprintf(p, "H%dV%dZ", end, high)
	}
}

func (p *pathMaker) line(run []trend.Sample, value func(trend.Sample) int, v View, high int) {
	end, last := -1, -1
	v.columns(run, func(from, to int, sample trend.Sample) {
		if value(sample) == 0 {
			return
		}
		y := high - value(sample)
		if end < 0 {
			fmt.Fprintf(p, "M%d %d", from, y)
		} else if y != last {
			fmt.Fprintf(p, "H%dV%d", from, y)
		}
		end, last = to, y
	})
	if end >= 0 {
		fmt.Fprintf(p, "H%d", end)
	}
}

// chartTold says in words what the chart shows.
func (v View) chartTold() string {
	if len(v.Samples) == 0 {
		return "Nothing yet: no look could judge."
	}
	first, last := v.Samples[0], v.Samples[len(v.Samples)-1]
	least, most, orphans := first.Used(), first.Used(), 0
	for _, sample := range v.Samples {
		least, most, orphans = min(least, sample.Used()), max(most, sample.Used()), max(orphans, sample.Orphan)
	}
	told := fmt.Sprintf("From %s to %s there were between %d and %d containers, with at most %s among them.",
		v.moment(first.At).Clock, v.moment(last.At).Clock, least, most, plural(orphans, "orphan", "orphans"))
	if last.Slots > 0 {
		told += fmt.Sprintf(" There are %d slots.", last.Slots)
	}
	return told
}

// outlookText says when the slots run out, and at is when, with in how long: roughly,
// as a line through some hours tells it.
func (v View) outlookText(found trend.Forecast) (text string, at moment) {
	digits := 1
	if found.PerHour >= 10 {
		digits = 0
	}
	rate := fmt.Sprintf("%.*f more each hour, as over the last %s", digits, found.PerHour, span(found.Over.Round(10*time.Minute)))
	switch found.Outlook {
	case trend.TooEarly:
		return "When the slots run out can be told after an hour of looks.", moment{}
	case trend.NoLimit:
		return "When the slots run out can’t be told: nobody says how many there are.", moment{}
	case trend.Full:
		return "The slots have run out.", moment{}
	case trend.Distant:
		return "At this rate (" + rate + ") the slots last for more than a week.", moment{}
	case trend.RunsOut:
		at = v.moment(found.At)
		if sameDay(found.At.In(v.At.Location()), v.At) {
			at.Clock = found.At.In(v.At.Location()).Format("15:04")
		}
		at.Ago = "in about " + span(roughly(found.At.Sub(v.At)))
		return "At this rate (" + rate + ") the slots run out", at
	}
	return "At this rate the slots don’t run out.", moment{}
}

// roughly leaves out what nobody can know of a time to come.
func roughly(d time.Duration) time.Duration {
	if d > 2*time.Hour {
		return d.Round(time.Hour)
	}
	return d.Round(5 * time.Minute)
}
