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

// Remembers tells that something that was read of the volume is remembered.
func (d *Dir) Remembers(handle string) bool {
	_, found := d.said.ttls[handle]
	return found
}

// Misremember has what is remembered of a volume's ttl.json be another TTL.
func (d *Dir) Misremember(handle string, ttl time.Duration) {
	remembered := d.said.ttls[handle]
	remembered.ttl = ttl
	d.said.ttls[handle] = remembered
}
