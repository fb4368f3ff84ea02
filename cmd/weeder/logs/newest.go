package logs

import (
	"cmp"
	"container/heap"
	"reflect"
	"slices"
)

// newest keeps the newest lines, up to a limit.
type newest struct {
	limit   int
	dropped int
	heap    lineHeap
}

// numbered is a line with its place among those that were found.
type numbered struct {
	Line
	number int
}

func (n numbered) compare(other numbered) int {
	return cmp.Or(n.At.Compare(other.At), cmp.Compare(n.number, other.number))
}

func (n *newest) add(line Line, number int) {
	added := numbered{line, number}
	if len(n.heap) == n.limit {
		n.dropped++
		if added.compare(n.heap[0]) > 0 {
			n.heap[0] = added
			heap.Fix(&n.heap, 0)
		}
		return
	}
	heap.Push(&n.heap, added)
}

// merged are the lines of both, in the order of time, then of their finding.
// What two files have alike is there once: a log is also read from where it was
// copied to meanwhile.
func merged(a, b newest) []Line {
	all := slices.Concat(a.heap, b.heap)
	slices.SortFunc(all, numbered.compare)
	var lines []Line
	for _, line := range all {
		if !repeated(lines, line.Line) {
			lines = append(lines, line.Line)
		}
	}
	return lines
}

// repeated tells that another file has a line, too.
func repeated(lines []Line, line Line) bool {
	for _, earlier := range slices.Backward(lines) {
		switch {
		case line.At.IsZero() || !earlier.At.Equal(line.At):
			return false
		case earlier.File != line.File && earlier.Message == line.Message && reflect.DeepEqual(earlier.Data, line.Data):
			return true
		}
	}
	return false
}

// lineHeap has the oldest at its top.
type lineHeap []numbered

func (h lineHeap) Len() int           { return len(h) }
func (h lineHeap) Less(i, j int) bool { return h[i].compare(h[j]) < 0 }
func (h lineHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lineHeap) Push(line any)     { *h = append(*h, line.(numbered)) }
func (h *lineHeap) Pop() any {
	last := len(*h) - 1
	line := (*h)[last]
	*h = (*h)[:last]
	return line
}
