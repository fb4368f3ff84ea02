package spec

import (
	"os"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gcustom"
	"github.com/onsi/gomega/types"
)

// HaveSameBytesAs matches the path of a file with the content of another.
func HaveSameBytesAs(other string) types.GomegaMatcher {
	return gcustom.MakeMatcher(func(path string) (bool, error) {
		got, err := os.ReadFile(path)
		if err != nil {
			return false, err
		}
		want, err := os.ReadFile(other)
		if err != nil {
			return false, err
		}
		return Equal(want).Match(got)
	}).WithMessage("have the same bytes as " + other)
}
