package journal

import (
	"bufio"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"weeder/reaper"
)

// Read gives the entries of a directory's journal that are not from before
// since, in the order in which they were written. The zero time has all. A
// journal that is not there has none. Lines that are no entries, such as a torn
// last one, are passed over, and exact repetitions are taken for one.
func Read(dir string, since time.Time) ([]Entry, error) {
	var entries []Entry
	err := read(dir, highestOld, since, func(entry Entry) { entries = append(entries, entry) })
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// Dangling are the handles, sorted, whose destroying the journal does not tell
// the end of: what destroyed them was killed, or is at it still. It looks at the
// present file and the one before.
func Dangling(dir string) ([]string, error) {
	begun := map[string]bool{}
	err := read(dir, 1, time.Time{}, func(entry Entry) {
		switch entry.Event {
		case reaper.EventDestroying:
			begun[entry.Handle] = true
		case reaper.EventDestroyed, reaper.EventDestroyFailed:
			delete(begun, entry.Handle)
		}
	})
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(begun)), nil
}

// read calls visit for each entry of the present file and so many old ones.
func read(dir string, old int, since time.Time, visit func(Entry)) error {
	files, err := openFiles(dir, old)
	if err != nil {
		return err
	}
	defer files.close()

	seen := map[[sha256.Size]byte]struct{}{}
	reader := bufio.NewReaderSize(nil, longestLine)
	for _, file := range slices.Backward(files) {
		if file.endsBefore(since) {
			continue
		}
		reader.Reset(file.File)
		err := eachEntry(reader, func(entry Entry, line []byte) {
			if entry.Time.Before(since) {
				return
			}
			sum := sha256.Sum256(line)
			if _, again := seen[sum]; again {
				return
			}
			seen[sum] = struct{}{}
			visit(entry)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
