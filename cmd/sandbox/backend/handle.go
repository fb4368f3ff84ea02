package backend

import (
	"crypto/rand"
	"encoding/hex"
)

// newHandle is what a container is named that was created without a handle.
func newHandle() string {
	random := make([]byte, 8)
	// rand.Read never fails.
	_, _ = rand.Read(random)

	return hex.EncodeToString(random)
}
