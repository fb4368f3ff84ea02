package status_test

import (
	"context"
	"flag"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
	"weeder/spec/goroutines"
	"weeder/status"
)

func init() {
	// Set before the command line is read, which so has the last word. The seed
	// that rapid prints does as well as its fail files.
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
}

func TestStatus(t *testing.T) {
	SetDefaultEventuallyTimeout(10 * time.Second)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Status Suite")
}

var _ = goroutines.CheckEachSpec()

var start = time.Date(2016, 10, 21, 14, 29, 14, 0, time.UTC)

// subject is a Status with its clock.
type subject struct {
	*status.Status
	clock *fakeclock.FakeClock
}

// newSubject makes a Status of a worker with an interval of 30 s and a timeout of
// 10 s; change may say otherwise.
func newSubject(change ...func(*status.Config)) subject {
	s := subject{clock: fakeclock.NewFakeClock(start)}
	config := status.Config{
		Target: "127.0.0.1:7777", VolumesDir: func() string { return "/worker/volumes" }, MaxContainers: 250,
		Interval: 30 * time.Second, Timeout: 10 * time.Second, Version: "1.2.3", Clock: s.clock,
	}
	for _, by := range change {
		by(&config)
	}
	s.Status = status.New(config)
	return s
}

// watch runs Watch for as long as the spec.
func (s subject) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Watch(ctx)
	}()
	DeferCleanup(func() {
		cancel()
		Eventually(ended).Should(BeClosed())
	})
}

func (s subject) ask(method, path string) *http.Response {
	recorder := httptest.NewRecorder()
	s.Handler().ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
	return recorder.Result()
}

// interlocked is a report that could not judge, or where judged is true, one
// that could.
func interlocked(judged bool, names ...reaper.InterlockName) reaper.Report {
	report := reaper.Report{At: start, Judged: judged}
	for _, name := range names {
		report.Interlocks = append(report.Interlocks, reaper.Interlock{Name: name, Detail: "its detail"})
	}
	return report
}
