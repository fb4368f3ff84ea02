package trend_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/spec/goroutines"
	"weeder/status/trend"
)

var _ = goroutines.CheckEachSpec()

func TestTrend(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Trend Suite")
}

var noon = time.Date(2016, 10, 21, 12, 0, 0, 0, time.UTC)

// at is a sample of so many containers in use.
func at(when time.Time, live int) trend.Sample {
	return trend.Sample{At: when, Live: live, Slots: 250}
}

// counts are those of samples.
func counts(samples []trend.Sample) []int {
	found := []int{}
	for _, sample := range samples {
		found = append(found, sample.Live)
	}
	return found
}
