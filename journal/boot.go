package journal

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const bootFile = "/proc/sys/kernel/random/boot_id"

// Boot names the time since the machine was started last; it is another one
// after each start.
func Boot() (string, error) {
	id, err := os.ReadFile(bootFile)
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}

// Elapsed is the time since the machine was started, as all processes see it
// whatever is done to the wall clock. It stands still while the machine sleeps.
func Elapsed() time.Duration {
	var now unix.Timespec
	// The call has no way to fail for this clock.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return time.Duration(now.Nano())
}
