package baggageclaim_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
	"weeder/reaper"
	"weeder/spec/goroutines"
)

var _ = goroutines.CheckEachSpec()

func TestBaggageclaim(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Baggageclaim Suite")
}

// newVolumes makes an empty volumes directory.
func newVolumes() string {
	GinkgoHelper()
	volumes := GinkgoT().TempDir()
	for _, state := range []string{"init", "live", "dead"} {
		mkdir(volumes, state)
	}
	return volumes
}

// recorded makes a volumes directory of a recording in testdata. There, .keep
// files hold empty directories, and a symlink parent is a file with its
// target.
func recorded(name string) string {
	GinkgoHelper()
	volumes := newVolumes()
	from := filepath.Join("testdata", name)
	Expect(filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		to := filepath.Join(volumes, relative)
		switch {
		case entry.IsDir():
			return os.MkdirAll(to, 0o755)
		case entry.Name() == ".keep" || filepath.Dir(relative) == ".":
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if entry.Name() == "parent" {
			return os.Symlink(string(data), to)
		}
		return os.WriteFile(to, data, 0o644)
	})).To(Succeed())
	return volumes
}

func mkdir(elements ...string) string {
	GinkgoHelper()
	path := filepath.Join(elements...)
	Expect(os.MkdirAll(path, 0o755)).To(Succeed())
	return path
}

func write(content string, elements ...string) {
	GinkgoHelper()
	Expect(os.WriteFile(filepath.Join(elements...), []byte(content), 0o644)).To(Succeed())
}

func symlink(target string, elements ...string) string {
	GinkgoHelper()
	path := filepath.Join(elements...)
	Expect(os.Symlink(target, path)).To(Succeed())
	return path
}

func rename(from, to string) {
	GinkgoHelper()
	Expect(os.Rename(from, to)).To(Succeed())
}

// reader is one of the ways to look at volumes.
type reader func(*baggageclaim.Dir) (reaper.Glance, error)

func readSnapshot(dir *baggageclaim.Dir) (reaper.Glance, error) {
	return dir.Snapshot(context.Background())
}

func readFresh(dir *baggageclaim.Dir) (reaper.Glance, error) {
	return dir.Fresh(context.Background())
}

// readAgain gives a snapshot as a daemon has it, after earlier ones that were
// asked for the same volumes.
func readAgain(dir *baggageclaim.Dir) (reaper.Glance, error) {
	dir.SetNow(time.Now().Add(time.Hour))
	first, err := dir.Snapshot(context.Background())
	if err != nil {
		return nil, err
	}
	second, err := dir.Snapshot(context.Background())
	if err != nil {
		return nil, err
	}
	third, err := dir.Snapshot(context.Background())
	return again{Glance: third, earlier: []reaper.Glance{first, second}}, err
}

type again struct {
	reaper.Glance
	earlier []reaper.Glance
}

func (a again) Volume(handle string) reaper.Volume {
	for _, earlier := range a.earlier {
		earlier.Volume(handle)
	}
	return a.Glance.Volume(handle)
}

func look(read reader, volumes string) reaper.Glance {
	GinkgoHelper()
	snapshot, err := read(baggageclaim.NewDir(volumes))
	Expect(err).NotTo(HaveOccurred())
	return snapshot
}

func snapshotOf(volumes string) *baggageclaim.Snapshot {
	GinkgoHelper()
	snapshot, err := baggageclaim.NewDir(volumes).Read(context.Background())
	Expect(err).NotTo(HaveOccurred())
	return snapshot
}
