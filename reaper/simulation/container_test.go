package simulation

import (
	"encoding/json"
	"fmt"
	"time"

	"weeder/reaper"
)

// fate is what becomes of a container.
type fate string

const (
	// deleted properly: the container first, its volumes second.
	deleted fate = "deleted"
	// leaked by an ATC that forgets it: only its volumes go.
	leaked fate = "leaked"
	// used until the end.
	used fate = "used"
	// halfCreated is hidden, and tells nothing of itself, for ever.
	halfCreated fate = "half-created"
	// taskless is leaked by a create whose task did not start: containerd keeps the
	// record.
	taskless fate = "taskless"
	// foreign is not Concourse's: it refers to no volume.
	foreign fate = "foreign"
	// malformed is leaked, with properties that say nothing.
	malformed fate = "malformed"
	// protected is leaked, but for a person's word.
	protected fate = "protected"
	// zombie is leaked, and only the depot shows it.
	zombie fate = "zombie"
	// leftover is what Garden does not know, and only the depot shows.
	leftover fate = "leftover"
)

// container is one of Garden's, as it is.
type container struct {
	dice    dice
	handle  string
	fate    fate
	created time.Duration
	// createdWall is its creation by the wall clock. Zero: nobody knows.
	createdWall time.Time
	volumes     []*volume
	// properties has it tell of its volumes as Concourse 2.x did, or by its OCI
	// spec.
	properties bool
	grace      time.Duration
	hidden     bool
	// inDepot alone shows it.
	inDepot bool

	// processes in it, the init included. idle has no task at all.
	processes uint64
	idle      bool
	// told tells that Garden knows its processes.
	told bool
	// changedAt is when its processes changed, or what Garden tells of them.
	changedAt time.Duration
	forgotten bool
	// unseen tells that another of its handle went shortly before it came, and
	// not by the daemon's doing: no list tells the two apart.
	unseen bool

	// silences is how often in a row Garden gave no answer about it, and askedAgainAt
	// when the daemon asks again at the latest.
	silences     int
	askedAgainAt time.Duration

	// destroy that Garden is at. Nil: none.
	destroy *destroy
	// destroys counts those that were begun.
	destroys int
	watched  watched
}

func (c *container) String() string {
	return fmt.Sprintf("%s (%s, %d processes)", c.handle, c.fate, c.processes)
}

// orphanSince is since when the container is an orphan without a break.
func (w *world) orphanSince(c *container) (since time.Duration, orphan bool) {
	for _, v := range c.volumes {
		if v.gone() || v.expired(w.wall()) {
			if at := w.accusedSince(v); !orphan || at < since {
				since, orphan = at, true
			}
		}
	}
	return max(since, c.created), orphan
}

// seenSince is since when it is an orphan as far as passes can tell: one that
// was none for a while when nobody watched counts as one all along.
func (w *world) seenSince(c *container) (since time.Duration, orphan bool) {
	since, orphan = w.orphanSince(c)
	if seen := c.watched.seenAt; seen != 0 && !c.byExpiryAlone() {
		since = min(since, seen)
	}
	return since, orphan
}

// byExpiryAlone tells that an orphan's volumes are all there.
func (c *container) byExpiryAlone() bool {
	for _, v := range c.volumes {
		if v.gone() {
			return false
		}
	}
	return true
}

// rootThere tells that the root volume, the last, is there.
func (c *container) rootThere() bool {
	return len(c.volumes) > 0 && !c.volumes[len(c.volumes)-1].gone()
}

// sighting is what Garden tells of the container.
func (c *container) sighting(halfSeen, refused bool) reaper.Sighting {
	doubt := reaper.Reason{Code: reaper.SourceUnreadable, Detail: "runc state: exit status 1"}
	switch {
	case c.fate == halfCreated, c.hidden && !c.inDepot:
		return reaper.Sighting{Doubts: []reaper.Reason{doubt}}
	case (c.inDepot || refused) && c.fate != malformed:
		// Its bundle is read all the same.
		return reaper.Sighting{
			Doubts: []reaper.Reason{doubt}, CreatedAt: c.createdWall,
			Spec: c.spec(), SpecSource: reaper.SourceBundle,
		}
	}

	seen := reaper.Sighting{State: "active", Properties: c.gardenProperties(), CreatedAt: c.createdWall}
	if halfSeen {
		seen.Doubts = append(seen.Doubts, doubt)
		return seen
	}
	switch {
	case c.fate == malformed:
		seen.Properties[reaper.VolumesProperty] = `["`
	case c.properties:
		c.tellByProperties(&seen)
	default:
		seen.Spec, seen.SpecSource = c.spec(), reaper.SourceBundle
	}
	return seen
}

// gardenProperties are those that do not tell of its volumes.
func (c *container) gardenProperties() map[string]string {
	properties := map[string]string{}
	if c.grace > 0 {
		properties[reaper.GraceTimeProperty] = fmt.Sprint(int64(c.grace))
	}
	if c.fate == protected && c.dice.of("by property").chance(0.5) {
		properties["team"] = "main"
	}
	return properties
}

func (c *container) tellByProperties(seen *reaper.Sighting) {
	handles, mounts := []string{}, map[string]string{}
	for i, v := range c.volumes {
		handles = append(handles, v.handle)
		if i < len(c.volumes)-1 {
			mounts[v.handle] = fmt.Sprintf("/tmp/build/%d", i)
		}
	}
	for property, value := range map[string]any{
		reaper.VolumesProperty: handles, reaper.VolumeMountsProperty: mounts,
	} {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		seen.Properties[property] = string(text)
	}
}

func (c *container) spec() *reaper.Spec {
	spec := &reaper.Spec{Root: "/var/lib/elsewhere/rootfs"}
	for i, v := range c.volumes {
		path := volumesDir + "/live/" + v.handle + "/volume"
		if i == len(c.volumes)-1 {
			spec.Root = path
		} else {
			spec.Binds = append(spec.Binds, reaper.Bind{Source: path, Destination: fmt.Sprintf("/tmp/build/%d", i)})
		}
	}
	return spec
}
