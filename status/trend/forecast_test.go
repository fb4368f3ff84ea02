package trend_test

import (
	"math"
	"math/rand/v2"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/status/trend"
)

var _ = Describe("a forecast", func() {
	// line are samples up to noon over so many hours, of what a function gives for
	// the hours since their begin.
	line := func(hours float64, used func(hour float64) float64) []trend.Sample {
		var samples []trend.Sample
		for ago := time.Duration(hours * float64(time.Hour)); ago >= 0; ago -= 5 * time.Minute {
			samples = append(samples, at(noon.Add(-ago), int(math.Round(used(hours-ago.Hours())))))
		}
		return samples
	}
	hourly := func(count int) (samples []trend.Sample) {
		for i := range count {
			samples = append(samples, at(noon.Add(time.Duration(i+1-count)*time.Hour), 100+10*i))
		}
		return samples
	}
	rising := func(start, perHour float64) func(float64) float64 {
		return func(hour float64) float64 { return start + perHour*hour }
	}

	It("says when the slots run out at a steady rate", func() {
		found := trend.Look(line(6, rising(100, 10)), noon)
		Expect(found.Outlook).To(Equal(trend.RunsOut))
		Expect(found.PerHour).To(BeNumerically("~", 10, .05))
		Expect(found.Over).To(Equal(6 * time.Hour))
		Expect(found.At).To(BeTemporally("~", noon.Add(9*time.Hour), 5*time.Minute))
	})

	It("does with a look each hour", func() {
		Expect(trend.Look(hourly(6), noon).Outlook).To(Equal(trend.RunsOut))
	})

	It("goes by the last six hours alone", func() {
		found := trend.Look(line(24, func(hour float64) float64 { return 40 + 20*max(0, hour-18) }), noon)
		Expect(found.PerHour).To(BeNumerically("~", 20, .1))
		Expect(found.Over).To(Equal(6 * time.Hour))
	})

	It("finds a line in the coming and going of builds", func() {
		random := rand.New(rand.NewPCG(1, 0))
		found := trend.Look(line(6, func(hour float64) float64 { return 100 + 8*hour + random.NormFloat64()*5 }), noon)
		Expect(found.Outlook).To(Equal(trend.RunsOut))
		Expect(found.PerHour).To(BeNumerically("~", 8, 1))
	})

	It("does not take the rise itself for coming and going", func() {
		up := 1.0
		found := trend.Look(line(6, func(hour float64) float64 {
			up = -up
			return 100 + 5*hour + 14*up
		}), noon)
		Expect(found.Outlook).To(Equal(trend.RunsOut))
	})

	It("leaps over gaps", func() {
		samples := line(6, rising(100, 10))
		found := trend.Look(append(samples[:20:20], samples[50:]...), noon)
		Expect(found.PerHour).To(BeNumerically("~", 10, .1))
	})

	DescribeTable("says nothing of a time",
		func(samples []trend.Sample, outlook trend.Outlook) {
			found := trend.Look(samples, noon)
			Expect(found.Outlook).To(Equal(outlook))
			Expect(found.At).To(BeZero())
		},
		Entry("without samples", nil, trend.TooEarly),
		Entry("with those of less than an hour", line(.9, rising(100, 50)), trend.TooEarly),
		Entry("with five over four hours", hourly(5), trend.TooEarly),
		Entry("where nobody knows the slots", []trend.Sample{{At: noon, Live: 3}}, trend.NoLimit),
		Entry("where there are none left", []trend.Sample{at(noon, 250)}, trend.Full),
		Entry("where there are more containers than slots", line(2, rising(251, 0)), trend.Full),
		Entry("where nothing changes", line(6, rising(100, 0)), trend.Steady),
		Entry("where it falls", line(6, rising(200, -10)), trend.Steady),
		Entry("where one more came", line(6, func(hour float64) float64 { return 100 + math.Floor(hour/5.9) }), trend.Steady),
		Entry("where it goes up and down", line(6, func(hour float64) float64 { return 120 + 30*math.Sin(20*hour) + hour }), trend.Steady),
		Entry("where it takes weeks", line(6, rising(10, .5)), trend.Distant),
	)

	It("says nothing with samples that are old", func() {
		Expect(trend.Look(line(6, rising(100, 10)), noon.Add(61*time.Minute)).Outlook).To(Equal(trend.TooEarly))
		Expect(trend.Look(line(6, rising(100, 10)), noon.Add(59*time.Minute)).Outlook).To(Equal(trend.RunsOut))
	})

	It("is never of a time that is past", func() {
		now := noon.Add(50 * time.Minute)
		Expect(trend.Look(line(3, rising(100, 49)), now).At).To(Equal(now))
	})
})
