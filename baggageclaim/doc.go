// Package baggageclaim reads what baggageclaim has on a worker: its volumes
// directory (Dir) and its API (API). It writes to neither.
//
// A volume is the directory <volumes>/live/<handle>/ with properties.json,
// privileged.json, up to Concourse 5.0 ttl.json, the data in volume/, and for
// a copy-on-write child a symlink parent. It is made in init/, renamed to
// live/ when it is whole, and renamed to dead/ to be torn down: a reader that
// looks in this order meets a volume that moves meanwhile, one that looks in
// another order can miss it. (baggageclaim's volume/filesystem.go and
// volume/metadata.go; the latter in the commit before c7244ae for ttl.json.)
//
// Reading a disk can't be interrupted: contexts are asked between the reads.
package baggageclaim
