package logs

import (
	"bytes"
	"errors"
	"io"
)

// blockSize is how much of a file is in memory; a line that is longer is cut.
const blockSize = 1 << 20

// needles are what is searched for.
type needles []needle

type needle struct {
	handle string
	text   []byte
}

func newNeedles(handles []string) needles {
	var all needles
	for _, handle := range handles {
		if handle != "" {
			all = append(all, needle{handle: handle, text: []byte(handle)})
		}
	}
	return all
}

// search reads to the end and gives the lines that name a handle. Of a line
// longer than a block only the beginning is looked at.
func (n needles) search(from io.Reader, found func(line []byte, handles []string)) error {
	block := make([]byte, blockSize)
	kept, skipping := 0, false
	for {
		read, err := fill(from, block[kept:])
		text := block[:kept+read]
		if skipping {
			end := bytes.IndexByte(text, '\n')
			skipping = end < 0
			text = text[end+1:]
			if skipping {
				text = nil
			}
		}

		whole := text
		switch end := bytes.LastIndexByte(text, '\n'); {
		case err != nil:
		case end >= 0:
			whole = text[:end+1]
		case len(text) == len(block):
			skipping = true
		default:
			whole = nil
		}
		n.lines(whole, found)
		kept = copy(block, text[len(whole):])

		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// fill reads until there is no more room, or an error.
func fill(from io.Reader, into []byte) (read int, err error) {
	for read < len(into) && err == nil {
		var n int
		n, err = from.Read(into[read:])
		read += n
	}
	return read, err
}

// lines finds the lines of a text that name a handle. Most lines name none: so
// the text is searched, not each line.
func (n needles) lines(text []byte, found func(line []byte, handles []string)) {
	next := make([]int, len(n))
	for at := 0; at < len(text); {
		first := len(text)
		for i, needle := range n {
			if next[i] < at || at == 0 {
				next[i] = len(text)
				if index := bytes.Index(text[at:], needle.text); index >= 0 {
					next[i] = at + index
				}
			}
			first = min(first, next[i])
		}
		if first == len(text) {
			return
		}
		begin := bytes.LastIndexByte(text[:first], '\n') + 1
		end := len(text)
		if index := bytes.IndexByte(text[first:], '\n'); index >= 0 {
			end = first + index
		}
		if handles := n.in(text[begin:end]); len(handles) > 0 {
			found(text[begin:end], handles)
		}
		at = end + 1
	}
}

// in gives the handles that a line names.
func (n needles) in(line []byte) []string {
	var handles []string
	for _, needle := range n {
		if needle.in(line) {
			handles = append(handles, needle.handle)
		}
	}
	return handles
}

// in tells that a line names the handle, as no part of a longer one.
func (n needle) in(line []byte) bool {
	for at := 0; ; {
		index := bytes.Index(line[at:], n.text)
		if index < 0 {
			return false
		}
		begin := at + index
		end := begin + len(n.text)
		if (begin == 0 || !partOfHandle(line[begin-1])) && (end == len(line) || !partOfHandle(line[end])) {
			return true
		}
		at = begin + 1
	}
}

// partOfHandle tells what does not end a handle. A dot may: the file systems'
// and processes' names have a handle with something behind a dot.
func partOfHandle(b byte) bool {
	return b == '-' || b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
