// Package nearest finds what somebody may have meant who typed a name that
// there is not.
package nearest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

const (
	// most is how many names are worth reading.
	most = 3
	// leastPart is how much must have been typed, in bytes, to be looked for
	// anywhere in a name: less is in too many.
	leastPart = 3
	// errorRate is how many bytes go to one wrong one, at the least.
	errorRate = 4
	// longest is how long a name may be, in bytes, that is compared.
	longest = 256
)

// To gives at most three of the names, the nearest first: those that begin with
// what was typed, else those that contain it or are contained in it, else those
// that are a few errors away from it, as a whole or in the part that was typed.
// Case does not count. None is near to an empty text.
func To(typed string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	for _, name := range names {
		if distance, is := distanceBetween(strings.ToLower(typed), strings.ToLower(name)); is {
			near = append(near, candidate{name, distance})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})

	var found []string
	for _, candidate := range near {
		// A better kind leaves out the others, not those of its own kind.
		if len(found) == most || kindOf(candidate.distance) != kindOf(near[0].distance) {
			break
		}
		found = append(found, candidate.name)
	}
	return found
}

// The distances of a name that begins with what was typed, and of one that has
// it elsewhere. From aFewErrors on, errors are counted.
const (
	begins = iota
	contains
	aFewErrors
)

func kindOf(distance int) int { return min(distance, aFewErrors) }

func distanceBetween(typed, name string) (distance int, near bool) {
	if typed == "" || name == "" || len(typed) > longest || len(name) > longest {
		return 0, false
	}
	if strings.HasPrefix(name, typed) {
		return begins, true
	}
	if len(typed) < leastPart || len(name) < leastPart {
		return 0, false
	}
	if strings.Contains(name, typed) || strings.Contains(typed, name) {
		return contains, true
	}

	errors := levenshtein.ComputeDistance(typed, name)
	if len(name) > len(typed) {
		errors = min(errors, levenshtein.ComputeDistance(typed, name[:len(typed)]))
	}
	return aFewErrors + errors, errors <= max(1, len(typed)/errorRate)
}
