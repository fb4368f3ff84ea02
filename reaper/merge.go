package reaper

import (
	"fmt"
	"maps"
)

// merge makes a Container of what its sources saw of it, those first whose
// word on a fact counts more. References and doubts are the union of all.
func (i *Inventory) merge(handle string, sightings []Sighting) Container {
	container := Container{Handle: handle}
	if len(sightings) == 0 {
		container.Doubts = []Reason{{
			Code:   SourceUnreadable,
			Detail: fmt.Sprintf("Garden did not answer for %s", handle),
		}}
		return container
	}

	for _, sighting := range sightings {
		container.take(sighting)
	}
	grace, doubt := graceTime(container.Properties)
	container.GraceTime = grace
	if doubt != nil {
		container.GraceUnknown = true
		container.Doubts = append(container.Doubts, *doubt)
	}
	references, doubts := PropertyReferences(container.Properties)
	container.References = references
	container.Doubts = append(container.Doubts, doubts...)

	for _, sighting := range sightings {
		if sighting.Spec != nil {
			container.SpecRead = true
			references, doubts := SpecReferences(*sighting.Spec, sighting.SpecSource, i.volumes.Under)
			container.References = append(container.References, references...)
			container.Doubts = append(container.Doubts, doubts...)
		}
	}
	container.Purpose = purposeOf(container, sightings)
	return container
}

// take adds what a sighting tells and no earlier one did.
func (c *Container) take(sighting Sighting) {
	if c.State == "" {
		c.State = sighting.State
	}
	switch {
	case c.Properties == nil:
		c.Properties = sighting.Properties
	case sighting.Properties != nil:
		properties := maps.Clone(sighting.Properties)
		maps.Copy(properties, c.Properties)
		c.Properties = properties
	}
	if c.BundlePath == "" {
		c.BundlePath = sighting.BundlePath
	}
	if c.CreatedAt.IsZero() {
		c.CreatedAt = sighting.CreatedAt
	}
	if c.Task == "" {
		c.Task = sighting.Task
	}
	c.Blind = c.Blind || sighting.Blind
	c.Silent = c.Silent || sighting.Silent
	c.Doubts = append(c.Doubts, sighting.Doubts...)
}
