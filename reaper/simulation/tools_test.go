package simulation

import (
	"hash/fnv"
	"slices"
	"testing"
	"time"
)

func TestReplay(t *testing.T) {
	for seed := range uint64(8) {
		s := newSchedule(seed)
		again, err := readSchedule(s.String())
		if err != nil {
			t.Fatal(err)
		}
		if again.Seed != s.Seed || !slices.Equal(again.Actions, s.Actions) {
			t.Fatalf("%v\nbecame\n%v", s, again)
		}
		first, _ := simulate(t, s)
		second, _ := simulate(t, again)
		if first.String() != second.String() || first.Account != second.Account {
			t.Errorf("seed %d went\n%v\nand then\n%v", seed, first, second)
		}
	}
}

func TestShrink(t *testing.T) {
	s := newSchedule(4)
	var needed []int
	for i := 2; i < len(s.Actions); i += 7 {
		needed = append(needed, s.Actions[i].ID)
	}
	short := shrink(s, func(s schedule) bool {
		return !slices.ContainsFunc(needed, func(id int) bool {
			return !slices.ContainsFunc(s.Actions, func(a action) bool { return a.ID == id })
		})
	}, time.Minute)
	if len(short.Actions) != len(needed) || len(needed) < 2 {
		t.Errorf("%d of %d actions were left, %d are needed", len(short.Actions), len(s.Actions), len(needed))
	}
}

func TestMonotonic(t *testing.T) {
	wall := time.Date(2016, 10, 21, 14, 29, 15, 123456789, time.UTC)
	before := withMonotonic(wall, time.Minute)
	after := withMonotonic(wall.Add(-time.Hour), 3*time.Minute)
	if !before.Equal(wall) || before.Round(0) == before {
		t.Errorf("%v is not %v with a monotonic reading", before, wall)
	}
	if by := after.Sub(before); by != 2*time.Minute {
		t.Errorf("by the monotonic clock %s went by, and it was 2m", by)
	}
	if by := after.Round(0).Sub(before.Round(0)); by != -time.Hour {
		t.Errorf("by the wall clock %s went by, and it was -1h", by)
	}
}

// digest is a number for some words. The sum of those of all that happened
// tells one course of things from another.
func digest(words ...string) uint64 {
	hash := fnv.New64a()
	for _, word := range words {
		hash.Write([]byte(word))
		hash.Write([]byte{0})
	}
	return hash.Sum64()
}
