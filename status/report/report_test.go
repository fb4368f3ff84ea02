package report_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
	"weeder/status/report"
)

var now = time.Date(2016, 10, 21, 16, 29, 14, 0, time.FixedZone("", 2*60*60))

func found(handle string, verdict reaper.Verdict, holds ...reaper.HoldName) reaper.Finding {
	finding := reaper.Finding{
		Container: reaper.Container{Handle: handle},
		Judgement: reaper.Judgement{Verdict: verdict},
	}
	for _, by := range holds {
		finding.Holds = append(finding.Holds, reaper.Hold{By: by})
	}
	return finding
}

func encoded(value any) string {
	GinkgoHelper()
	text, err := report.Encode(value)
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}

var _ = Describe("a scan", func() {
	pass := func() reaper.Report {
		return reaper.Report{At: now, Judged: true, Findings: []reaper.Finding{
			found("o-1", reaper.Orphan), found("o-2", reaper.Orphan, reaper.HeldByGrace), found("u", reaper.Unknown),
			found("l-1", reaper.Live), found("l-2", reaper.Live), found("l-3", reaper.Live),
			found("f-1", reaper.Foreign), found("f-2", reaper.Foreign), found("f-3", reaper.Foreign), found("f-4", reaper.Foreign),
		}}
	}

	It("tells of a pass", func() {
		over := pass()
		over.Interlocks = []reaper.Interlock{{Name: reaper.Starting, Detail: "the daemon watches"}}
		over.Findings = nil
		Expect(encoded(report.New(over, report.Setting{
			Target: "127.0.0.1:7777", VolumesDir: "/worker/volumes", MaxContainers: 250,
		}))).To(Equal(`{
  "scanned_at": "2016-10-21T14:29:14Z",
  "target": "127.0.0.1:7777",
  "volumes_dir": "/worker/volumes",
  "interlocks": [
    {
      "name": "starting",
      "detail": "the daemon watches"
    }
  ],
  "summary": {
    "containers": 0,
    "live": 0,
    "orphan": 0,
    "unknown": 0,
    "foreign": 0,
    "eligible": 0,
    "max_containers": 250
  },
  "containers": []
}
`))
	})

	It("shows as not known what a pass could not judge", func() {
		Expect(encoded(report.New(reaper.Report{At: now}, report.Setting{}))).To(MatchJSON(`{
			"scanned_at": "2016-10-21T14:29:14Z", "target": "", "volumes_dir": "", "interlocks": [],
			"summary": {"containers": null, "live": null, "orphan": null, "unknown": null, "foreign": null,
				"eligible": null, "max_containers": 0},
			"containers": []}`))
	})

	It("counts by verdict", func() {
		summary := report.New(pass(), report.Setting{}).Summary
		Expect(encoded(summary)).To(MatchJSON(`{"containers": 10, "live": 3, "orphan": 2, "unknown": 1, "foreign": 4,
			"eligible": 1, "max_containers": 0}`))
	})

	It("shows all containers in their order", func() {
		over := pass()
		over.Findings[1].Container.CreatedAt = now.Add(-time.Minute)
		containers := report.New(over, report.Setting{}).Containers
		Expect(containers).To(HaveLen(10))
		Expect(containers[1].Handle).To(Equal("o-2"))
		Expect(containers[1].AgeSeconds).To(HaveValue(Equal(60.0)))
	})

	It("shows the wanted containers alone, and counts all", func() {
		scan := report.New(pass(), report.Setting{Wanted: func(f reaper.Finding) bool { return f.Verdict == reaper.Unknown }})
		Expect(scan.Containers).To(HaveLen(1))
		Expect(scan.Containers[0].Handle).To(Equal("u"))
		Expect(*scan.Summary.Containers).To(Equal(10))
	})

	It("counts what is being destroyed as not eligible", func() {
		over := pass()
		over.Findings[0].Destroying = true
		Expect(report.Eligible(over)).To(BeZero())
	})
})

var _ = Describe("a container", func() {
	It("is told with all that is known", func() {
		finding := found("leaked", reaper.Orphan, reaper.HeldByGrace, reaper.HeldByBackoff, reaper.HeldByGrace)
		finding.Destroying, finding.Failures = true, 5
		finding.Container.CreatedAt = now.Add(-90 * time.Minute)
		finding.Container.Properties = map[string]string{}
		finding.Container.GraceTime = 5 * time.Minute
		finding.Container.Task = reaper.NoTask
		finding.Container.Purpose = reaper.Purpose{
			Team: "main", Pipeline: "web-ui", Job: "unit", Resource: "repo", Build: "42", BuildID: "11700", Step: reaper.StepGet,
		}
		finding.Reasons = []reaper.Reason{{Code: reaper.VolumeIsMissing, Volume: "gone", Detail: "nowhere"}}
		finding.Volumes = []reaper.ReferencedVolume{
			{Volume: reaper.Volume{Handle: "gone", State: reaper.VolumeMissing}, Sources: []reaper.Source{reaper.SourceBundle}},
			{
				Volume: reaper.Volume{Handle: "there", State: reaper.VolumeLive, HasTTL: true,
					TTL: 1500 * time.Millisecond, ExpiresAt: now.Add(time.Minute)},
				Path: "/tmp/build/get", Sources: []reaper.Source{reaper.SourceProperties, reaper.SourceContainerd},
			},
		}
		Expect(encoded(report.NewContainer(finding, now))).To(Equal(`{
  "handle": "leaked",
  "verdict": "orphan",
  "eligible": false,
  "held_by": [
    "grace",
    "backoff"
  ],
  "stuck": true,
  "destroying": true,
  "failures": 5,
  "reasons": [
    {
      "code": "volume-missing",
      "volume": "gone",
      "detail": "nowhere"
    }
  ],
  "age_seconds": 5400,
  "grace_time_seconds": 300,
  "task": "no task",
  "purpose": {
    "team": "main",
    "pipeline": "web-ui",
    "job": "unit",
    "resource": "repo",
    "build": "42",
    "build_id": "11700",
    "step": "get"
  },
  "volumes": [
    {
      "handle": "gone",
      "path": null,
      "state": "missing",
      "ttl_seconds": null,
      "expires_at": null,
      "sources": [
        "bundle"
      ]
    },
    {
      "handle": "there",
      "path": "/tmp/build/get",
      "state": "live",
      "ttl_seconds": 1.5,
      "expires_at": "2016-10-21T14:30:14Z",
      "sources": [
        "properties",
        "containerd"
      ]
    }
  ]
}
`))
	})

	It("is told with null for what is not", func() {
		Expect(encoded(report.NewContainer(found("bare", reaper.Orphan), now))).To(MatchJSON(`{
			"handle": "bare", "verdict": "orphan", "eligible": true, "held_by": [], "stuck": false, "destroying": false,
			"failures": 0, "reasons": [], "age_seconds": null, "grace_time_seconds": null, "task": null,
			"purpose": {"team": null, "pipeline": null, "job": null, "resource": null, "build": null, "build_id": null, "step": null},
			"volumes": []}`))
	})

	It("is stuck from the fifth failure on", func() {
		finding := found("failing", reaper.Orphan)
		finding.Failures = 4
		Expect(report.NewContainer(finding, now).Stuck).To(BeFalse())
		finding.Failures = 5
		Expect(report.NewContainer(finding, now).Stuck).To(BeTrue())
	})

	DescribeTable("has an age",
		func(created time.Time, age time.Duration, known bool) {
			told, is := report.Age(reaper.Container{CreatedAt: created}, now)
			Expect(told).To(Equal(age))
			Expect(is).To(Equal(known))
		},
		Entry("since its creation", now.Add(-time.Hour), time.Hour, true),
		Entry("of nothing when it has just been made", now, time.Duration(0), true),
		Entry("that is not known where its creation is in the future", now.Add(time.Second), time.Duration(0), false),
		Entry("that is not known where its creation is not", time.Time{}, time.Duration(0), false),
	)
})
