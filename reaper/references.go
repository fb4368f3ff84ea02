package reaper

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// The properties that Concourse and Garden keep their knowledge in.
const (
	// VolumesProperty is a JSON list of volume handles (Concourse 2.x).
	VolumesProperty = "concourse:volumes"
	// VolumeMountsProperty is a JSON object of volume handle to path in the
	// container (Concourse 2.x).
	VolumeMountsProperty = "concourse:volume-mounts"
	// GraceTimeProperty is the grace time in nanoseconds (Guardian's
	// gardener.GraceTimeKey); 0 and absent mean none.
	GraceTimeProperty = "garden.grace-time"
)

// PropertyReferences reads the volumes that a container's properties name,
// and what about them can't be understood.
//
// The root volume is the one that concourse:volume-mounts does not name, or
// without that property the last of concourse:volumes. Where that leaves more
// than one, none is taken for the root.
func PropertyReferences(properties map[string]string) ([]Reference, []Reason) {
	var doubts []Reason
	doubt := func(property string, err error) {
		doubts = append(doubts, Reason{
			Code:   PropertiesMalformed,
			Detail: fmt.Sprintf("property %s can't be read: %v", property, err),
		})
	}

	var volumes []string
	if value, found := properties[VolumesProperty]; found {
		if err := json.Unmarshal([]byte(value), &volumes); err != nil {
			volumes = nil
			doubt(VolumesProperty, err)
		}
	}

	var mounts map[string]string
	value, mountsTold := properties[VolumeMountsProperty]
	if mountsTold {
		if err := json.Unmarshal([]byte(value), &mounts); err != nil {
			mounts = nil
			doubt(VolumeMountsProperty, err)
			return named(volumes, nil, "", doubts)
		}
	}

	root := ""
	switch {
	case mountsTold:
		unmounted := slices.DeleteFunc(slices.Clone(volumes), func(volume string) bool {
			_, mounted := mounts[volume]
			return mounted
		})
		slices.Sort(unmounted)
		if unmounted = slices.Compact(unmounted); len(unmounted) == 1 {
			root = unmounted[0]
		}
	case len(volumes) > 0:
		root = volumes[len(volumes)-1]
	}
	return named(volumes, mounts, root, doubts)
}

// named turns the handles in the properties into references, the unsafe ones
// into doubts.
func named(volumes []string, mounts map[string]string, root string, doubts []Reason) ([]Reference, []Reason) {
	handles := slices.Clone(volumes)
	mounted := make([]string, 0, len(mounts))
	for handle := range mounts {
		mounted = append(mounted, handle)
	}
	slices.Sort(mounted)
	handles = append(handles, mounted...)

	var references []Reference
	seen := make(map[string]bool, len(handles))
	for _, handle := range handles {
		if seen[handle] {
			continue
		}
		seen[handle] = true
		if !SafeVolumeHandle(handle) {
			doubts = append(doubts, Reason{
				Code:   VolumeHandleUnsafe,
				Volume: handle,
				Detail: fmt.Sprintf("volume handle %q is no file name: not looked up", handle),
			})
			continue
		}
		reference := Reference{Volume: handle, Path: mounts[handle], Source: SourceProperties}
		if handle == root {
			reference.Root, reference.Path = true, "/"
		}
		references = append(references, reference)
	}
	return references, doubts
}

// SpecReferences reads the volumes that an OCI spec names. under says which
// volume a path lies in, as Volumes.Under does.
func SpecReferences(spec Spec, source Source, under func(string) (handle string, other bool)) ([]Reference, []Reason) {
	var references []Reference
	var doubts []Reason

	add := func(path, destination string, root bool) {
		handle, other := under(path)
		switch {
		case other:
			doubts = append(doubts, Reason{
				Code:   OtherVolumesDir,
				Volume: handle,
				Detail: fmt.Sprintf("%s is a volume outside of the volumes directory: set --volumes", path),
			})
		case handle == "":
		case !SafeVolumeHandle(handle):
			doubts = append(doubts, Reason{
				Code:   VolumeHandleUnsafe,
				Volume: handle,
				Detail: fmt.Sprintf("volume handle %q is no file name: not looked up", handle),
			})
		default:
			references = append(references, Reference{Volume: handle, Path: destination, Root: root, Source: source})
		}
	}

	add(spec.Root, "/", true)
	for _, bind := range spec.Binds {
		add(bind.Source, bind.Destination, false)
	}
	return references, doubts
}

// graceTime reads garden.grace-time.
func graceTime(properties map[string]string) (time.Duration, *Reason) {
	value, found := properties[GraceTimeProperty]
	if !found {
		return 0, nil
	}
	nanoseconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil || nanoseconds < 0 {
		return 0, &Reason{
			Code:   PropertiesMalformed,
			Detail: fmt.Sprintf("property %s is no number of nanoseconds: %q", GraceTimeProperty, value),
		}
	}
	return time.Duration(nanoseconds), nil
}
