package journal_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
	"weeder/reaper"
)

// limitedDir names, to a child of this test, the directory in which to play
// a disk that fills up.
const limitedDir = "WEEDER_TEST_LIMITED_JOURNAL"

func init() {
	// Rapid's fail files would lie among the sources; the seed that it prints
	// does as well.
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
}

func TestJournal(t *testing.T) {
	if dir := os.Getenv(limitedDir); dir != "" {
		fillUp(t, dir)
		return
	}
	SetDefaultEventuallyTimeout(10 * time.Second)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Journal Suite")
}

var now = time.Unix(1477060155, 0).UTC()

func event(name reaper.EventName, handle string, after time.Duration) reaper.Event {
	return reaper.Event{Time: now.Add(after), Name: name, Handle: handle}
}

func content(dir string) string {
	GinkgoHelper()
	data, err := os.ReadFile(filepath.Join(dir, journal.FileName))
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}

func write(dir, content string) {
	GinkgoHelper()
	Expect(os.WriteFile(filepath.Join(dir, journal.FileName), []byte(content), 0o640)).To(Succeed())
}

// record appends events as one run of weeder does.
func record(dir string, events ...reaper.Event) {
	GinkgoHelper()
	j := journal.New(dir)
	for _, event := range events {
		Expect(j.Record(event)).To(Succeed())
	}
	Expect(j.Close()).To(Succeed())
}

func read(dir string) journal.Sightings {
	GinkgoHelper()
	sightings, err := journal.ReadSightings(dir)
	Expect(err).NotTo(HaveOccurred())
	return sightings
}

// seen is when a handle was first seen, or the zero time.
func seen(sightings journal.Sightings, handle string) time.Time {
	GinkgoHelper()
	at, found := sightings.FirstSeen(handle)
	Expect(found).To(Equal(!at.IsZero()))
	return at
}
