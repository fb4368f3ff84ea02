package status_test

import (
	"errors"
	"io"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("the health", func() {
	health := func(s subject) (int, string) {
		GinkgoHelper()
		response := s.ask("GET", "/healthz")
		Expect(response.Header.Get("Content-Type")).To(Equal("application/json"))
		text, err := io.ReadAll(response.Body)
		Expect(err).NotTo(HaveOccurred())
		return response.StatusCode, string(text)
	}
	const ok = `{"status": "ok"}`
	sick := func(parts string) string { return `{"status": "sick", "sick": [` + parts + `]}` }

	DescribeTable("goes by the interlocks",
		func(code int, want string, names ...reaper.InterlockName) {
			s := newSubject()
			s.Passed(interlocked(true, names...))
			got, text := health(s)
			Expect(text).To(MatchJSON(want))
			Expect(got).To(Equal(code))
		},
		Entry("none", 200, ok),
		Entry("starting", 200, ok, reaper.Starting),
		Entry("clock-stepped", 200, ok, reaper.ClockStepped),
		Entry("volumes-dir-changed", 200, ok, reaper.VolumesDirChanged),
		Entry("garden-unreachable", 503, sick(`{"part": "garden", "detail": "garden-unreachable: its detail"}`), reaper.GardenUnreachable),
		Entry("volumes-dir-unusable", 503, sick(`{"part": "volumes", "detail": "volumes-dir-unusable: its detail"}`), reaper.VolumesDirUnusable),
		Entry("no-volume-found", 503, sick(`{"part": "volumes", "detail": "no-volume-found: its detail"}`), reaper.NoVolumeFound),
		Entry("baggageclaim-unreachable", 503,
			sick(`{"part": "baggageclaim", "detail": "baggageclaim-unreachable: its detail"}`), reaper.BaggageclaimUnreachable),
		Entry("witnesses-disagree", 503,
			sick(`{"part": "baggageclaim", "detail": "witnesses-disagree: its detail"}`), reaper.WitnessesDisagreeInterlock),
		Entry("several", 503,
			sick(`{"part": "volumes", "detail": "no-volume-found: its detail"}, {"part": "baggageclaim", "detail": "baggageclaim-unreachable: its detail"}`),
			reaper.Starting, reaper.NoVolumeFound, reaper.BaggageclaimUnreachable),
	)

	It("is sick of seeing nothing, which is no success", func() {
		blind := reaper.Report{At: start, Judged: true}
		for _, handle := range []string{"a", "b", "c"} {
			blind.Findings = append(blind.Findings, reaper.Finding{
				Container: reaper.Container{Handle: handle},
				Judgement: reaper.Judgement{Verdict: reaper.Unknown, Reasons: []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: "its detail"}}},
			})
		}
		s := newSubject()
		s.Passed(blind)
		code, text := health(s)
		Expect(text).To(MatchJSON(sick(`{"part": "sources", "detail": "none of Concourse's containers could be judged: its detail"}`)))
		Expect(code).To(Equal(503))
		Expect(s.value("last_success_timestamp_seconds")).To(Equal("absent"))
	})

	It("is sick of every interlock that does not end of itself", func() {
		for _, name := range reaper.InterlockNames {
			s := newSubject()
			s.Passed(interlocked(true, name))
			switch name {
			case reaper.Starting, reaper.ClockStepped, reaper.VolumesDirChanged:
				Expect(s.Health().Sick).To(BeEmpty(), string(name))
			default:
				Expect(s.Health().Sick).To(HaveLen(1), string(name))
			}
		}
	})

	It("is sick of an interlock that came on after the pass, with what is known of it", func() {
		s := newSubject()
		s.Passed(interlocked(true))
		s.Happened(reaper.Event{Name: reaper.EventInterlock, Interlock: reaper.GardenUnreachable, On: true, Note: "dial: refused"}, nil)
		code, text := health(s)
		Expect(code).To(Equal(503))
		Expect(text).To(MatchJSON(sick(`{"part": "garden", "detail": "garden-unreachable: dial: refused"}`)))
	})

	It("is sick of a journal that can't be written, until it can", func() {
		s := newSubject()
		s.Happened(reaper.Event{Name: reaper.EventFlagged}, errors.New("no space left on device"))
		code, text := health(s)
		Expect(code).To(Equal(503))
		Expect(text).To(MatchJSON(sick(`{"part": "journal", "detail": "what happened last could not be recorded: no space left on device"}`)))
		s.Happened(reaper.Event{Name: reaper.EventFlagged}, nil)
		code, text = health(s)
		Expect(code).To(Equal(200))
		Expect(text).To(MatchJSON(ok))
	})

	It("is sick of a loop in which no pass ends for three intervals and two timeouts", func() {
		s := newSubject()
		const longest = 3*30*time.Second + 2*10*time.Second
		stands := `{"part": "loop", "detail": "no pass has ended for 1m51s"}`

		s.clock.Increment(longest)
		code, _ := health(s)
		Expect(code).To(Equal(200))
		s.clock.Increment(time.Second)
		code, text := health(s)
		Expect(code).To(Equal(503))
		Expect(text).To(MatchJSON(sick(stands)))

		s.Passed(interlocked(true))
		code, _ = health(s)
		Expect(code).To(Equal(200))
		s.clock.Increment(longest)
		code, _ = health(s)
		Expect(code).To(Equal(200))
		s.clock.Increment(time.Second)
		_, text = health(s)
		Expect(text).To(MatchJSON(sick(stands)))
	})
})
