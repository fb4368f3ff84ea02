package console_test

import (
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gleak"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		play(role)
		return
	}
	os.Exit(m.Run())
}

func TestConsole(t *testing.T) {
	SetDefaultEventuallyTimeout(10 * time.Second)
	SetDefaultEventuallyPollingInterval(5 * time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Console Suite")
}

var _ = BeforeEach(func() {
	before := gleak.Goroutines()
	// Garden's own server ends the first of these never, the second after a minute.
	bombs := gleak.IgnoringInBacktrace("garden/server/bomberman.(*Bomberman).manageBombs")
	streams := gleak.IgnoringInBacktrace("garden/server/streamer.(*Streamer).Stop")
	// Registered first, so that it runs after everything else is cleaned up.
	DeferCleanup(func() {
		Eventually(gleak.Goroutines).ShouldNot(gleak.HaveLeaked(before, bombs, streams))
	})
})
