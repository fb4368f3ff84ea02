package status_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"

	"weeder/reaper"
	"weeder/status"
)

// BenchmarkHandler serves what there is of a full worker, half of whose
// containers are orphans.
func BenchmarkHandler(b *testing.B) {
	at := time.Date(2016, 10, 21, 14, 29, 15, 0, time.UTC)
	shown := status.New(status.Config{Interval: 30 * time.Second, Timeout: time.Second, Clock: fakeclock.NewFakeClock(at)})
	report := reaper.Report{At: at, Judged: true}
	for i := range 250 {
		handle := fmt.Sprintf("88914c83-fc71-4358-4f3f-%012d", i)
		finding := reaper.Finding{Container: reaper.Container{Handle: handle, CreatedAt: at.Add(-time.Hour)}}
		finding.Verdict = reaper.Live
		if i%2 == 0 {
			finding.Verdict = reaper.Orphan
			finding.Reasons = []reaper.Reason{{Code: reaper.VolumeIsMissing, Volume: handle, Detail: "in none of init, live and dead"}}
			finding.Holds = []reaper.Hold{{By: reaper.HeldByGrace, Detail: "an orphan since a minute", Until: at.Add(time.Minute)}}
		}
		finding.Volumes = []reaper.ReferencedVolume{{Volume: reaper.Volume{Handle: handle, State: reaper.VolumeLive}, Path: "/", Root: true,
			Sources: []reaper.Source{reaper.SourceProperties, reaper.SourceBundle}}}
		report.Findings = append(report.Findings, finding)
	}
	shown.Passed(report)
	handler := shown.Handler()
	for _, path := range []string{"/", "/metrics", "/healthz", "/api/v1/scan"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				recorder := httptest.NewRecorder()
				handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
				if recorder.Code != http.StatusOK {
					b.Fatal(recorder.Code)
				}
			}
		})
	}
}
