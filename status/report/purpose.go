package report

import "weeder/reaper"

// Purpose is what Concourse made a container for; what the worker does not tell
// is null.
type Purpose struct {
	Team     *string `json:"team"`
	Pipeline *string `json:"pipeline"`
	Job      *string `json:"job"`
	// Resource that is checked.
	Resource *string `json:"resource"`
	// Build is its name: its number in the job; of a check build "check".
	Build *string `json:"build"`
	// BuildID is its number in the whole of Concourse.
	BuildID *string `json:"build_id"`
	// Step is get, put, task or check.
	Step *string `json:"step"`
}

func newPurpose(purpose reaper.Purpose) Purpose {
	return Purpose{
		Team:     Known(purpose.Team),
		Pipeline: Known(purpose.Pipeline),
		Job:      Known(purpose.Job),
		Resource: Known(purpose.Resource),
		Build:    Known(purpose.Build),
		BuildID:  Known(purpose.BuildID),
		Step:     Known(string(purpose.Step)),
	}
}
