package journal_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"weeder/journal"
	"weeder/reaper"
)

// FuzzRead shows that no bytes keep the entries behind them from being read,
// and that all that is read can be printed.
func FuzzRead(f *testing.F) {
	f.Add([]byte(line("flagged", "a", 1)), []byte(line("destroyed", "a", 2)))
	f.Add([]byte(line("destroying", "a", 1)+"{"), []byte("\n\n"+line("destroying", "a", 1)))
	f.Add([]byte("null\n[1]\n\x00\x00"), []byte(`{"time":"2016-10-21T14:29:03Z","on":false,"reasons":[null]}`))
	dir := f.TempDir()
	whole := strings.TrimSpace(line("destroying", "whole", 59))
	f.Fuzz(func(t *testing.T, old, present []byte) {
		put(t, filepath.Join(dir, journal.FileName+".1"), old)
		put(t, filepath.Join(dir, journal.FileName), slices.Concat(present, []byte("\n"+whole+"\n")))
		account, err := journal.Read(dir, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, entry := range account.Entries {
			if entry.Time.IsZero() {
				t.Errorf("an entry without a time: %+v", entry)
			}
			data, err := json.Marshal(entry)
			if err != nil {
				t.Errorf("can't be printed: %v", err)
			}
			if string(data) == whole {
				found++
			}
		}
		if found == 0 {
			t.Errorf("the whole line is not among %+v", account.Entries)
		}
		if handles, err := journal.Dangling(dir); err != nil || len(handles) == 0 {
			t.Errorf("dangling: %v, %v", handles, err)
		}
	})
}

// FuzzLoad shows that a memory is the kept one, none, or an error.
func FuzzLoad(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, journal.MemoryName)
	memory := journal.NewMemory(dir)
	for _, past := range []reaper.Past{
		{}, {At: now, Elapsed: 1, Orphans: map[string]reaper.PastOrphan{"a": {Flagged: true, Created: now, LastError: "no"}}},
	} {
		if err := memory.Keep(past); err != nil {
			f.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Add([]byte(`{"format": 2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		put(t, path, data)
		past, err := journal.Load(dir)
		if err != nil {
			if !reflect.DeepEqual(past, reaper.Past{}) {
				t.Errorf("both %+v and %v", past, err)
			}
			return
		}
		if past.Elapsed > journal.Elapsed() {
			t.Errorf("from a time to come: %+v", past)
		}
		if err := memory.Keep(past); err != nil {
			t.Fatal(err)
		}
		again, err := journal.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := printed(t, past), printed(t, again); a != b {
			t.Errorf("%s became %s", a, b)
		}
	})
}

func printed(t *testing.T, past reaper.Past) string {
	data, err := json.Marshal(past)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func put(t *testing.T, path string, data []byte) {
	if err := os.WriteFile(path, data, 0o640); err != nil {
		t.Fatal(err)
	}
}
