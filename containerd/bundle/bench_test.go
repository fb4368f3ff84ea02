package bundle_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"code.cloudfoundry.org/clock"

	"weeder/containerd/bundle"
)

// BenchmarkReadAll reads the bundles of a full worker, as Guardian writes them.
func BenchmarkReadAll(b *testing.B) {
	config, err := os.ReadFile("../../gardenclient/testdata/guardian/depot-config.json")
	if err != nil {
		b.Fatal(err)
	}
	bundles, dirs := b.TempDir(), []string{}
	for i := range 250 {
		dir := filepath.Join(bundles, fmt.Sprint("c-", i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600); err != nil {
			b.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	b.SetBytes(int64(len(config) * len(dirs)))
	b.ReportAllocs()
	for b.Loop() {
		results, err := bundle.ReadAll(context.Background(), clock.NewClock(), dirs)
		if err != nil || results[0].Err != nil {
			b.Fatal(err, results[0].Err)
		}
	}
}
