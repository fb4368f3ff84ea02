package reaper

import "time"

// Verdict is what the rule says of a container.
type Verdict string

const (
	// Orphan is a container with a volume that is missing, dead or expired.
	Orphan Verdict = "orphan"
	// Unknown is a container that can't be judged. It is kept.
	Unknown Verdict = "unknown"
	// Foreign is a container that refers to no volume: not Concourse's.
	Foreign Verdict = "foreign"
	// Live is a container whose volumes are all there.
	Live Verdict = "live"
)

// Verdicts are all verdicts, in the order in which people want to see them.
var Verdicts = []Verdict{Orphan, Unknown, Foreign, Live}

// Code is the machine-readable part of a Reason.
type Code string

// What makes an orphan.
const (
	VolumeIsMissing Code = "volume-missing"
	VolumeIsDead    Code = "volume-dead"
	VolumeExpired   Code = "volume-expired"
)

// What makes a container unknown.
const (
	NoSource            Code = "no-source"
	SourceUnreadable    Code = "source-unreadable"
	PropertiesMalformed Code = "properties-malformed"
	HandleUnsafe        Code = "handle-unsafe"
	VolumeHandleUnsafe  Code = "volume-handle-unsafe"
	OtherVolumesDir     Code = "other-volumes-dir"
	VolumeUnreadable    Code = "volume-unreadable"
	TTLUnreadable       Code = "ttl-unreadable"
	WitnessesDisagree   Code = "witnesses-disagree"
)

// Reason is one thing that a verdict rests on.
type Reason struct {
	Code Code `json:"code"`
	// Volume is the handle of the volume it is about. Empty: about none.
	Volume string `json:"volume"`
	// Detail says it in words: lower case, no full stop.
	Detail string `json:"detail"`
}

// Judgement is the rule's answer for one container.
type Judgement struct {
	Verdict Verdict
	// Reasons of an orphan or unknown container; empty for the others.
	Reasons []Reason
	// Volumes that the container refers to, in order of their first mention.
	Volumes []ReferencedVolume
}

// ReferencedVolume is a volume with all that the sources say of its use.
type ReferencedVolume struct {
	Volume
	// Path is where the container sees it. Empty: no source told.
	Path string
	// Root tells that some source takes it for the root file system.
	Root bool
	// Sources that name it, in order of their first mention.
	Sources []Source
}

// HoldName names what keeps an orphan from being destroyed.
type HoldName string

const (
	HeldByGrace      HoldName = "grace"
	HeldByAge        HoldName = "age"
	HeldByBusy       HoldName = "busy"
	HeldByConfirm    HoldName = "confirm"
	HeldByProtected  HoldName = "protected"
	HeldByExpiryWait HoldName = "expiry-wait"
	HeldByBackoff    HoldName = "backoff"
	HeldByCap        HoldName = "cap"
	HeldByInterlock  HoldName = "interlock"
)

// HoldNames are all holds.
var HoldNames = []HoldName{
	HeldByGrace, HeldByAge, HeldByBusy, HeldByConfirm, HeldByProtected,
	HeldByExpiryWait, HeldByBackoff, HeldByCap, HeldByInterlock,
}

// OrphanCodes are the reasons that make an orphan.
var OrphanCodes = []Code{VolumeIsMissing, VolumeIsDead, VolumeExpired}

// Hold is one thing that keeps an orphan from being destroyed.
type Hold struct {
	By HoldName
	// Detail says it in words: lower case, no full stop.
	Detail string
	// Until is when it ends of itself. Zero: not told.
	Until time.Time
}

// InterlockName names a reason to destroy nothing at all.
type InterlockName string

const (
	GardenUnreachable          InterlockName = "garden-unreachable"
	VolumesDirUnusable         InterlockName = "volumes-dir-unusable"
	VolumesDirChanged          InterlockName = "volumes-dir-changed"
	NoVolumeFound              InterlockName = "no-volume-found"
	BaggageclaimUnreachable    InterlockName = "baggageclaim-unreachable"
	WitnessesDisagreeInterlock InterlockName = "witnesses-disagree"
	// Starting is on while a daemon has not watched the worker for long enough.
	Starting InterlockName = "starting"
	// ClockStepped is on for the pass that finds the wall clock out of step with
	// the monotonic one.
	ClockStepped InterlockName = "clock-stepped"
)

// InterlockNames are all interlocks.
var InterlockNames = []InterlockName{
	GardenUnreachable, VolumesDirUnusable, VolumesDirChanged, NoVolumeFound,
	BaggageclaimUnreachable, WitnessesDisagreeInterlock, Starting, ClockStepped,
}

// Interlock is on while the worker as a whole can't be trusted to have been
// seen right. It stops every destroy.
type Interlock struct {
	Name InterlockName `json:"name"`
	// Detail says it in words: lower case, no full stop, with what to try.
	Detail string `json:"detail"`
}

// Finding is one container with the verdict on it and what holds it.
type Finding struct {
	Container Container
	Judgement
	// Since is what its grace counts from: its first sighting as an orphan, or
	// its creation where no earlier pass remembers one, and no earlier than the
	// expiry that alone speaks against it. Zero: it is no orphan, or neither is
	// known.
	Since time.Time
	// Grace that an orphan has to wait out.
	Grace time.Duration
	// Processes that run in an orphan, as far as they were asked for. Zero: not
	// known.
	Processes uint64
	// Failures is how many destroys of it have failed so far.
	Failures int
	// LastError is why the last of them did. Empty: none has failed.
	LastError string
	// Destroying tells that a destroy of it is under way.
	Destroying bool
	// Holds of an orphan. None: it is eligible for destroying.
	Holds []Hold
}

// StuckAfter is how many failed destroys make a container stuck.
const StuckAfter = 5

// Stuck tells that destroying the container has failed so often that somebody
// should look.
func (f Finding) Stuck() bool {
	return f.Failures >= StuckAfter
}

// Eligible tells that the container may be destroyed now.
func (f Finding) Eligible() bool {
	return f.Verdict == Orphan && len(f.Holds) == 0 && !f.Destroying
}

// HeldBy are the names of what holds the container, each once.
func (f Finding) HeldBy() []HoldName {
	names := []HoldName{}
	seen := map[HoldName]bool{}
	for _, hold := range f.Holds {
		if !seen[hold.By] {
			seen[hold.By] = true
			names = append(names, hold.By)
		}
	}
	return names
}
