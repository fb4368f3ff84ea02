package status

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"weeder/reaper"
	"weeder/status/page"
	"weeder/status/trend"
)

// memorable is what the page shows beside the last pass.
type memorable struct {
	started time.Time
	day     trend.Series
	// events are the last ones, the oldest first.
	events []page.Event
	// destroyed and wouldDestroy count since the start.
	destroyed, wouldDestroy int
	// destroying are the containers whose destroy is under way, gone those that
	// were destroyed since the last pass; each by when.
	destroying, gone map[string]time.Time
}

func newMemorable(now time.Time) memorable {
	return memorable{started: now, destroying: map[string]time.Time{}, gone: map[string]time.Time{}}
}

// passed takes in a pass that is over. One that could not judge leaves a gap.
func (m *memorable) passed(report reaper.Report, now time.Time, slots uint64) {
	if !report.Judged {
		return
	}
	// Destroys begin before their pass is told of.
	maps.DeleteFunc(m.gone, func(_ string, at time.Time) bool { return at.Before(report.At) || at.After(now) })
	m.day.Add(trend.Sample{
		At: report.At, Slots: int(slots),
		Live: report.Count(reaper.Live), Foreign: report.Count(reaper.Foreign),
		Unknown: report.Count(reaper.Unknown), Orphan: report.Count(reaper.Orphan),
	})
}

// happened takes in an event.
func (m *memorable) happened(event reaper.Event) {
	if len(m.events) >= page.MaxEvents {
		m.events = slices.Delete(m.events, 0, len(m.events)-page.MaxEvents+1)
	}
	m.events = append(m.events, page.NewEvent(event))
	switch event.Name {
	case reaper.EventDestroying:
		m.destroying[event.Handle] = event.Time
	case reaper.EventDestroyed:
		m.destroyed++
		m.gone[event.Handle] = event.Time
		delete(m.destroying, event.Handle)
	case reaper.EventDestroyFailed:
		delete(m.destroying, event.Handle)
	case reaper.EventWouldDestroy:
		m.wouldDestroy++
	}
}

// late tells that no pass has ended for too long.
func (s seen) late(config Config) bool {
	return s.quiet > 3*config.Interval+2*config.Timeout
}

// view is what the page shows now.
func (s *Status) view() page.View {
	now := s.see()
	view := page.View{
		At: s.config.Clock.Now(), Version: s.config.Version, Target: s.config.Target,
		Interval: s.config.Interval, DryRun: s.config.DryRun,
		Quiet: now.quiet, Late: now.late(s.config), Interlocks: now.interlocks, Unrecorded: now.journal.err,
		MaxContainers: now.around.maxContainers,
	}
	if now.last != nil {
		view.Last, view.VolumesDir = &now.last.Report, now.last.volumesDir
	}

	s.mutex.Lock()
	defer s.mutex.Unlock()
	view.Started, view.Samples = s.past.started, s.past.day.Samples()
	view.Destroyed, view.WouldDestroy = s.past.destroyed, s.past.wouldDestroy
	view.Destroying, view.Gone = maps.Clone(s.past.destroying), maps.Clone(s.past.gone)
	view.Events = slices.Clone(s.past.events)
	slices.Reverse(view.Events)
	return view
}

func (s *Status) servePage(w http.ResponseWriter, _ *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", page.SecurityPolicy())
	// Whoever hung up misses nothing.
	_ = page.Render(w, s.view())
}
