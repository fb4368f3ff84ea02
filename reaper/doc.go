// Package reaper decides which containers of a Concourse worker nobody needs
// any more, and has Garden destroy them.
//
// The rule (Judge, Holds) is pure: a container, its volumes, the time and the
// policy go in, a verdict with its reasons comes out. The pass (Pass) reads
// the worker and applies the rule; destroying (Reap) looks again right before
// each destroy. What is read from, and destroyed through, stands behind the
// interfaces in worker.go, which the packages gardenclient, baggageclaim and
// journal satisfy.
//
// Wherever something can't be read or does not fit together, the container is
// kept: doubt keeps.
package reaper
