package journal

import (
	"bufio"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"weeder/reaper"
)

// Account is what a directory's journal tells.
type Account struct {
	// There tells that there is a journal, if one without an entry: a file of
	// its, or the lock of a daemon that has had nothing to tell yet.
	There bool
	// Entries in the order in which they were written.
	Entries []Entry
	// PassedOver are the files with lines that can't be read, the oldest first.
	PassedOver []PassedOver
}

// PassedOver tells how many lines of a file are no entries, which loses what
// they told.
type PassedOver struct {
	Path  string
	Lines int
}

// Read gives the account of a directory's journal, without the entries from
// before since. The zero time has all. A journal that is not there has none.
// Lines that are no entries are passed over, and exact repetitions are taken
// for one.
func Read(dir string, since time.Time) (Account, error) {
	var entries []Entry
	account, err := read(dir, highestOld, since, func(entry Entry) { entries = append(entries, entry) })
	if err != nil {
		return Account{}, err
	}
	account.Entries = entries
	return account, nil
}

// Dangling are the handles, sorted, whose destroying the journal does not tell
// the end of: what destroyed them was killed, or is at it still. It looks at the
// present file and the one before.
func Dangling(dir string) ([]string, error) {
	begun := map[string]bool{}
	_, err := read(dir, 1, time.Time{}, func(entry Entry) {
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

// read calls visit for each entry of the present file and so many old ones, and
// gives the account of them without the entries.
func read(dir string, old int, since time.Time, visit func(Entry)) (Account, error) {
	files, err := openFiles(dir, old)
	if err != nil {
		return Account{}, err
	}
	defer files.close()

	account := Account{There: len(files) > 0 || lockThere(dir)}
	seen := map[[sha256.Size]byte]struct{}{}
	reader := bufio.NewReaderSize(nil, longestLine)
	for _, file := range slices.Backward(files) {
		if file.endsBefore(since) {
			continue
		}
		reader.Reset(file.File)
		passedOver, err := eachEntry(reader, func(entry Entry, line []byte) {
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
			return Account{}, err
		}
		if passedOver > 0 {
			account.PassedOver = append(account.PassedOver, PassedOver{Path: file.Name(), Lines: passedOver})
		}
	}
	return account, nil
}
