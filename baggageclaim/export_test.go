package baggageclaim

import "time"

// What the specs reach into the package for.
var (
	LocateIn         = locateIn
	DecodeTTL        = decodeTTL
	DecodeProperties = decodeProperties
)

// SetNow stops the clock by which it is told how old a file is.
func (d *Dir) SetNow(now time.Time) {
	d.now = func() time.Time { return now }
}

// Misremember has what is remembered of a volume's ttl.json be another TTL, and
// tells whether anything is.
func (d *Dir) Misremember(handle string, ttl time.Duration) bool {
	remembered, found := d.said.ttls[handle]
	if found {
		remembered.ttl = ttl
		d.said.ttls[handle] = remembered
	}
	return found
}
