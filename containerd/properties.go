package containerd

import (
	"regexp"
	"strconv"
	"strings"
)

// chunk is the name of a label that holds a part of a property: containerd's
// labels have at most 4096 bytes, so Concourse splits properties into labels
// <name>.0, <name>.1, … (its worker/runtime/properties.go).
var chunk = regexp.MustCompile(`(?s)^(.*)\.(0|[1-9][0-9]*)$`)

// properties puts a container's properties together from its labels. A label that
// is no part of one is a property as it is: before 7.4 Concourse split none. One
// without its beginning is none at all.
//
// Concourse's own server tells neither those nor empty properties. Here they count:
// a container may be protected by one.
func properties(labels map[string]string) map[string]string {
	properties := make(map[string]string, len(labels))
	for label, value := range labels {
		part := chunk.FindStringSubmatch(label)
		switch {
		case part == nil:
			if _, split := labels[label+".0"]; !split {
				properties[label] = value
			}
		case part[2] == "0":
			properties[part[1]] = join(labels, part[1])
		}
	}
	return properties
}

// join puts the parts of one property together, up to the first that is missing.
func join(labels map[string]string, property string) string {
	var value strings.Builder
	for n := 0; ; n++ {
		part, found := labels[property+"."+strconv.Itoa(n)]
		if !found {
			return value.String()
		}
		value.WriteString(part)
	}
}
