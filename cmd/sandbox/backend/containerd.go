package backend

import (
	"fmt"
	"strings"

	"code.cloudfoundry.org/garden"
)

// containerd says whether to answer as Concourse's own backend (worker/runtime/backend.go and
// container.go there): bulk calls, info, metrics and capacity are not implemented, an unknown
// handle is an untyped error, filters are ORed, and nothing is known of garden.state.
func (b *Backend) containerd() bool {
	return b.options.Containerd || b.Faults.Strike("containerd").Struck()
}

func matchesContainerd(filter garden.Properties) func(garden.Properties) bool {
	return func(properties garden.Properties) bool {
		if len(filter) == 0 {
			return true
		}

		shown := labels(properties)
		for key, value := range filter {
			if label, ok := shown[key]; ok && label == value {
				return true
			}
		}
		return false
	}
}

// labels are the properties that Concourse's backend keeps: those a client has set, and the grace
// time.
func labels(properties garden.Properties) garden.Properties {
	shown := garden.Properties{}
	for key, value := range properties {
		guardians := key == stateKey || strings.HasPrefix(key, "garden.network.") || strings.HasPrefix(key, "kawasaki.")
		if !guardians {
			shown[key] = value
		}
	}

	return shown
}

func notFoundInContainerd(handle string) error {
	return fmt.Errorf(`get container: container %q in namespace "concourse": not found`, handle)
}
