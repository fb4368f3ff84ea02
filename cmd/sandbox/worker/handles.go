package worker

import (
	"fmt"
	"math/rand/v2"
)

// handles are v4 UUIDs that a seed determines.
type handles struct{ random *rand.Rand }

func newHandles(seed uint64) *handles {
	return &handles{random: rand.New(rand.NewPCG(seed, 0))}
}

func (h *handles) next() string {
	high, low := h.random.Uint64(), h.random.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(0b11<<62) | 0b10<<62

	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, low>>48, low&0xffffffffffff)
}
