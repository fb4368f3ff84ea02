package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// longestLine bounds what a reader takes for one entry.
const longestLine = 1 << 20

// eachEntry calls visit for each whole entry. A line that is none, torn or
// overlong, is passed over.
func eachEntry(from io.Reader, visit func(entry)) error {
	reader := bufio.NewReaderSize(from, longestLine)
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
		var e entry
		if json.Unmarshal(line, &e) == nil && !e.Time.IsZero() {
			visit(e)
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
