package simulation

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
)

// schedule is one life of a simulated worker: what is done to it and when. All
// that it does not tell follows from the seed and from each action's number.
type schedule struct {
	Seed    uint64   `json:"seed"`
	Actions []action `json:"actions"`
}

type action struct {
	At moment `json:"at"`
	Do kind   `json:"do"`
	// ID is the action's number, which decides about its details.
	ID int `json:"id"`
	// For is how long a fault lasts.
	For moment `json:"for,omitzero"`
}

// moment is a time since the start of the schedule, as text in JSON.
type moment time.Duration

func (m moment) MarshalText() ([]byte, error) {
	return []byte(time.Duration(m).String()), nil
}

func (m *moment) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*m = moment(d)
	return err
}

func (s schedule) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// readSchedule reads what -replay was given: a schedule, or the name of its
// file.
func readSchedule(text string) (schedule, error) {
	data := []byte(text)
	if text != "" && text[0] != '{' {
		var err error
		if data, err = os.ReadFile(text); err != nil {
			return schedule{}, fmt.Errorf("read schedule: %w", err)
		}
	}
	var s schedule
	if err := json.Unmarshal(data, &s); err != nil {
		return schedule{}, fmt.Errorf("read schedule: %w", err)
	}
	return s, nil
}

// newSchedule makes the schedule of a seed. Each leaves out most kinds of
// faults, half of them all but a few, so that those that are left meet more
// often.
func newSchedule(seed uint64) schedule {
	settings := settingsOf(seed)
	random := rand.New(rand.NewPCG(seed, 0))
	some := 1 + random.IntN(4)
	if random.Float64() < 0.5 {
		some = 5 + random.IntN(10)
	}
	var kinds []kind
	for _, i := range random.Perm(len(faultKinds))[:some] {
		kinds = append(kinds, faultKinds[i])
	}

	s := schedule{Seed: seed}
	add := func(do kind, lasts time.Duration) {
		at := time.Duration(random.Float64() * float64(settings.busyFor))
		s.Actions = append(s.Actions, action{
			At: moment(at.Truncate(time.Millisecond)), Do: do, ID: len(s.Actions),
			For: moment(lasts.Truncate(time.Millisecond)),
		})
	}
	for range 5 + random.IntN(40) {
		add(create, 0)
	}
	for range 1 + random.IntN(24) {
		do := kinds[random.IntN(len(kinds))]
		var lasts time.Duration
		if longest := lasting[do]; longest > 0 {
			f := random.Float64()
			lasts = time.Second + time.Duration(f*f*float64(longest))
		}
		add(do, lasts)
	}
	slices.SortFunc(s.Actions, func(a, b action) int { return cmp.Compare(a.At, b.At) })
	return s
}
