package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// longestLine bounds what a reader takes for one entry.
const longestLine = 1 << 20

// eachEntry calls visit for each whole entry and its line. A line that is none,
// torn or overlong, is passed over. The reader's buffer is longestLine long.
func eachEntry(reader *bufio.Reader, visit func(Entry, []byte)) error {
	for {
		line, err := reader.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if err := skipLine(reader); err != nil {
				return err
			}
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read journal: %w", err)
		}
		if entry, ok := decode(line); ok {
			visit(entry, line)
		}
	}
}

func skipLine(reader *bufio.Reader) error {
	for {
		_, err := reader.ReadSlice('\n')
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("read journal: %w", err)
		}
	}
}
