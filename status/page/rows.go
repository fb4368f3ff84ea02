package page

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"weeder/reaper"
)

// How many rows the page has at most; the rest is counted. They and maxBytes
// keep it under 100 kB.
const (
	maxOrphans    = 50
	maxStuck      = 20
	maxDestroying = 10
	// maxHolds is how many holds of one orphan are told.
	maxHolds = 3
	// MaxEvents is how many events the page shows, which so are all to be kept.
	MaxEvents = 20
)

// cut is the first rows of a list, and how many there are beyond.
func cut[T any](list []T, most int) (rows []T, more int) {
	if len(list) <= most {
		return list, 0
	}
	return list[:most], len(list) - most
}

// who is a container.
type who struct {
	Handle string
	// For is what it was made for. Empty: not known.
	For string
}

func whoOf(container reaper.Container) who {
	return who{Handle: clip(container.Handle), For: clip(container.Purpose.String())}
}

// reason is why a container is an orphan.
type reason struct {
	// Text of it, such as "missing volume"; Volume is the one it is about.
	Text, Volume string
	// More is how many more there are.
	More int
}

func (r reason) String() string {
	text := strings.TrimSpace(r.Text + " " + r.Volume)
	if r.More > 0 {
		text += fmt.Sprintf(" and %d more", r.More)
	}
	return text
}

var reasonTexts = map[reaper.Code]string{
	reaper.VolumeIsMissing: "missing volume",
	reaper.VolumeIsDead:    "volume being torn down",
	reaper.VolumeExpired:   "expired volume",
}

// reasonOf is the first reason, with how many more there are.
func reasonOf(reasons []reaper.Reason) reason {
	if len(reasons) == 0 {
		return reason{}
	}
	first := reasons[0]
	return reason{Text: cmp.Or(reasonTexts[first.Code], string(first.Code)), Volume: clip(first.Volume), More: len(reasons) - 1}
}

// hold is what keeps an orphan.
type hold struct {
	Text string
	// Until is when it ends. Its zero value: not told.
	Until moment
}

// orphanRow is one container that leaked.
type orphanRow struct {
	who
	Reason reason
	Since  moment
	// For is how long it has been an orphan. Empty: not known.
	Long  string
	Stuck bool
	Holds []hold
}

// orphans are those of the last look, the longest orphaned first.
func (v View) orphans() (rows []orphanRow, more int) {
	var found []*reaper.Finding
	for i, finding := range v.Last.Findings {
		if finding.Verdict == reaper.Orphan {
			found = append(found, &v.Last.Findings[i])
		}
	}
	// What nobody knows the time of comes last.
	slices.SortStableFunc(found, func(a, b *reaper.Finding) int {
		if a.Since.IsZero() != b.Since.IsZero() {
			return b.Since.Compare(a.Since)
		}
		return a.Since.Compare(b.Since)
	})
	found, more = cut(found, maxOrphans)
	for _, finding := range found {
		row := orphanRow{
			who: whoOf(finding.Container), Reason: reasonOf(finding.Reasons), Since: v.moment(finding.Since),
			Stuck: finding.Stuck(), Holds: v.holds(*finding),
		}
		if !finding.Since.IsZero() {
			row.Long = span(v.At.Sub(finding.Since))
		}
		rows = append(rows, row)
	}
	return rows, more
}

// holds are what keeps an orphan, or how it stands where nothing does.
func (v View) holds(finding reaper.Finding) []hold {
	handle := finding.Container.Handle
	if at, gone := v.Gone[handle]; gone {
		return []hold{{Text: "nothing: it was destroyed", Until: v.moment(at)}}
	}
	if since, now := v.Destroying[handle]; now {
		return []hold{{Text: "nothing: it is being destroyed since", Until: v.moment(since)}}
	}
	var holds []hold
	for _, held := range finding.Holds {
		holds = append(holds, hold{Text: holdText(held), Until: v.moment(held.Until)})
	}
	switch {
	case len(holds) > maxHolds:
		return append(holds[:maxHolds], hold{Text: fmt.Sprintf("%d more", len(holds)-maxHolds)})
	case len(holds) > 0:
		return holds
	case v.DryRun:
		return []hold{{Text: "nothing but the dry run"}}
	}
	return []hold{{Text: "nothing: it goes next"}}
}

// holdText says what a hold means, with until when to follow it where that is
// known.
func holdText(held reaper.Hold) string {
	told := !held.Until.IsZero()
	until := func(text string) string {
		if told {
			return text + " until"
		}
		return text
	}
	switch held.By {
	case reaper.HeldByGrace:
		return until("its grace")
	case reaper.HeldByAge:
		return "nothing tells how old it is"
	case reaper.HeldByConfirm:
		return "the next look has to confirm it"
	case reaper.HeldByExpiryWait:
		return until("only expired: baggageclaim has to be heard")
	case reaper.HeldByBackoff:
		return until("destroying it failed: it rests")
	case reaper.HeldByCap:
		return "others come first in this look"
	case reaper.HeldByInterlock:
		return "an interlock: see the top"
	case reaper.HeldByBusy, reaper.HeldByProtected:
		return until(clip(held.Detail))
	}
	return until(clip(string(held.By)))
}

// stuckRow is one container that destroys fail of.
type stuckRow struct {
	who
	Tries int
	// Error is why the last of them did.
	Error string
	// Next is when it is tried again. Its zero value: at the next look.
	Next moment
}

func (v View) stuck() (rows []stuckRow, more int) {
	all := 0
	for _, finding := range v.Last.Findings {
		if _, gone := v.Gone[finding.Container.Handle]; gone || !finding.Stuck() {
			continue
		}
		if all++; all > maxStuck {
			continue
		}
		row := stuckRow{who: whoOf(finding.Container), Tries: finding.Failures}
		// The handle is there already.
		said := strings.TrimPrefix(finding.LastError, "destroy "+finding.Container.Handle+": ")
		row.Error = clipTo(said, maxError, maxError+maxError/2)
		for _, held := range finding.Holds {
			if held.By == reaper.HeldByBackoff {
				row.Next = v.moment(held.Until)
			}
		}
		rows = append(rows, row)
	}
	return rows, all - len(rows)
}

// destroyingRow is one container that is being destroyed.
type destroyingRow struct {
	Handle string
	Since  moment
}

func (v View) destroying() (rows []destroyingRow, more int) {
	handles := make([]string, 0, len(v.Destroying))
	for handle := range v.Destroying {
		handles = append(handles, handle)
	}
	// The longest first: those that hang.
	slices.SortFunc(handles, func(a, b string) int {
		return cmp.Or(v.Destroying[a].Compare(v.Destroying[b]), strings.Compare(a, b))
	})
	handles, more = cut(handles, maxDestroying)
	for _, handle := range handles {
		rows = append(rows, destroyingRow{Handle: clip(handle), Since: v.moment(v.Destroying[handle])})
	}
	return rows, more
}

// eventRow is one thing that happened.
type eventRow struct {
	At     moment
	What   string
	Handle string
	Why    string
}

var eventTexts = map[reaper.EventName]string{
	reaper.EventFlagged:       "leaked",
	reaper.EventCleared:       "is no orphan any more",
	reaper.EventWouldDestroy:  "would be destroyed",
	reaper.EventDestroying:    "destroy begun",
	reaper.EventDestroyed:     "destroyed",
	reaper.EventDestroyFailed: "destroy failed",
	reaper.EventStuck:         "stuck",
}

func (v View) events() []eventRow {
	shown, _ := cut(v.Events, MaxEvents)
	rows := make([]eventRow, 0, len(shown))
	for _, event := range shown {
		row := eventRow{
			At: v.moment(event.Time), Handle: clip(event.Handle), Why: clip(event.Why),
			What: cmp.Or(eventTexts[event.Name], clip(string(event.Name))),
		}
		if event.Name == reaper.EventInterlock {
			row.What = "interlock off: " + clip(string(event.Interlock))
			if event.On {
				row.What = "interlock on: " + clip(string(event.Interlock))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// figures are how things stand, in numbers.
type figures struct {
	// LookedAt is when the last look was.
	LookedAt moment
	// Judged tells that it could judge: without that the next ones are not known.
	Judged bool
	// Containers are all, Hidden those of them that Garden's plain list lacks.
	Containers, Hidden              int
	Live, Foreign, Unknown, Orphans int
	Eligible, Stuck                 int
	// Slots are how many containers the worker takes. 0: not known.
	Slots int
	// Destroyed is how many were since the start, or would have been, as
	// DestroyedWord says.
	Destroyed     int
	DestroyedWord string
}

func (v View) figures() figures {
	f := figures{Slots: int(v.MaxContainers), Destroyed: v.Destroyed, DestroyedWord: "destroyed"}
	if v.DryRun {
		f.Destroyed, f.DestroyedWord = v.WouldDestroy, "would be destroyed"
	}
	if v.Last == nil {
		return f
	}
	f.LookedAt = v.moment(v.Last.At)
	if !v.Last.Judged {
		return f
	}
	f.Judged = true
	f.Containers = len(v.Last.Findings)
	for _, finding := range v.Last.Findings {
		_, gone := v.Gone[finding.Container.Handle]
		_, going := v.Destroying[finding.Container.Handle]
		if finding.Container.Hidden {
			f.Hidden++
		}
		if finding.Eligible() && !gone && !going {
			f.Eligible++
		}
		if finding.Stuck() && !gone {
			f.Stuck++
		}
		switch finding.Verdict {
		case reaper.Live:
			f.Live++
		case reaper.Orphan:
			f.Orphans++
		case reaper.Unknown:
			f.Unknown++
		case reaper.Foreign:
			f.Foreign++
		}
	}
	return f
}
