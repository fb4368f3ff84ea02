package simulation

import "time"

// dice decide by hashing, each decision by what it is about and not by how many
// came before: an action taken out of a schedule leaves the rest as it was.
type dice uint64

// of are the dice for something smaller.
func (d dice) of(what string, numbers ...int) dice {
	hash := uint64(d) ^ 0xcbf29ce484222325
	for i := range len(what) {
		hash = (hash ^ uint64(what[i])) * 0x100000001b3
	}
	for _, number := range numbers {
		hash = mix(hash ^ uint64(number))
	}
	return dice(mix(hash))
}

// mix is the last step of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fraction is from 0 to below 1.
func (d dice) fraction() float64 {
	return float64(mix(uint64(d))>>11) / (1 << 53)
}

func (d dice) chance(probability float64) bool {
	return d.fraction() < probability
}

func (d dice) below(n int) int {
	return int(d.fraction() * float64(n))
}

// between has short durations as often as long ones.
func (d dice) between(from, to time.Duration) time.Duration {
	f := d.fraction()
	return from + time.Duration(float64(to-from)*f*f*f)
}

// pick takes one of several.
func pick[T any](d dice, from ...T) T {
	return from[d.below(len(from))]
}
