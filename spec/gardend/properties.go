package main

import (
	"errors"
	"strconv"
	"strings"

	"code.cloudfoundry.org/garden"
)

// maxLabel is how long containerd lets a label's key and value be together.
const maxLabel = 4096

// toLabels cuts each property into labels key.0, key.1 and so on.
func toLabels(properties garden.Properties) map[string]string {
	labels := map[string]string{}
	for name, value := range properties {
		for n := 0; n == 0 || value != ""; n++ {
			key := name + "." + strconv.Itoa(n)
			// What is too long even so is for containerd to refuse.
			length := min(len(value), max(1, maxLabel-len(key)))
			labels[key], value = value[:length], value[length:]
		}
	}
	return labels
}

// fromLabels puts properties together again. Labels of another kind are none,
// nor is an empty property.
func fromLabels(labels map[string]string) garden.Properties {
	properties := garden.Properties{}
	for label := range labels {
		name, first := strings.CutSuffix(label, ".0")
		if !first {
			continue
		}
		var value strings.Builder
		for n := 0; ; n++ {
			piece, more := labels[name+"."+strconv.Itoa(n)]
			if !more {
				break
			}
			value.WriteString(piece)
		}
		if value.Len() > 0 {
			properties[name] = value.String()
		}
	}
	return properties
}

// toFilters are containerd's filters for properties: a container that matches
// one of them is listed.
func toFilters(properties garden.Properties) ([]string, error) {
	for name, value := range properties {
		if name == "" || value == "" {
			return nil, errors.New("key or value must not be empty")
		}
	}
	filters := []string{}
	for key, value := range toLabels(properties) {
		filters = append(filters, "labels."+key+"=="+value)
	}
	return filters, nil
}
