package status_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"

	"weeder/reaper"
	"weeder/status"
)

// scrape gives the metrics as they are served, the lines of buckets, HELP and TYPE
// left out.
func (s subject) scrape() []string {
	GinkgoHelper()
	response := s.ask("GET", "/metrics")
	Expect(response.StatusCode).To(Equal(200))
	text, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	var samples []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") && !strings.Contains(line, "_bucket{") {
			samples = append(samples, strings.TrimSpace(line))
		}
	}
	return samples
}

func (s subject) value(metric string) string {
	GinkgoHelper()
	for _, sample := range s.scrape() {
		if value, found := strings.CutPrefix(sample, "weeder_"+metric+" "); found {
			return value
		}
	}
	return "absent"
}

// lines are those of a text, trimmed.
func lines(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, line)
		}
	}
	return found
}

// orphan has reasons and is one since so long before start.
func orphan(handle string, since time.Duration, codes ...reaper.Code) reaper.Finding {
	finding := reaper.Finding{
		Container: reaper.Container{Handle: handle},
		Judgement: reaper.Judgement{Verdict: reaper.Orphan},
		Since:     start.Add(-since),
	}
	for _, code := range codes {
		finding.Reasons = append(finding.Reasons, reaper.Reason{Code: code})
	}
	return finding
}

func held(finding reaper.Finding, by ...reaper.HoldName) reaper.Finding {
	for _, name := range by {
		finding.Holds = append(finding.Holds, reaper.Hold{By: name})
	}
	return finding
}

func judged(findings ...reaper.Finding) reaper.Report {
	return reaper.Report{
		At: start, Judged: true, Findings: findings, Baggageclaim: reaper.Answered,
		Volumes: map[reaper.VolumeState]int{reaper.VolumeLive: 7, reaper.VolumeDead: 2}, Took: 20 * time.Millisecond,
	}
}

func of(verdict reaper.Verdict) reaper.Finding {
	return reaper.Finding{Judgement: reaper.Judgement{Verdict: verdict}}
}

// before is what is served before the first pass.
var before = []string{
	`weeder_build_info{goversion="` + runtime.Version() + `",version="1.2.3"} 1`,
	"weeder_destroy_failures_total 0",
	"weeder_destroyed_total 0",
	"weeder_dry_run 0",
	"weeder_garden_max_containers 250",
	`weeder_interlock{name="baggageclaim-unreachable"} 0`,
	`weeder_interlock{name="clock-stepped"} 0`,
	`weeder_interlock{name="garden-unreachable"} 0`,
	`weeder_interlock{name="no-volume-found"} 0`,
	`weeder_interlock{name="starting"} 0`,
	`weeder_interlock{name="volumes-dir-changed"} 0`,
	`weeder_interlock{name="volumes-dir-unusable"} 0`,
	`weeder_interlock{name="witnesses-disagree"} 0`,
	"weeder_scan_duration_seconds_sum 0",
	"weeder_scan_duration_seconds_count 0",
	"weeder_would_destroy_total 0",
}

var _ = Describe("the metrics", func() {
	It("tell little before the first pass", func() {
		Expect(newSubject().scrape()).To(Equal(before))
	})

	It("tell of a pass", func() {
		stuck := orphan("d", 0, reaper.VolumeIsDead)
		stuck.Failures, stuck.Since = 7, time.Time{}
		failing := held(orphan("c", time.Minute, reaper.VolumeIsDead), reaper.HeldByBusy, reaper.HeldByInterlock)
		failing.Failures = 4
		// Was an orphan, and is none.
		unknown := of(reaper.Unknown)
		unknown.Since = start.Add(-9 * time.Hour)
		unknown.Reasons = []reaper.Reason{{Code: reaper.VolumeExpired}}
		s := newSubject(func(c *status.Config) { c.DryRun = true })
		report := judged(
			held(orphan("a", time.Hour, reaper.VolumeIsMissing, reaper.VolumeIsMissing), reaper.HeldByGrace, reaper.HeldByGrace, reaper.HeldByInterlock),
			held(orphan("b", 2*time.Hour, reaper.VolumeIsMissing, reaper.VolumeIsDead), reaper.HeldByGrace, reaper.HeldByInterlock),
			failing, held(stuck, reaper.HeldByBackoff, reaper.HeldByInterlock),
			unknown, of(reaper.Foreign), of(reaper.Foreign), of(reaper.Live), of(reaper.Live), of(reaper.Live),
		)
		report.Interlocks = []reaper.Interlock{{Name: reaper.Starting}}
		s.Passed(report)
		s.Happened(reaper.Event{Name: reaper.EventFlagged}, nil)
		Expect(s.scrape()).To(Equal(lines(`
			weeder_baggageclaim_up 1
			weeder_build_info{goversion="` + runtime.Version() + `",version="1.2.3"} 1
			weeder_containers{verdict="foreign"} 2
			weeder_containers{verdict="live"} 3
			weeder_containers{verdict="orphan"} 4
			weeder_containers{verdict="unknown"} 1
			weeder_destroy_failures_total 0
			weeder_destroyed_total 0
			weeder_dry_run 1
			weeder_garden_max_containers 250
			weeder_garden_up 1
			weeder_held{by="age"} 0
			weeder_held{by="backoff"} 1
			weeder_held{by="busy"} 1
			weeder_held{by="cap"} 0
			weeder_held{by="confirm"} 0
			weeder_held{by="expiry-wait"} 0
			weeder_held{by="grace"} 2
			weeder_held{by="interlock"} 4
			weeder_held{by="protected"} 0
			weeder_interlock{name="baggageclaim-unreachable"} 0
			weeder_interlock{name="clock-stepped"} 0
			weeder_interlock{name="garden-unreachable"} 0
			weeder_interlock{name="no-volume-found"} 0
			weeder_interlock{name="starting"} 1
			weeder_interlock{name="volumes-dir-changed"} 0
			weeder_interlock{name="volumes-dir-unusable"} 0
			weeder_interlock{name="witnesses-disagree"} 0
			weeder_journal_up 1
			weeder_last_success_timestamp_seconds 1.477060154e+09
			weeder_oldest_orphan_seconds 7200
			weeder_orphans{reason="volume-dead"} 3
			weeder_orphans{reason="volume-expired"} 0
			weeder_orphans{reason="volume-missing"} 2
			weeder_scan_duration_seconds_sum 0.02
			weeder_scan_duration_seconds_count 1
			weeder_stuck 1
			weeder_volumes{state="dead"} 2
			weeder_volumes{state="init"} 0
			weeder_volumes{state="live"} 7
			weeder_would_destroy_total 0`)))
	})

	It("tell nothing of containers and volumes that could not be judged", func() {
		s := newSubject()
		s.Passed(judged(orphan("a", time.Hour, reaper.VolumeIsMissing)))
		s.Passed(reaper.Report{At: start.Add(time.Hour), Interlocks: []reaper.Interlock{{Name: reaper.GardenUnreachable}}})
		for _, sample := range s.scrape() {
			Expect(sample).NotTo(MatchRegexp(`^weeder_(containers|orphans|held|stuck|oldest|volumes|baggageclaim)`))
		}
		Expect(s.value("garden_up")).To(Equal("0"))
		Expect(s.value("last_success_timestamp_seconds")).To(Equal("1.477060154e+09"))
		Expect(s.value(`interlock{name="garden-unreachable"}`)).To(Equal("1"))
		Expect(s.value("scan_duration_seconds_count")).To(Equal("2"))
	})

	It("have zeroes for a worker with nothing on it", func() {
		s := newSubject()
		s.Passed(reaper.Report{At: start, Judged: true})
		for _, metric := range []string{"stuck", "oldest_orphan_seconds", `containers{verdict="live"}`, `volumes{state="live"}`} {
			Expect(s.value(metric)).To(Equal("0"), metric)
		}
	})

	It("have no orphan in the future", func() {
		s := newSubject()
		s.Passed(judged(orphan("a", -time.Hour, reaper.VolumeExpired)))
		Expect(s.value("oldest_orphan_seconds")).To(Equal("0"))
	})

	DescribeTable("tell of the last success",
		func(report reaper.Report, value string) {
			s := newSubject()
			report.At = start.Add(1500 * time.Millisecond)
			s.Passed(report)
			Expect(s.value("last_success_timestamp_seconds")).To(Equal(value))
		},
		Entry("which is a pass with no interlock", interlocked(true), "1.4770601555e+09"),
		Entry("which is a pass of a daemon that starts", interlocked(true, reaper.Starting), "1.4770601555e+09"),
		Entry("which is no pass that could not judge", interlocked(false), "absent"),
		Entry("which is no pass with an interlock", interlocked(true, reaper.NoVolumeFound), "absent"),
		Entry("which is no pass with another one", interlocked(true, reaper.Starting, reaper.ClockStepped), "absent"),
	)

	DescribeTable("tell whether baggageclaim is up",
		func(answer reaper.Answer, value string, interlocks ...reaper.InterlockName) {
			s := newSubject()
			report := interlocked(true, interlocks...)
			report.Baggageclaim = answer
			s.Passed(report)
			Expect(s.value("baggageclaim_up")).To(Equal(value))
		},
		Entry("where it answered", reaper.Answered, "1"),
		Entry("where it did not", reaper.Silent, "0", reaper.BaggageclaimUnreachable),
		Entry("where it answered, and later did not", reaper.Answered, "0", reaper.BaggageclaimUnreachable),
		Entry("not where it was not asked", reaper.NotAsked, "absent"),
		Entry("not where there is none to be asked", reaper.Silent, "absent"),
	)

	It("count what happens", func() {
		s := newSubject()
		for name, times := range map[reaper.EventName]int{
			reaper.EventDestroyed: 1, reaper.EventDestroyFailed: 2, reaper.EventWouldDestroy: 3,
			reaper.EventDestroying: 5, reaper.EventFlagged: 5, reaper.EventCleared: 5, reaper.EventStuck: 5,
		} {
			for range times {
				s.Happened(reaper.Event{Name: name}, nil)
			}
		}
		Expect(s.value("destroyed_total")).To(Equal("1"))
		Expect(s.value("destroy_failures_total")).To(Equal("2"))
		Expect(s.value("would_destroy_total")).To(Equal("3"))
	})

	It("tell whether the last event could be recorded", func() {
		s := newSubject()
		s.Happened(reaper.Event{Name: reaper.EventDestroyed}, errors.New("no space left on device"))
		Expect(s.value("journal_up")).To(Equal("0"))
		Expect(s.value("destroyed_total")).To(Equal("1"))
		s.Happened(reaper.Event{Name: reaper.EventDestroyed}, nil)
		Expect(s.value("journal_up")).To(Equal("1"))
	})

	It("tell that the journal's disk has room again before there is another event", func() {
		s := newSubject()
		full := fmt.Errorf("append to journal: %w", syscall.ENOSPC)
		s.Happened(reaper.Event{Name: reaper.EventDestroyed}, full)
		s.Kept(full)
		Expect(s.value("journal_up")).To(Equal("0"))
		s.Kept(nil)
		Expect(s.value("journal_up")).To(Equal("1"))
		s.Kept(full)
		Expect(s.value("journal_up")).To(Equal("0"))
	})

	It("tell of a journal that can't be written for another reason until it can", func() {
		s := newSubject()
		s.Happened(reaper.Event{Name: reaper.EventDestroyed}, errors.New("permission denied"))
		s.Kept(nil)
		Expect(s.value("journal_up")).To(Equal("0"))
		s.Happened(reaper.Event{Name: reaper.EventDestroyed}, nil)
		Expect(s.value("journal_up")).To(Equal("1"))
	})

	It("tell at once of an interlock that comes on or goes off between passes", func() {
		s := newSubject()
		s.Passed(judged())
		came := reaper.Event{Name: reaper.EventInterlock, Interlock: reaper.VolumesDirChanged, On: true}
		s.Happened(came, nil)
		s.Happened(came, nil)
		Expect(s.value(`interlock{name="volumes-dir-changed"}`)).To(Equal("1"))
		s.Happened(reaper.Event{Name: reaper.EventInterlock, Interlock: reaper.VolumesDirChanged}, nil)
		Expect(s.value(`interlock{name="volumes-dir-changed"}`)).To(Equal("0"))
		s.Happened(came, nil)
		s.Passed(judged())
		Expect(s.value(`interlock{name="volumes-dir-changed"}`)).To(Equal("0"))
	})

	It("tell how long passes take", func() {
		s := newSubject()
		for _, took := range []time.Duration{4 * time.Millisecond, 20 * time.Millisecond, 3 * time.Second, 2 * time.Minute} {
			s.Passed(reaper.Report{Took: took})
		}
		text, err := io.ReadAll(s.ask("GET", "/metrics").Body)
		Expect(err).NotTo(HaveOccurred())
		var buckets []string
		for _, match := range regexp.MustCompile(`_bucket\{le="(.*)"\} (.*)`).FindAllStringSubmatch(string(text), -1) {
			buckets = append(buckets, match[1]+": "+match[2])
		}
		Expect(buckets).To(Equal([]string{"0.005: 1", "0.01: 1", "0.025: 2", "0.05: 2", "0.1: 2", "0.25: 2", "0.5: 2",
			"1: 2", "2.5: 2", "5: 3", "10: 3", "30: 3", "60: 3", "+Inf: 4"}))
	})

	It("can be asked for while they change", func() {
		s := newSubject()
		var asking sync.WaitGroup
		for _, path := range []string{"/metrics", "/healthz", "/api/v1/scan"} {
			asking.Go(func() {
				defer GinkgoRecover()
				for range 50 {
					s.ask("GET", path)
				}
			})
		}
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			asking.Wait()
		}()
		for on := true; ; on = !on {
			s.Passed(interlocked(true, reaper.NoVolumeFound, reaper.GardenUnreachable))
			s.Happened(reaper.Event{Name: reaper.EventInterlock, Interlock: reaper.NoVolumeFound, On: on}, nil)
			select {
			case <-asked:
				return
			default:
			}
		}
	})

	It("leave a pass's report as it is", func() {
		s := newSubject()
		report := interlocked(true, reaper.Starting, reaper.NoVolumeFound)
		s.Passed(report)
		s.Happened(reaper.Event{Name: reaper.EventInterlock, Interlock: reaper.Starting}, nil)
		Expect(report).To(Equal(interlocked(true, reaper.Starting, reaper.NoVolumeFound)))
	})

	It("leave out how many containers there can be while nobody knows", func() {
		s := newSubject(func(c *status.Config) { c.MaxContainers = 0 })
		Expect(s.value("garden_max_containers")).To(Equal("absent"))
	})

	It("are as many whatever there is on the worker", func() {
		count := func(report reaper.Report) int {
			s := newSubject()
			s.Passed(report)
			return len(s.scrape())
		}
		want := count(judged())
		rapid.Check(GinkgoT(), func(t *rapid.T) {
			var findings []reaper.Finding
			for i := range rapid.IntRange(0, 300).Draw(t, "containers") {
				finding := orphan(fmt.Sprintf("handle-%d", i), time.Duration(i)*time.Hour, rapid.SampledFrom(reaper.OrphanCodes).Draw(t, "code"))
				finding.Verdict = rapid.SampledFrom(reaper.Verdicts).Draw(t, "verdict")
				finding.Reasons[0].Volume = fmt.Sprintf("volume-%d", i)
				finding.Failures = rapid.IntRange(0, 9).Draw(t, "failures")
				finding = held(finding, rapid.SampledFrom(reaper.HoldNames).Draw(t, "hold"))
				findings = append(findings, finding)
			}
			if got := count(judged(findings...)); got != want {
				t.Fatalf("%d samples instead of %d", got, want)
			}
		})
	})
})
