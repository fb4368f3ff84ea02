package reaper

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// Policy is what a person decides about judging and destroying. Its zero
// value waits for nothing and destroys without bound: start from
// DefaultPolicy.
type Policy struct {
	// Grace is how long a container must have been an orphan. A container's
	// own grace time counts where it is longer.
	Grace time.Duration
	// BusyGrace is what an orphan waits, instead of Grace, whose processes
	// can't be told, or run although its root volume is gone.
	BusyGrace time.Duration
	// Protect are the containers that are never destroyed.
	Protect []Protection
	// ZeroTTLExpires reads a ttl of 0 as an expiry at expires_at. Only for
	// looking: it must never be set for a destroy.
	ZeroTTLExpires bool
	// MaxInFlight bounds the destroys under way at once; at least 1.
	MaxInFlight int
	// MaxPerPass bounds the destroys of one pass. Zero: no bound.
	MaxPerPass int
	// DestroyTimeout bounds one destroy.
	DestroyTimeout time.Duration
}

// DefaultPolicy is the policy of a worker about which nobody decided
// anything.
func DefaultPolicy() Policy {
	return Policy{
		Grace:          10 * time.Minute,
		BusyGrace:      24 * time.Hour,
		MaxInFlight:    3,
		MaxPerPass:     20,
		DestroyTimeout: 2 * time.Minute,
	}
}

// Mistakes are what makes no sense in a destroying policy, and what to change.
func (p Policy) Mistakes() []error {
	var mistakes []error
	mistake := func(is bool, text string) {
		if is {
			mistakes = append(mistakes, errors.New(text))
		}
	}
	mistake(p.ZeroTTLExpires, "a ttl of 0 means never: it can't be an ingredient of a destroy")
	mistake(p.MaxInFlight < 1, "--max-in-flight: give at least 1")
	mistake(p.MaxPerPass < 0, "--max-per-pass: give 0 for no bound, or a number above")
	mistake(p.DestroyTimeout < time.Second, "--destroy-timeout: give at least 1s")
	mistake(p.Grace < 0, "--grace: give no negative duration")
	mistake(p.BusyGrace < 0, "--busy-grace: give no negative duration")
	return mistakes
}

// Protection matches containers that are never destroyed: by a glob over the
// handle, or by a property whose value is one or matches it as a glob.
type Protection struct {
	glob       string
	key, value string
}

// ParseProtection reads a handle glob (as path.Match) or key=value of a
// property. A value that is no glob is but a value.
func ParseProtection(text string) (Protection, error) {
	if key, value, isProperty := strings.Cut(text, "="); isProperty {
		if key == "" {
			return Protection{}, fmt.Errorf("protect %q: the property's name is missing before the =", text)
		}
		return Protection{key: key, value: value}, nil
	}
	if text == "" {
		return Protection{}, fmt.Errorf("protect %q: give a handle glob or key=value of a property", text)
	}
	if _, err := path.Match(text, ""); err != nil {
		return Protection{}, fmt.Errorf("protect %q: %w", text, err)
	}
	return Protection{glob: text}, nil
}

// String is the protection as ParseProtection reads it.
func (p Protection) String() string {
	if p.key != "" {
		return p.key + "=" + p.value
	}
	return p.glob
}

// covers tells whether the container is protected. A container whose
// properties are not known may have any.
func (p Protection) covers(container Container) bool {
	if p.key == "" {
		matched, _ := path.Match(p.glob, container.Handle)
		return matched
	}
	if container.Properties == nil {
		return true
	}
	value, found := container.Properties[p.key]
	matched, _ := path.Match(p.value, value)
	return found && (matched || value == p.value)
}
