package status

import (
	"runtime"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"weeder/reaper"
)

// The metrics that show how things stand. What is not known is absent.
var (
	containersDesc = describe("containers", "Containers of the worker, by weeder's verdict; absent where the last pass could not judge.", "verdict")
	orphansDesc    = describe("orphans", "Orphans that have this reason; one can have several.", "reason")
	heldDesc       = describe("held", "Orphans that this keeps from being destroyed; one can be held by several things.", "by")
	stuckDesc      = describe("stuck", "Containers whose destroy has failed so often that somebody should look.")
	oldestDesc     = describe("oldest_orphan_seconds", "Time since the grace of the longest orphaned container began, in seconds; 0 where there is no orphan.")
	volumesDesc    = describe("volumes", "Volumes on disk, by their state.", "state")

	successDesc      = describe("last_success_timestamp_seconds", "Time of the last pass that judged some container, if there were any, with no interlock on but starting, in seconds since 1970.")
	gardenDesc       = describe("garden_up", "Whether Garden answered the last pass: 1 or 0.")
	baggageclaimDesc = describe("baggageclaim_up", "Whether baggageclaim answered the last pass: 1 or 0; absent where it was not asked.")
	interlockDesc    = describe("interlock", "Whether this interlock stops every destroy: 1 or 0.", "name")
	journalDesc      = describe("journal_up", "Whether what happened last could be written to the journal's directory: 1 or 0; absent where nothing was.")

	capacityDesc   = describe("garden_max_containers", "Containers that the worker takes; absent where nobody has said yet.")
	leftoversDesc  = describe("leftovers", "Leftovers on the worker without a container or volume, by their kind; absent where they could not be judged.", "kind")
	freeBytesDesc  = describe("filesystem_free_bytes", "Room left for users other than root on the file system of this directory, in bytes.", "path")
	freeInodesDesc = describe("filesystem_free_inodes", "Inodes left on the file system of this directory; absent where it has no such bound.", "path")

	buildDesc  = describe("build_info", "Always 1; the version of weeder and of the Go it was built with.", "version", "goversion")
	dryRunDesc = describe("dry_run", "Whether weeder only says what it would destroy: 1 or 0.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

// collector makes metrics of a Status when they are asked for.
type collector struct{ *Status }

// Describe implements prometheus.Collector.
func (c collector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		containersDesc, orphansDesc, heldDesc, stuckDesc, oldestDesc, volumesDesc,
		successDesc, gardenDesc, baggageclaimDesc, interlockDesc, journalDesc,
		capacityDesc, leftoversDesc, freeBytesDesc, freeInodesDesc, buildDesc, dryRunDesc,
	} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(metrics chan<- prometheus.Metric) {
	out := gauges(metrics)
	out.add(buildDesc, 1, c.config.Version, runtime.Version())
	out.add(dryRunDesc, zeroOrOne(c.config.DryRun))

	now := c.see()
	out.surroundings(now.around)
	if now.journal.tried {
		out.add(journalDesc, zeroOrOne(now.journal.err == nil))
	}
	if !now.succeeded.IsZero() {
		out.add(successDesc, float64(now.succeeded.UnixMilli())/1000)
	}
	for _, name := range reaper.InterlockNames {
		out.add(interlockDesc, zeroOrOne(now.on(name)), string(name))
	}
	if now.last == nil {
		return
	}
	out.add(gardenDesc, zeroOrOne(!now.on(reaper.GardenUnreachable)))
	if up, asked := now.baggageclaimUp(); asked {
		out.add(baggageclaimDesc, zeroOrOne(up))
	}
	if now.last.Judged {
		out.worker(now.last.Report)
	}
}

// baggageclaimUp tells whether baggageclaim answered in the last pass, if it
// was asked: a worker without one is silent, too.
func (s seen) baggageclaimUp() (up, asked bool) {
	missed := s.on(reaper.BaggageclaimUnreachable)
	return s.last.Baggageclaim == reaper.Answered && !missed, s.last.Baggageclaim == reaper.Answered || missed
}

type gauges chan<- prometheus.Metric

func (g gauges) add(desc *prometheus.Desc, value float64, labels ...string) {
	g <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

// worker shows what a pass found.
func (g gauges) worker(report reaper.Report) {
	for _, verdict := range reaper.Verdicts {
		g.add(containersDesc, float64(report.Count(verdict)), string(verdict))
	}
	count := func(is func(reaper.Finding) bool) float64 {
		n := 0
		for _, finding := range report.Findings {
			if is(finding) {
				n++
			}
		}
		return float64(n)
	}
	for _, code := range reaper.OrphanCodes {
		g.add(orphansDesc, count(func(f reaper.Finding) bool {
			return f.Verdict == reaper.Orphan &&
				slices.ContainsFunc(f.Reasons, func(r reaper.Reason) bool { return r.Code == code })
		}), string(code))
	}
	for _, name := range reaper.HoldNames {
		g.add(heldDesc, count(func(f reaper.Finding) bool {
			return slices.ContainsFunc(f.Holds, func(h reaper.Hold) bool { return h.By == name })
		}), string(name))
	}
	g.add(stuckDesc, count(reaper.Finding.Stuck))
	g.add(oldestDesc, oldest(report))
	for _, state := range []reaper.VolumeState{reaper.VolumeLive, reaper.VolumeInit, reaper.VolumeDead} {
		g.add(volumesDesc, float64(report.Volumes[state]), string(state))
	}
}

// oldest is for how many seconds the longest orphaned container has been one.
func oldest(report reaper.Report) float64 {
	longest := 0.0
	for _, finding := range report.Findings {
		if finding.Verdict == reaper.Orphan && !finding.Since.IsZero() {
			longest = max(longest, report.At.Sub(finding.Since).Seconds())
		}
	}
	return longest
}

func (g gauges) surroundings(around surroundings) {
	if around.maxContainers > 0 {
		g.add(capacityDesc, float64(around.maxContainers))
	}
	for kind, count := range around.leftovers {
		g.add(leftoversDesc, float64(count), string(kind))
	}
	told := map[string]bool{}
	for _, system := range around.fileSystems {
		// A label that is no UTF-8, or two metrics alike, would cost the scrape.
		path := strings.ToValidUTF8(system.Path, "\uFFFD")
		if told[path] {
			continue
		}
		told[path] = true
		if system.FreeBytes != nil {
			g.add(freeBytesDesc, float64(*system.FreeBytes), path)
		}
		if system.FreeInodes != nil {
			g.add(freeInodesDesc, float64(*system.FreeInodes), path)
		}
	}
}

func zeroOrOne(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
