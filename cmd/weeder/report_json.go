package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf16"

	"weeder/reaper"
)

// The JSON that scan prints; a figure not known is null.
type scanJSON struct {
	ScannedAt  string             `json:"scanned_at"`
	Target     string             `json:"target"`
	VolumesDir string             `json:"volumes_dir"`
	Interlocks []reaper.Interlock `json:"interlocks"`
	Summary    summaryJSON        `json:"summary"`
	Containers []containerJSON    `json:"containers"`
}

type summaryJSON struct {
	Containers    *int   `json:"containers"`
	Live          *int   `json:"live"`
	Orphan        *int   `json:"orphan"`
	Unknown       *int   `json:"unknown"`
	Foreign       *int   `json:"foreign"`
	Eligible      *int   `json:"eligible"`
	MaxContainers uint64 `json:"max_containers"`
}

type containerJSON struct {
	Handle           string            `json:"handle"`
	Verdict          reaper.Verdict    `json:"verdict"`
	Eligible         bool              `json:"eligible"`
	HeldBy           []reaper.HoldName `json:"held_by"`
	Reasons          []reaper.Reason   `json:"reasons"`
	AgeSeconds       *float64          `json:"age_seconds"`
	GraceTimeSeconds *float64          `json:"grace_time_seconds"`
	// Task is how containerd's task of it stands; null where there is no
	// containerd, or it does not tell.
	Task    *string      `json:"task"`
	Volumes []volumeJSON `json:"volumes"`
}

type volumeJSON struct {
	Handle     string             `json:"handle"`
	Path       *string            `json:"path"`
	State      reaper.VolumeState `json:"state"`
	TTLSeconds *float64           `json:"ttl_seconds"`
	ExpiresAt  *string            `json:"expires_at"`
	Sources    []reaper.Source    `json:"sources"`
}

func newContainerJSON(finding reaper.Finding, now time.Time) containerJSON {
	container := containerJSON{
		Handle:   finding.Container.Handle,
		Verdict:  finding.Verdict,
		Eligible: finding.Eligible(),
		HeldBy:   finding.HeldBy(),
		Task:     known(finding.Container.Task),
		Reasons:  finding.Reasons,
		Volumes:  make([]volumeJSON, 0, len(finding.Volumes)),
	}
	if container.Reasons == nil {
		container.Reasons = []reaper.Reason{}
	}
	if age, known := age(finding.Container, now); known {
		container.AgeSeconds = seconds(age)
	}
	if finding.Container.Properties != nil {
		container.GraceTimeSeconds = seconds(finding.Container.GraceTime)
	}
	for _, volume := range finding.Volumes {
		container.Volumes = append(container.Volumes, newVolumeJSON(volume))
	}
	return container
}

func newVolumeJSON(volume reaper.ReferencedVolume) volumeJSON {
	out := volumeJSON{Handle: volume.Handle, State: volume.State, Sources: volume.Sources}
	if volume.Path != "" {
		out.Path = &volume.Path
	}
	if volume.HasTTL {
		out.TTLSeconds = seconds(volume.TTL)
		out.ExpiresAt = timestamp(volume.ExpiresAt)
	}
	return out
}

// age of a container at now, where it is known: a creation in the future says
// nothing.
func age(container reaper.Container, now time.Time) (time.Duration, bool) {
	if container.CreatedAt.IsZero() || container.CreatedAt.After(now) {
		return 0, false
	}
	return now.Sub(container.CreatedAt), true
}

func seconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}

// timestamp is RFC 3339 in UTC; nil for the zero time.
func timestamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339)
	return &text
}

func (a *app) printJSON(value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("encode output: %w", err)
	}
	if _, err := a.stdout.Write(escapeJSON(text.Bytes())); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

// escapeJSON escapes what JSON allows as it is and could steer a terminal, such
// as DEL, C1 controls and the marks that turn the direction of writing.
func escapeJSON(text []byte) []byte {
	plain := func(b byte) bool { return b == '\n' || b >= ' ' && b <= '~' }
	if !slices.ContainsFunc(text, func(b byte) bool { return !plain(b) }) {
		return text
	}
	var escaped bytes.Buffer
	for _, r := range string(text) {
		if r == '\n' || unicode.IsPrint(r) {
			escaped.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
	}
	return escaped.Bytes()
}
