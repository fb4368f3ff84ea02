// Package goroutines has specs fail that leave a goroutine behind: each has an
// owner that waits for it.
package goroutines

import (
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/gleak"
)

// endWithin is how long what a spec has cleaned up may take to end.
const endWithin = 10 * time.Second

// OfGardenServer are those of Garden's own server: it ends the first of these
// never, the second after a minute.
var OfGardenServer = []any{
	gleak.IgnoringInBacktrace("garden/server/bomberman.(*Bomberman).manageBombs"),
	gleak.IgnoringInBacktrace("garden/server/streamer.(*Streamer).Stop"),
}

// CheckEachSpec has each spec of a suite checked, for all goroutines but those
// that are ignored, which are as gleak.HaveLeaked takes them. It is called while
// the suite's package is initialised.
func CheckEachSpec(ignored ...any) bool {
	return ginkgo.BeforeEach(func() {
		before := gleak.Goroutines()
		// Registered first, so that it runs after everything else is cleaned up.
		ginkgo.DeferCleanup(func() {
			gomega.Eventually(gleak.Goroutines).WithTimeout(endWithin).
				ShouldNot(gleak.HaveLeaked(append([]any{before}, ignored...)...))
		})
	})
}
