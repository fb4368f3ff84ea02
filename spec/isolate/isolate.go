// Package isolate keeps what the person who runs the specs has set out of them.
package isolate

import (
	"os"
	"slices"
	"strings"

	"github.com/onsi/gomega"
)

// Environment unsets all that weeder and gaol go by, and what else is named, for
// this process and those that it starts.
func Environment(others ...string) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "WEEDER_") || strings.HasPrefix(name, "GAOL_") || slices.Contains(others, name) {
			gomega.Expect(os.Unsetenv(name)).To(gomega.Succeed())
		}
	}
}
