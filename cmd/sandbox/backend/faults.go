package backend

import (
	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/server"

	"weeder/cmd/sandbox/faults"
)

// Kinds are the faults of a Backend. Those that name no handle in their help strike every call,
// and never when limited to handles.
var Kinds = []faults.Kind{
	{Name: "list-hangs", Help: "every list hangs"},
	{Name: "list-fails", Help: "every list is a 500"},
	{Name: "list-empty", Help: "every list is empty; limited to handles: lacks those"},
	{Name: "all-list-fails", Help: "a list with garden.state=all is a 500"},
	{Name: "all-list-empty", Help: "a list with garden.state=all is empty, as before 2023"},
	{Name: "bulk-info-hangs", Help: "bulk_info hangs; limited to handles: when it asks for one of them"},
	{Name: "bulk-info-fails", Help: "bulk_info is a 500; limited to handles: their entries are errors"},
	{Name: "bulk-not-implemented", Help: "bulk_info and bulk_metrics are a 500 `not implemented`"},
	{Name: "metrics-hang", Help: "bulk_metrics hangs; limited to handles: when it asks for one of them"},
	{Name: "metrics-fail", Help: "bulk_metrics is a 500; limited to handles: their entries are errors"},
	{Name: "old-guardian", Help: "metrics know no age and no processes; can be limited to handles"},
	{Name: "destroy-fails", Help: "a destroy is a 500 and destroys nothing; can be limited to handles"},
	{Name: "destroy-fails-once", Help: "the first destroy of each handle fails; can be limited to handles", OncePerHandle: true},
	{Name: "destroy-hangs", Help: "a destroy hangs, and goes through when let go; can be limited to handles"},
	{Name: "destroy-says-in-progress", Help: "a destroy says that one is under way; can be limited to handles"},
	{Name: "destroy-untyped-gone", Help: "a destroy destroys, but is an untyped 500; can be limited to handles"},
	{Name: "destroy-404-untyped", Help: "a destroy is a 404 without a type and destroys nothing; can be limited to handles"},
	{Name: "destroy-404-other-handle", Help: "a destroy is a typed 404 for another handle and destroys nothing; can be limited to handles"},
	{Name: "run-fails", Help: "with --processes: a run is a 500 and runs nothing; can be limited to handles"},
	{Name: "stream-in-fails", Help: "with --processes: a stream-in is a 500 when all has come; can be limited to handles"},
	{Name: "stream-out-breaks", Help: "with --processes: a stream-out ends after some 100 kB, as if that were all; can be limited to handles"},
	{Name: "containerd", Help: "everything is answered as by Concourse's own backend over containerd, as --runtime containerd does for good"},
}

func (b *Backend) faultOfDestroy(handle string) error {
	struck := func(name string) bool { return b.Faults.Strike(name, handle).Struck() }

	switch {
	case struck("destroy-says-in-progress"):
		return server.ErrConcurrentDestroy
	case struck("destroy-fails"), struck("destroy-fails-once"):
		return joinedError("runc: exit status 1: container init still running")
	case struck("destroy-404-untyped"):
		return garden.ProcessNotFoundError{ProcessID: untypedMark + handle}
	case struck("destroy-404-other-handle"):
		return garden.ContainerNotFoundError{Handle: handle + "-other"}
	}

	return nil
}

// joinedError is an error as Guardian joins them, line ends and all.
type joinedError string

func (e joinedError) Error() string { return "1 error occurred:\n\t* " + string(e) + "\n\n" }
