package main

import (
	"time"

	"weeder/status/leftovers"
)

// leftoversJSON is what leftovers prints as JSON; a figure not known is null.
type leftoversJSON struct {
	ScannedAt string `json:"scanned_at"`
	Target    string `json:"target"`
	// Containers that Garden lists.
	Containers       *int              `json:"containers"`
	VolumesDir       *string           `json:"volumes_dir"`
	Depot            *string           `json:"depot"`
	OlderThanSeconds float64           `json:"older_than_seconds"`
	Leftovers        []leftoverJSON    `json:"leftovers"`
	FileSystems      []filesystemsJSON `json:"filesystems"`
}

type leftoverJSON struct {
	Kind   leftovers.Kind   `json:"kind"`
	Status leftovers.Status `json:"status"`
	// Count and Inodes are null where nothing could be judged.
	Count  *int    `json:"count"`
	Inodes *uint64 `json:"inodes"`
	// InodesAtLeast tells that there may be more.
	InodesAtLeast bool    `json:"inodes_at_least"`
	FreeInodes    *uint64 `json:"free_inodes"`
	// OldestAt is null where there are none.
	OldestAt      *string       `json:"oldest_at"`
	OldestSeconds *float64      `json:"oldest_seconds"`
	Places        []string      `json:"places"`
	Examples      []exampleJSON `json:"examples"`
	Problems      []string      `json:"problems"`
}

type exampleJSON struct {
	Path       string   `json:"path"`
	Since      *string  `json:"since"`
	AgeSeconds *float64 `json:"age_seconds"`
	Inodes     uint64   `json:"inodes"`
	Note       *string  `json:"note"`
}

type filesystemsJSON struct {
	Path       string  `json:"path"`
	FreeBytes  *uint64 `json:"free_bytes"`
	Bytes      *uint64 `json:"bytes"`
	FreeInodes *uint64 `json:"free_inodes"`
	Inodes     *uint64 `json:"inodes"`
	Error      *string `json:"error"`
}

func (c *leftoversCommand) json(config leftovers.Config, report leftovers.Report) leftoversJSON {
	out := leftoversJSON{
		ScannedAt:        report.At.UTC().Format(time.RFC3339),
		Target:           c.app.global.Target,
		VolumesDir:       known(config.Volumes),
		Depot:            known(config.Depot),
		OlderThanSeconds: c.OlderThan.Seconds(),
		Leftovers:        make([]leftoverJSON, 0, len(report.Kinds)),
		FileSystems:      make([]filesystemsJSON, 0, len(report.FileSystems)),
	}
	if count := len(config.Handles); config.HandlesErr == nil {
		out.Containers = &count
	}
	for _, finding := range report.Kinds {
		out.Leftovers = append(out.Leftovers, newLeftoverJSON(finding, report.At))
	}
	for _, system := range report.FileSystems {
		shown := filesystemsJSON{Path: system.Path, FreeBytes: system.FreeBytes, Bytes: system.Bytes,
			FreeInodes: system.FreeInodes, Inodes: system.Inodes}
		if system.Err != nil {
			shown.Error = known(system.Err.Error())
		}
		out.FileSystems = append(out.FileSystems, shown)
	}
	return out
}

func newLeftoverJSON(finding leftovers.Finding, now time.Time) leftoverJSON {
	out := leftoverJSON{
		Kind:          finding.Kind,
		Status:        finding.Status(),
		InodesAtLeast: finding.InodesAtLeast,
		FreeInodes:    finding.FreeInodes,
		OldestAt:      timestamp(finding.Oldest),
		Places:        orEmpty(finding.Places),
		Examples:      make([]exampleJSON, 0, len(finding.Examples)),
		Problems:      orEmpty(finding.Problems),
	}
	if out.Status != leftovers.NotJudged {
		out.Count, out.Inodes = &finding.Count, &finding.Inodes
	}
	if finding.Count > 0 {
		out.OldestSeconds = seconds(now.Sub(finding.Oldest))
	}
	for _, example := range finding.Examples {
		out.Examples = append(out.Examples, exampleJSON{
			Path:       example.Path,
			Since:      timestamp(example.Since),
			AgeSeconds: seconds(now.Sub(example.Since)),
			Inodes:     example.Inodes,
			Note:       known(example.Note),
		})
	}
	return out
}
