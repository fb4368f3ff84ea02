package reaper

import "time"

// Source names who said something about a container.
type Source string

const (
	// SourceProperties is the container's Garden properties
	// concourse:volumes and concourse:volume-mounts, which Concourse 2.x set.
	SourceProperties Source = "properties"
	// SourceBundle is the config.json of the container's OCI bundle in
	// Guardian's depot.
	SourceBundle Source = "bundle"
	// SourceContainerd is the OCI spec that containerd keeps.
	SourceContainerd Source = "containerd"
)

// Sighting is what one look at one container shows. Sightings of several
// sources are merged into a Container.
type Sighting struct {
	// State as Garden tells it, "active" or "stopped". Empty: not known.
	State string
	// Properties of the container. Nil: not known; empty: it has none.
	Properties map[string]string
	// BundlePath is the directory of the container's OCI bundle, Garden's
	// ContainerPath. Empty: not known.
	BundlePath string
	// Spec is what counts of the container's OCI spec.
	// Nil: this look read none.
	Spec *Spec
	// SpecSource says where Spec was read.
	SpecSource Source
	// CreatedAt is when the container was created, by the clock of the worker.
	// Zero: not known.
	CreatedAt time.Time
	// Task is how containerd's task of it stands, such as "running" or NoTask.
	// Empty: not known, or no container of containerd's.
	Task string
	// Silent tells that Garden gave no answer about it, though it does about others:
	// the Doubts say why. Asking again costs a whole timeout, and leaves a process
	// behind that hangs.
	Silent bool
	// Blind tells that this source may know the container and could not be
	// asked: what the others say is not enough then to speak against it.
	Blind bool
	// Doubts are the things that could not be read or understood in this look.
	Doubts []Reason
}

// NoTask is the Task of a container that containerd has no task for. It is not
// dead: from 7.13 on Concourse starts it again at its next use.
const NoTask = "no task"

// Container is one Garden container, as all sources on the worker show it.
type Container struct {
	Handle string
	// Hidden tells that Garden's plain list lacks it: half-created, or known
	// only from the depot. It holds a slot and a subnet all the same.
	Hidden bool
	// State as Garden tells it, "active" or "stopped". Empty: not known.
	State string
	// Properties of the container. Nil: not known.
	Properties map[string]string
	// GraceTime is the container's own garden.grace-time. Zero: none.
	GraceTime time.Duration
	// GraceUnknown tells that it has a grace time that can't be understood.
	GraceUnknown bool
	// BundlePath is the directory of the OCI bundle. Empty: not known.
	BundlePath string
	// CreatedAt is when it was created. Zero: not known.
	CreatedAt time.Time
	// Task is how containerd's task of it stood when it was first seen. Empty:
	// not known, or no container of containerd's.
	Task string
	// Silent tells that Garden gave no answer about it, though it did about others.
	Silent bool
	// Blind tells that a source that may know it could not be asked.
	Blind bool
	// References are the volumes that the sources name, each source's own.
	References []Reference
	// SpecRead tells that an OCI spec of the container was read, so that no
	// reference means that there is none.
	SpecRead bool
	// Doubts are the things about it that could not be read or understood.
	Doubts []Reason
	// Purpose is what it was made for, for people to see. Zero: not known.
	Purpose Purpose
}

// Reference is one source's word that a container uses a volume.
type Reference struct {
	// Volume is the volume's handle.
	Volume string
	// Path is where the container sees the volume. Empty: not told.
	Path string
	// Root tells that the volume is the container's root file system.
	Root bool
	// Source is who says so.
	Source Source
}

// SafeHandle tells whether a container handle may be sent to Garden: letters
// and digits of ASCII, and behind the first of them ".", "_" and "-" too. Garden's
// client escapes nothing, so "a?x" would reach another container, and a comma
// splits bulk_info's list.
func SafeHandle(handle string) bool {
	// A pass asks thrice about each container: of a regular expression that took
	// a seventh of it.
	for i := range len(handle) {
		switch c := handle[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return handle != ""
}
