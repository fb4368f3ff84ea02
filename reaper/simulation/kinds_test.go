package simulation

import "time"

// kind is what an action does.
type kind string

const (
	// create has ATC make a container.
	create kind = "create"

	// atcAway is an ATC that neither heartbeats nor collects garbage.
	atcAway kind = "atc-away"

	// baggageclaimSilent is an API that does not answer; the reaper may go on.
	baggageclaimSilent kind = "baggageclaim-silent"
	baggageclaimSlow   kind = "baggageclaim-slow"
	// baggageclaimOther is the API of another worker: it knows nothing, or all.
	baggageclaimOther kind = "baggageclaim-other"

	gardenRefuses kind = "garden-refuses"
	gardenHangs   kind = "garden-hangs"
	gardenSlow    kind = "garden-slow"
	// gardenListFails leaves all but the lists working.
	gardenListFails kind = "garden-list-fails"
	// gardenRestart ends what Garden was at. For a moment it lists nothing, or
	// hides what it has.
	gardenRestart kind = "garden-restart"
	// gardenHangsOver has bulk_info and bulk_metrics give no answer about some
	// containers.
	gardenHangsOver kind = "garden-hangs-over"
	// runcFails has them refuse some, and the lists lack some of these.
	runcFails  kind = "runc-fails"
	usageFails kind = "usage-fails"
	// usageUntold is a Garden that knows neither processes nor ages.
	usageUntold kind = "usage-untold"
	// containerdSilent has containerd not answer the daemon, though it does Garden.
	containerdSilent kind = "containerd-silent"
	// containerdAbsent takes its socket away.
	containerdAbsent kind = "containerd-absent"
	// meddling has things happen while the daemon looks at a container for the
	// last time.
	meddling kind = "meddling"
	// halfSeen has some containers told only in part.
	halfSeen kind = "half-seen"
	// destroysFail has destroys fail, half or wholly, hang and be slow.
	destroysFail kind = "destroys-fail"

	// unmounted is an empty live/ that is another directory.
	unmounted kind = "unmounted"
	// remounted is the same files in another directory.
	remounted   kind = "remounted"
	unusable    kind = "volumes-unusable"
	volumeEIO   kind = "volume-eio"
	volumeEACCS kind = "volume-eacces"
	// ttlUnreadable is a ttl.json that says nothing.
	ttlUnreadable kind = "ttl-unreadable"
	// volumeDamaged is a volume that baggageclaim can't tell of.
	volumeDamaged kind = "volume-damaged"
	// diskSlow takes its time, whoever calls that off.
	diskSlow kind = "disk-slow"
	// diskFull takes the journal's writes, the memory's or both.
	diskFull kind = "disk-full"

	kill kind = "kill"
	term kind = "term"
	// flapping restarts the daemon every few minutes.
	flapping kind = "flapping"
	// stopped is a daemon that SIGSTOP holds.
	stopped kind = "stopped"

	clockStep kind = "clock-step"
	// resume is a machine that slept: only the wall clock went on.
	resume kind = "resume"
)

// faultKinds are all kinds of faults.
var faultKinds = []kind{
	atcAway, baggageclaimSilent, baggageclaimSlow, baggageclaimOther, gardenRefuses, gardenHangs, gardenSlow,
	gardenListFails, gardenRestart, gardenHangsOver, runcFails, usageFails, usageUntold, containerdSilent, containerdAbsent, meddling, halfSeen, destroysFail, unmounted, remounted, unusable,
	volumeEIO, volumeEACCS, ttlUnreadable, volumeDamaged, diskSlow, diskFull, kill, term, flapping, stopped, clockStep, resume,
}

// lasting is how long faults last at most. The others are over at once, or
// last as long as their dice say.
var lasting = map[kind]time.Duration{
	atcAway: 40 * time.Minute, baggageclaimSilent: 30 * time.Minute, baggageclaimSlow: 20 * time.Minute,
	baggageclaimOther: 10 * time.Minute, gardenRefuses: 20 * time.Minute, gardenHangs: 20 * time.Minute,
	gardenSlow: 30 * time.Minute, gardenListFails: 15 * time.Minute, gardenRestart: 2 * time.Minute,
	gardenHangsOver: 40 * time.Minute, runcFails: 40 * time.Minute, volumeDamaged: 30 * time.Minute, diskSlow: 30 * time.Minute,
	usageFails: 20 * time.Minute, usageUntold: 40 * time.Minute,
	containerdSilent: 30 * time.Minute, containerdAbsent: 10 * time.Minute, halfSeen: 20 * time.Minute,
	meddling: 60 * time.Minute, destroysFail: 60 * time.Minute, unmounted: 20 * time.Minute, unusable: 15 * time.Minute,
	volumeEIO: 10 * time.Minute, volumeEACCS: 10 * time.Minute, ttlUnreadable: 15 * time.Minute,
	diskFull: 40 * time.Minute, flapping: 60 * time.Minute, stopped: 40 * time.Minute,
}

// lingers is how long a fault that is over may be felt, since the daemon asks
// again only after a while.
var lingers = map[kind]time.Duration{
	halfSeen: retryDoubts, usageUntold: usageFor, usageFails: usageFor, gardenRestart: retryDoubts,
	runcFails: retryDoubts + usageFor, gardenHangsOver: retryDoubts + usageFor,
	containerdSilent: retryDoubts + usageFor, containerdAbsent: retryDoubts + usageFor,
}

const (
	retryDoubts = 5 * time.Minute
	usageFor    = 5 * time.Minute
)
