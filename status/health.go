package status

import (
	"fmt"
	"net/http"
	"time"

	"weeder/reaper"
)

// Health is what /healthz answers.
type Health struct {
	// Status is "ok" or "sick".
	Status string `json:"status"`
	// Sick is what is wrong; a part can be there more than once.
	Sick []SickPart `json:"sick,omitempty"`
}

// SickPart is one thing that is wrong.
type SickPart struct {
	// Part is "garden", "volumes", "baggageclaim", "sources", "journal" or "loop".
	Part string `json:"part"`
	// Detail says it in words: lower case, no full stop.
	Detail string `json:"detail"`
}

// parts are where the fault lies when an interlock is on. The others are no
// sickness: they end of themselves.
var parts = map[reaper.InterlockName]string{
	reaper.GardenUnreachable:          "garden",
	reaper.VolumesDirUnusable:         "volumes",
	reaper.NoVolumeFound:              "volumes",
	reaper.BaggageclaimUnreachable:    "baggageclaim",
	reaper.WitnessesDisagreeInterlock: "baggageclaim",
}

// Health tells what is wrong now.
func (s *Status) Health() Health {
	now := s.see()
	health := Health{Status: "ok"}
	sick := func(part, detail string) {
		health.Status = "sick"
		health.Sick = append(health.Sick, SickPart{Part: part, Detail: detail})
	}
	for _, interlock := range now.interlocks {
		if part, is := parts[interlock.Name]; is {
			sick(part, fmt.Sprintf("%s: %s", interlock.Name, interlock.Detail))
		}
	}
	if blind := now.blind(); blind != "" {
		sick("sources", "none of Concourse's containers could be judged: "+blind)
	}
	if now.journal.err != nil {
		sick("journal", fmt.Sprintf("what happened last could not be recorded: %v", now.journal.err))
	}
	if now.late(s.config) {
		sick("loop", fmt.Sprintf("no pass has ended for %s", now.quiet.Round(time.Second)))
	}
	return health
}

func (s *Status) serveHealth(w http.ResponseWriter, _ *http.Request) {
	health := s.Health()
	code := http.StatusOK
	if len(health.Sick) > 0 {
		code = http.StatusServiceUnavailable
	}
	writeJSON(w, code, health)
}
