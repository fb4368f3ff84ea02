package report

import (
	"time"

	"weeder/reaper"
)

// Container is one container with the verdict on it.
type Container struct {
	Handle  string         `json:"handle"`
	Verdict reaper.Verdict `json:"verdict"`
	// Eligible tells that it may be destroyed now.
	Eligible bool `json:"eligible"`
	// HeldBy names what keeps an orphan, each once.
	HeldBy []reaper.HoldName `json:"held_by"`
	// Stuck tells that destroying it has failed so often that somebody should
	// look.
	Stuck bool `json:"stuck"`
	// Destroying tells that a destroy of it is under way.
	Destroying bool `json:"destroying"`
	// Failures is how many destroys of it have failed so far.
	Failures   int             `json:"failures"`
	Reasons    []reaper.Reason `json:"reasons"`
	AgeSeconds *float64        `json:"age_seconds"`
	// GraceTimeSeconds is the container's own grace time; 0 where it has none.
	GraceTimeSeconds *float64 `json:"grace_time_seconds"`
	// Task is how containerd's task of it stands; null where there is no
	// containerd, or it does not tell.
	Task *string `json:"task"`
	// Purpose is what Concourse made it for.
	Purpose Purpose  `json:"purpose"`
	Volumes []Volume `json:"volumes"`
}

// Volume is one volume that a container refers to.
type Volume struct {
	Handle string `json:"handle"`
	// Path is where the container sees it.
	Path  *string            `json:"path"`
	State reaper.VolumeState `json:"state"`
	// TTLSeconds of 0 means that it never expires; null, that it has no
	// ttl.json that can be understood.
	TTLSeconds *float64 `json:"ttl_seconds"`
	ExpiresAt  *string  `json:"expires_at"`
	// Sources that name the volume.
	Sources []reaper.Source `json:"sources"`
}

// NewContainer tells of a container at now.
func NewContainer(finding reaper.Finding, now time.Time) Container {
	container := Container{
		Handle:     finding.Container.Handle,
		Verdict:    finding.Verdict,
		Eligible:   finding.Eligible(),
		HeldBy:     finding.HeldBy(),
		Stuck:      finding.Stuck(),
		Destroying: finding.Destroying,
		Failures:   finding.Failures,
		Reasons:    OrEmpty(finding.Reasons),
		Task:       Known(finding.Container.Task),
		Purpose:    newPurpose(finding.Container.Purpose),
		Volumes:    make([]Volume, 0, len(finding.Volumes)),
	}
	if age, known := Age(finding.Container, now); known {
		container.AgeSeconds = Seconds(age)
	}
	if finding.Container.Properties != nil {
		container.GraceTimeSeconds = Seconds(finding.Container.GraceTime)
	}
	for _, volume := range finding.Volumes {
		container.Volumes = append(container.Volumes, newVolume(volume))
	}
	return container
}

func newVolume(volume reaper.ReferencedVolume) Volume {
	out := Volume{
		Handle:  volume.Handle,
		Path:    Known(volume.Path),
		State:   volume.State,
		Sources: volume.Sources,
	}
	if volume.HasTTL {
		out.TTLSeconds, out.ExpiresAt = Seconds(volume.TTL), Timestamp(volume.ExpiresAt)
	}
	return out
}

// Age of a container at now, where it is known: a creation in the future says
// nothing.
func Age(container reaper.Container, now time.Time) (time.Duration, bool) {
	if container.CreatedAt.IsZero() || container.CreatedAt.After(now) {
		return 0, false
	}
	return now.Sub(container.CreatedAt), true
}
