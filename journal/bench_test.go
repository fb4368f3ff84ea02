package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weeder/journal"
	"weeder/reaper"
)

// BenchmarkRead reads a journal as large as they get: ten files of 1 MiB.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	lines := 0
	for file := range 10 {
		var content strings.Builder
		for content.Len() < 1<<20 {
			fmt.Fprintf(&content, `{"time":"2016-10-21T14:29:15Z","event":"destroyed","handle":"c-%06d","reasons":[{"code":"volume-missing",`+
				`"volume":"eb8f2bbf-86e1-4603-4881-548c9133aa62","detail":"in none of init, live and dead"}],"age_seconds":3600,"grace_seconds":600}`+"\n", lines)
			lines++
		}
		path := filepath.Join(dir, fmt.Sprintf("%s.%d", journal.FileName, file+1))
		if file == 0 {
			path = filepath.Join(dir, journal.FileName)
		}
		if err := os.WriteFile(path, []byte(content.String()), 0o640); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(10 << 20)
	b.ReportAllocs()
	for b.Loop() {
		account, err := journal.Read(dir, time.Time{})
		if err != nil || len(account.Entries) != lines {
			b.Fatalf("%d entries of %d: %v", len(account.Entries), lines, err)
		}
	}
}

// BenchmarkLoad loads the memory of a worker all of whose containers are
// orphans.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	past := reaper.Past{At: now, Orphans: map[string]reaper.PastOrphan{}}
	for n := range 250 {
		past.Orphans[fmt.Sprint("c-", n)] = reaper.PastOrphan{Flagged: true, Passes: 2, Created: now, Failures: 1, LastError: "no"}
	}
	if err := journal.NewMemory(dir).Keep(past); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		loaded, err := journal.Load(dir)
		if err != nil || len(loaded.Orphans) != 250 {
			b.Fatalf("%d orphans: %v", len(loaded.Orphans), err)
		}
	}
}
