package backend

import (
	"fmt"
	"maps"
	"strings"

	"code.cloudfoundry.org/garden"
)

// containerd says whether to answer as Concourse's own backend (worker/runtime/backend.go,
// container.go and properties.go there): bulk calls, info, metrics, capacity and the removal of a
// property are not implemented, an unknown handle is an untyped error, filters are ORed, nothing
// is known of garden.state, and a container is created without a grace time.
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

// labels are the properties that Concourse's backend tells: those it keeps, but no empty ones.
func labels(properties garden.Properties) garden.Properties {
	told := kept(properties)
	maps.DeleteFunc(told, func(_, value string) bool { return value == "" })

	return told
}

// kept are the properties that Concourse's backend keeps: those a client has set, and the grace
// time, but none of Guardian's.
func kept(properties garden.Properties) garden.Properties {
	kept := garden.Properties{}
	for key, value := range properties {
		guardians := key == stateKey || strings.HasPrefix(key, "garden.network.") || strings.HasPrefix(key, "kawasaki.")
		if !guardians {
			kept[key] = value
		}
	}

	return kept
}

func notFoundInContainerd(handle string) error {
	return fmt.Errorf(`get container: container %q in namespace "concourse": not found`, handle)
}
