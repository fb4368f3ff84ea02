// Package report is the JSON in which weeder tells what a pass found: that of scan,
// and of the daemon's last pass. A figure that is not known is null.
package report

import (
	"time"

	"weeder/reaper"
)

// Scan is a pass.
type Scan struct {
	// ScannedAt is when it judged, RFC 3339 in UTC.
	ScannedAt string `json:"scanned_at"`
	// Target is where Garden was asked.
	Target string `json:"target"`
	// VolumesDir is empty where none was found.
	VolumesDir string `json:"volumes_dir"`
	// Interlocks that are on.
	Interlocks []reaper.Interlock `json:"interlocks"`
	Summary    Summary            `json:"summary"`
	// Containers by their handle; none where the pass could not judge.
	Containers []Container `json:"containers"`
}

// Summary counts all containers, those that are not shown included. Where the
// pass could not judge, all but MaxContainers is null.
type Summary struct {
	Containers *int `json:"containers"`
	Live       *int `json:"live"`
	Orphan     *int `json:"orphan"`
	Unknown    *int `json:"unknown"`
	Foreign    *int `json:"foreign"`
	// Eligible are the orphans that nothing holds.
	Eligible *int `json:"eligible"`
	// MaxContainers is how many the worker takes.
	MaxContainers uint64 `json:"max_containers"`
}

// Setting is what a Scan tells beside what the pass found.
type Setting struct {
	// Target is where Garden was asked.
	Target string
	// VolumesDir is the volumes directory. Empty: none was found.
	VolumesDir string
	// MaxContainers is how many the worker takes.
	MaxContainers uint64
	// Wanted chooses the containers to show. Nil: all.
	Wanted func(reaper.Finding) bool
}

// New tells of a pass.
func New(pass reaper.Report, setting Setting) Scan {
	scan := Scan{
		ScannedAt:  pass.At.UTC().Format(time.RFC3339),
		Target:     setting.Target,
		VolumesDir: setting.VolumesDir,
		Interlocks: OrEmpty(pass.Interlocks),
		Summary:    Summary{MaxContainers: setting.MaxContainers},
		Containers: []Container{},
	}
	if !pass.Judged {
		return scan
	}

	count := func(n int) *int { return &n }
	scan.Summary.Containers = count(len(pass.Findings))
	scan.Summary.Live = count(pass.Count(reaper.Live))
	scan.Summary.Orphan = count(pass.Count(reaper.Orphan))
	scan.Summary.Unknown = count(pass.Count(reaper.Unknown))
	scan.Summary.Foreign = count(pass.Count(reaper.Foreign))
	scan.Summary.Eligible = count(Eligible(pass))
	for _, finding := range pass.Findings {
		if setting.Wanted == nil || setting.Wanted(finding) {
			scan.Containers = append(scan.Containers, NewContainer(finding, pass.At))
		}
	}
	return scan
}

// Eligible is how many containers of a pass may be destroyed now.
func Eligible(pass reaper.Report) int {
	count := 0
	for _, finding := range pass.Findings {
		if finding.Eligible() {
			count++
		}
	}
	return count
}
