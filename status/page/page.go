// Package page is the daemon's page: how a worker stands, for people. It needs no
// script, loads nothing but itself, and shows what others wrote as text alone.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"sync"
	"time"

	"weeder/status/trend"
)

// leastRefresh is how long a page stands at least before it loads itself anew.
const leastRefresh = 10 * time.Second

var (
	//go:embed page.html
	source string
	//go:embed style.css
	style string
)

// parsed is the page's template. It is parsed when somebody looks for the first
// time: most daemons are never looked at, and no other command has a page.
var parsed = sync.OnceValues(func() (*template.Template, error) {
	return template.New("page").Parse(source)
})

// SecurityPolicy is the Content-Security-Policy to serve the page with: its own
// style, its own icon, and nothing else.
var SecurityPolicy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

// shown is what the template makes a page of.
type shown struct {
	View
	Style template.CSS
	// Refresh is after how many seconds the page loads itself anew.
	Refresh  int
	Title    string
	Zone     string
	Troubles []trouble
	Wrong    bool
	// InShort ends the headline about what is now.
	InShort string

	Figures   figures
	Chart     chart
	Outlook   string
	OutlookAt moment

	Orphans        []orphanRow
	MoreOrphans    int
	Stuck          []stuckRow
	MoreStuck      int
	Destroying     []destroyingRow
	MoreDestroying int
	Events         []eventRow
	Begun          moment
	Now            moment
}

// Render writes the page. It fails where the writer does.
func Render(to io.Writer, view View) error {
	page, err := parsed()
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	if err := page.Execute(to, view.shown()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

func (v View) shown() shown {
	forecast := trend.Look(v.Samples, v.At)
	page := shown{
		View: v, Style: template.CSS(style), Refresh: int(max(v.Interval, leastRefresh).Seconds()),
		Zone: v.At.Format("MST"), Figures: v.figures(), Chart: v.chart(), Events: v.events(),
		Begun: v.moment(v.Started), Now: v.moment(v.At),
	}
	page.Target, page.VolumesDir, page.Version = clip(v.Target), clip(v.VolumesDir), clip(v.Version)
	page.Troubles = v.troubles(page.Figures, forecast)
	page.Wrong = len(page.Troubles) > 0 && page.Troubles[0].Wrong
	switch {
	case page.Wrong:
	case v.Last == nil:
		page.InShort = ": not known yet"
	default:
		page.InShort = ": nothing is wrong"
	}
	page.Outlook, page.OutlookAt = v.outlookText(forecast)
	page.Destroying, page.MoreDestroying = v.destroying()
	if page.Figures.Judged {
		page.Orphans, page.MoreOrphans = v.orphans()
		page.Stuck, page.MoreStuck = v.stuck()
	}
	page.Title = page.title()
	return page
}

// title says in a tab what there is to say first.
func (s shown) title() string {
	switch {
	case s.Wrong:
		return "weeder: something is wrong"
	case !s.Figures.Judged:
		return "weeder"
	}
	return "weeder: " + plural(s.Figures.Orphans, "orphan", "orphans")
}
