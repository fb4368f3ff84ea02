package containerd

import (
	"fmt"
	"regexp"
)

const longestNamespace = 76

// identifier is what containerd takes for one, in all its releases.
// https://github.com/containerd/containerd/blob/v1.7.35/identifiers/validate.go
var identifier = regexp.MustCompile(`^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$`)

// CheckNamespace tells what is wrong with the name of a namespace: containerd
// would refuse every request.
func CheckNamespace(name string) error {
	switch {
	case len(name) > longestNamespace:
		return fmt.Errorf("%q is too long for a namespace: give at most %d letters", name, longestNamespace)
	case !identifier.MatchString(name):
		return fmt.Errorf("%q is no namespace: give letters and digits, with single dots, dashes or underscores between, such as %s", name, DefaultNamespace)
	}
	return nil
}
