package trend_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/status/trend"
)

var _ = Describe("a series", func() {
	var day trend.Series
	BeforeEach(func() { day = trend.Series{} })
	add := func(after time.Duration, live int) { day.Add(at(noon.Add(after), live)) }

	It("has nothing at first", func() {
		Expect(day.Samples()).To(BeEmpty())
	})

	It("keeps the newest of each five minutes", func() {
		for i := range 21 {
			add(time.Duration(i)*30*time.Second, i)
		}
		Expect(counts(day.Samples())).To(Equal([]int{9, 19, 20}))
		Expect(day.Samples()[0].At).To(Equal(noon.Add(4*time.Minute + 30*time.Second)))
	})

	It("keeps a day's, and both its ends", func() {
		for i := range 1000 {
			add(time.Duration(i)*5*time.Minute, i)
		}
		samples := day.Samples()
		Expect(samples).To(HaveLen(289))
		Expect(samples[0].Live).To(Equal(711))
		Expect(samples[288].Live).To(Equal(999))
	})

	It("has no more than that, however the passes fall", func() {
		for i := range 5000 {
			add(time.Duration(i)*67*time.Second, i)
			Expect(len(day.Samples())).To(BeNumerically("<=", 289))
		}
	})

	It("drops what lies ahead of a clock that was set back, and goes on", func() {
		for i := range 10 {
			add(time.Duration(i)*5*time.Minute, i)
		}
		add(12*time.Minute, 100)
		Expect(counts(day.Samples())).To(Equal([]int{0, 1, 100}))
		add(17*time.Minute, 101)
		Expect(counts(day.Samples())).To(Equal([]int{0, 1, 100, 101}))
	})

	It("drops all where the clock was set by more than a day, to and fro", func() {
		add(0, 1)
		add(300*24*time.Hour, 2)
		Expect(counts(day.Samples())).To(Equal([]int{2}))
		add(5*time.Minute, 3)
		Expect(counts(day.Samples())).To(Equal([]int{3}))
	})

	It("gives away a copy", func() {
		add(0, 1)
		day.Samples()[0].Live = 7
		Expect(counts(day.Samples())).To(Equal([]int{1}))
	})

	It("counts all containers as slots in use", func() {
		Expect(trend.Sample{Live: 1, Foreign: 20, Unknown: 300, Orphan: 4000}.Used()).To(Equal(4321))
	})
})

var _ = Describe("the stretches of a series", func() {
	runs := func(interval time.Duration, minutes ...int) [][]int {
		var samples []trend.Sample
		for _, minute := range minutes {
			samples = append(samples, at(noon.Add(time.Duration(minute)*time.Minute), minute))
		}
		found := [][]int{}
		for _, run := range trend.Runs(samples, interval) {
			found = append(found, counts(run))
		}
		return found
	}

	It("are none without samples", func() {
		Expect(runs(30 * time.Second)).To(BeEmpty())
	})

	It("are one where the worker was watched all the time", func() {
		Expect(runs(30*time.Second, 4, 9, 14, 19)).To(Equal([][]int{{4, 9, 14, 19}}))
	})

	It("end where a sample is missing, or late by more than a pass", func() {
		Expect(runs(30*time.Second, 4, 9, 19, 24, 30)).To(Equal([][]int{{4, 9}, {19, 24}, {30}}))
	})

	It("allow for passes that are far apart", func() {
		Expect(runs(time.Hour, 0, 64, 120, 240)).To(Equal([][]int{{0, 64, 120}, {240}}))
	})
})
