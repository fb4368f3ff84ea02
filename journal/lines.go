package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// longestLine bounds what a reader takes for one entry.
const longestLine = 1 << 20

// eachEntry calls visit for each whole entry and its line. A line that is none,
// torn or overlong, is passed over, and counted unless that loses nothing: an
// empty one, and a last one without its end, which may be under way. The
// reader's buffer is longestLine long.
func eachEntry(reader *bufio.Reader, visit func(Entry, []byte)) (passedOver int, err error) {
	for {
		line, err := reader.ReadSlice('\n')
		overlong := errors.Is(err, bufio.ErrBufferFull)
		if overlong {
			err = skipLine(reader)
		}
		switch {
		case errors.Is(err, io.EOF):
			return passedOver, nil
		case err != nil:
			return passedOver, fmt.Errorf("read journal: %w", err)
		case overlong:
			passedOver++
			continue
		}
		if entry, ok := decode(line); ok {
			visit(entry, line)
		} else if len(bytes.TrimSpace(line)) > 0 {
			passedOver++
		}
	}
}

// skipLine reads to the end of a line. It is io.EOF that there is none.
func skipLine(reader *bufio.Reader) error {
	for {
		if _, err := reader.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
