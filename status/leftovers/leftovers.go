// Package leftovers finds what containers and volumes that are gone have left on a
// worker. It only looks: it opens no FIFO, follows no symlink out of a place, leaves
// alone what is mounted, and changes nothing.
//
// What can't be read is told and never counted. Nor is what has changed a while
// ago only: the container that it belongs to may be on its way in or out.
package leftovers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"code.cloudfoundry.org/clock"
)

const (
	// DefaultMinAge is Config.MinAge when nobody says otherwise.
	DefaultMinAge = time.Hour
	// DefaultMaxEntries is Config.MaxEntries when nobody says otherwise.
	DefaultMaxEntries = 1_000_000
)

// Kind names one kind of leftovers.
type Kind string

const (
	// FIFOs are directories of the FIFOs that containerd's clients make for each
	// process, when no process has one open any more (containerd issue 2421).
	FIFOs Kind = "fifos"
	// Bundles are OCI bundles without a container: containerd's, and those in
	// Guardian's depot.
	Bundles Kind = "bundles"
	// Shims are containerd's shim processes without a container.
	Shims Kind = "shims"
	// NetworkNamespaces are named ones that no container has the name of, and no
	// process uses. No Concourse of today makes any.
	NetworkNamespaces Kind = "network-namespaces"
	// RuncStates are runc's state directories without a container.
	RuncStates Kind = "runc-states"
	// DeadVolumes are baggageclaim's volumes that it does not get torn down.
	DeadVolumes Kind = "dead-volumes"
	// Overlays are layers of baggageclaim's overlay driver without a volume.
	Overlays Kind = "overlays"
)

// Config says where to look, and what is known of the worker.
type Config struct {
	// Root is where the worker's /run, /var/run and /proc are. Empty: /.
	Root string
	// Namespace is containerd's namespace of Concourse's containers. What is in
	// others is other programs'.
	Namespace string
	// Handles are those of the containers that Garden lists, hidden ones
	// included. Those that only the depot shows don't belong here: they are
	// leftovers themselves.
	Handles []string
	// HandlesErr is why Handles are not known. Nil: they are, and may be none.
	HandlesErr error
	// Depot is Guardian's depot. Empty with no DepotErr: this worker has none.
	Depot string
	// DepotErr is why it is not known whether there is a depot, or where.
	DepotErr error
	// Volumes is baggageclaim's volumes directory; empty with no VolumesErr: this
	// worker has none. Its overlays are looked for beside it, where Concourse has
	// them.
	Volumes string
	// VolumesErr is why Volumes can't be used.
	VolumesErr error
	// MinAge is for how long nothing must have changed in a leftover, or a shim
	// have run. Zero: nothing is too young.
	MinAge time.Duration
	// MaxEntries is how many directory entries are walked to count the inodes of
	// one kind; FIFOs are all counted. Zero: DefaultMaxEntries.
	MaxEntries int
	// Clock tells the time that ages are measured at.
	Clock clock.Clock
}

// Report is what was found.
type Report struct {
	// At is when Scan began.
	At time.Time
	// Kinds has each kind once, that which hurts most first: the one that holds
	// the most inodes for each that its file system has free, then the one with
	// the most leftovers.
	Kinds []Finding
	// FileSystems are those of the volumes directory, of the depot and of /run,
	// as far as they are known.
	FileSystems []FileSystem
}

// Judged tells that something could be judged, or that there was nothing to.
func (r Report) Judged() bool {
	return !slices.ContainsFunc(r.Kinds, func(f Finding) bool { return f.Status() == NotJudged }) ||
		slices.ContainsFunc(r.Kinds, func(f Finding) bool { return len(f.Places) > 0 })
}

// Scan looks for leftovers. What goes wrong is told among the Problems of each
// kind; the error is the context's.
func Scan(ctx context.Context, config Config) (Report, error) {
	s := newScan(ctx, config)
	report := Report{At: s.now, Kinds: make([]Finding, 0, 7)}
	for _, look := range []func() Finding{
		s.fifos, s.bundles, s.shims, s.networkNamespaces, s.runcStates, s.deadVolumes, s.overlays,
	} {
		report.Kinds = append(report.Kinds, look())
		if err := ctx.Err(); err != nil {
			return Report{}, fmt.Errorf("look for leftovers: %w", err)
		}
	}
	slices.SortStableFunc(report.Kinds, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.hurt(), a.hurt()), cmp.Compare(b.Count, a.Count))
	})
	report.FileSystems = s.fileSystems()
	return report, nil
}
