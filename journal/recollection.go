package journal

import (
	"encoding/json"
	"time"

	"weeder/reaper"
)

// memoryFormat is the version of the memory's file.
const memoryFormat = 1

// recollection is a reaper.Past in the file. Durations are in nanoseconds, as
// they are in the program: what is read must be what was kept.
type recollection struct {
	Format        int            `json:"format"`
	Boot          string         `json:"boot"`
	At            time.Time      `json:"at,omitzero"`
	Elapsed       time.Duration  `json:"elapsed_ns"`
	Interval      time.Duration  `json:"interval_ns"`
	StartingUntil time.Duration  `json:"starting_until_ns"`
	Policy        keptPolicy     `json:"policy,omitzero"`
	Identity      string         `json:"identity,omitempty"`
	HeardSince    *time.Duration `json:"heard_since_ns,omitempty"`

	Orphans map[string]recollectedOrphan `json:"orphans"`
}

type keptPolicy struct {
	Grace     time.Duration `json:"grace_ns"`
	BusyGrace time.Duration `json:"busy_grace_ns"`
	Protect   []string      `json:"protect,omitempty"`
}

type recollectedOrphan struct {
	Flagged      bool           `json:"flagged"`
	First        time.Duration  `json:"first_ns"`
	Passes       int            `json:"passes"`
	Created      time.Time      `json:"created,omitzero"`
	GraceTime    *time.Duration `json:"grace_time_ns,omitempty"`
	BusyAt       *time.Duration `json:"busy_at_ns,omitempty"`
	Tried        bool           `json:"tried,omitempty"`
	Destroying   bool           `json:"destroying,omitempty"`
	Failures     int            `json:"failures,omitempty"`
	LastError    string         `json:"last_error,omitempty"`
	RetryAt      time.Duration  `json:"retry_at_ns,omitempty"`
	WouldDestroy bool           `json:"would_destroy,omitempty"`
	Absent       int            `json:"absent,omitempty"`
}

func newRecollection(past reaper.Past, boot string) recollection {
	kept := recollection{
		Format: memoryFormat, Boot: boot,
		At: writable(past.At), Elapsed: past.Elapsed, Interval: past.Interval,
		Policy: keptPolicy(past.Policy), StartingUntil: past.StartingUntil, Identity: past.Identity, HeardSince: past.HeardSince,
	}
	if past.Orphans != nil {
		kept.Orphans = make(map[string]recollectedOrphan, len(past.Orphans))
	}
	for handle, orphan := range past.Orphans {
		recollected := recollectedOrphan(orphan)
		recollected.Created = writable(orphan.Created)
		kept.Orphans[handle] = recollected
	}
	return kept
}

func (r recollection) past() reaper.Past {
	past := reaper.Past{
		At: writable(r.At), Elapsed: r.Elapsed, Interval: r.Interval,
		Policy: reaper.KeptPolicy(r.Policy), StartingUntil: r.StartingUntil, Identity: r.Identity, HeardSince: r.HeardSince,
	}
	if r.Orphans != nil {
		past.Orphans = make(map[string]reaper.PastOrphan, len(r.Orphans))
	}
	for handle, orphan := range r.Orphans {
		remembered := reaper.PastOrphan(orphan)
		remembered.Created = writable(orphan.Created)
		past.Orphans[handle] = remembered
	}
	return past
}

// writable is a time as the file can hold it, in UTC. One that it can't, such as the
// nonsense that a damaged file system gives, is not known: it must not keep
// all the rest from being kept.
func writable(t time.Time) time.Time {
	t = t.UTC()
	if year := t.Year(); year < 0 || year > 9999 {
		return time.Time{}
	}
	return t
}

// decodeRecollection reads a file of this format. Of another one it gives the
// zero value, whatever is in it.
func decodeRecollection(data []byte) (recollection, error) {
	var header struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &header); err != nil {
		return recollection{}, err
	}
	var kept recollection
	if header.Format != memoryFormat {
		return kept, nil
	}
	err := json.Unmarshal(data, &kept)
	return kept, err
}
