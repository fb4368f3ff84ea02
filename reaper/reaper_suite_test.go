package reaper_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/spec/goroutines"
)

func init() {
	// Set before the command line is read, which so has the last word. Rapid's
	// own 100 checks seldom meet two conditions at once; its fail files would
	// lie among the sources, and the seed that it prints does as well.
	for name, value := range map[string]string{"rapid.checks": "500", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
}

// suite is what the bubbles of those specs hang from in which time passes.
var suite *testing.T

func TestReaper(t *testing.T) {
	suite = t
	SetDefaultEventuallyTimeout(10 * time.Second)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Reaper Suite")
}

var _ = goroutines.CheckEachSpec()

func recorded(name string) []byte {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	Expect(err).NotTo(HaveOccurred())
	return content
}
