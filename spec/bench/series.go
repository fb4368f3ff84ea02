package main

import (
	"fmt"
	"slices"
)

// series are the values of one thing that was measured several times.
type series []float64

func (s series) median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// text is the median, with the least and the most in parentheses.
func (s series) text(unit string) string {
	if len(s) == 0 {
		return "not measured"
	}
	least, most := slices.Min(s), slices.Max(s)
	if least == most {
		return number(least) + " " + unit
	}
	return fmt.Sprintf("%s %s (%s–%s)", number(s.median()), unit, number(least), number(most))
}

// number has three digits that mean something.
func number(n float64) string {
	switch {
	case n >= 100:
		return fmt.Sprintf("%.0f", n)
	case n >= 10:
		return fmt.Sprintf("%.1f", n)
	case n >= 0.1:
		return fmt.Sprintf("%.2f", n)
	}
	return fmt.Sprintf("%.3f", n)
}

// ratio of two series that were measured in turn: of their medians, and the
// least and the most of their pairs in parentheses.
func ratio(a, b series) (float64, string) {
	of := a.median() / b.median()
	var pairs series
	for i := range min(len(a), len(b)) {
		pairs = append(pairs, a[i]/b[i])
	}
	return of, fmt.Sprintf("%.2f (%.2f–%.2f)", of, slices.Min(pairs), slices.Max(pairs))
}

func (s series) times(factor float64) series {
	scaled := make(series, len(s))
	for i, n := range s {
		scaled[i] = n * factor
	}
	return scaled
}
