package baggageclaim_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weeder/baggageclaim"
	"weeder/reaper"
)

// What a full worker has: twice as many volumes as containers refer to.
const (
	benchVolumes    = 500
	benchReferenced = 250
)

// BenchmarkSnapshot compares a snapshot and the referenced volumes from it
// with the least that can be done for the same: its metric ratio is the time
// of the one through that of the other.
func BenchmarkSnapshot(b *testing.B) {
	b.Run("with ttl.json", func(b *testing.B) { compareWithFloor(b, true) })
	b.Run("without ttl.json", func(b *testing.B) { compareWithFloor(b, false) })
}

func compareWithFloor(b *testing.B, ttls bool) {
	volumes := b.TempDir()
	for _, state := range []string{"init", "live", "dead"} {
		if err := os.Mkdir(filepath.Join(volumes, state), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	handles := make([]string, benchVolumes)
	for i := range handles {
		handles[i] = fmt.Sprintf("88914c83-fc71-4358-4f3f-%012d", i)
		directory := filepath.Join(volumes, "live", handles[i])
		if err := os.Mkdir(directory, 0o755); err != nil {
			b.Fatal(err)
		}
		if !ttls {
			continue
		}
		if err := os.WriteFile(filepath.Join(directory, "ttl.json"), []byte(`{"ttl":36000,"expires_at":1795247175}`+"\n"), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	referenced := handles[:benchReferenced]

	b.ReportAllocs()
	var snapshots, floor time.Duration
	for b.Loop() {
		start := time.Now()
		benchSnapshot(b, volumes, referenced, ttls)
		half := time.Now()
		benchFloor(b, volumes, referenced)
		snapshots += half.Sub(start)
		floor += time.Since(half)
	}
	b.ReportMetric(float64(snapshots)/float64(floor), "ratio")
	b.ReportMetric(float64(snapshots.Microseconds())/float64(b.N), "µs/snapshot")
}

func benchSnapshot(b *testing.B, volumes string, referenced []string, ttls bool) {
	snapshot, err := baggageclaim.NewDir(volumes).Snapshot(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	for _, handle := range referenced {
		if volume := snapshot.Volume(handle); volume.State != reaper.VolumeLive || volume.HasTTL != ttls {
			b.Fatalf("unexpected volume: %+v", volume)
		}
	}
}

func benchFloor(b *testing.B, volumes string, referenced []string) {
	for _, state := range []string{"init", "live", "dead"} {
		if _, err := os.ReadDir(filepath.Join(volumes, state)); err != nil {
			b.Fatal(err)
		}
	}
	for _, handle := range referenced {
		if _, err := os.ReadFile(filepath.Join(volumes, "live", handle, "ttl.json")); err != nil && !os.IsNotExist(err) {
			b.Fatal(err)
		}
	}
}
