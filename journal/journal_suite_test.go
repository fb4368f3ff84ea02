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
	"weeder/spec/goroutines"
)

func init() {
	// Rapid's fail files would lie among the sources; the seed that it prints
	// does as well.
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
}

var _ = goroutines.CheckEachSpec()

func TestJournal(t *testing.T) {
	if task := os.Getenv(taskEnv); task != "" {
		tasks[task](NewWithT(t), os.Getenv(dirEnv))
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
	return contentOf(dir, journal.FileName)
}

func contentOf(dir, name string) string {
	GinkgoHelper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}

func write(dir, content string) {
	GinkgoHelper()
	writeTo(dir, journal.FileName, content)
}

func writeTo(dir, name, content string) {
	GinkgoHelper()
	Expect(os.WriteFile(filepath.Join(dir, name), []byte(content), 0o640)).To(Succeed())
}

// record appends events as one run of weeder does.
func record(dir string, events ...reaper.Event) {
	GinkgoHelper()
	recordBounded(dir, journal.Bounds{}, events...)
}

func recordBounded(dir string, bounds journal.Bounds, events ...reaper.Event) {
	GinkgoHelper()
	j := journal.NewBounded(dir, bounds)
	for _, event := range events {
		Expect(j.Record(event)).To(Succeed())
	}
	Expect(j.Close()).To(Succeed())
}

// names are the files in a directory, those of locks left out.
func names(dir string) []string {
	GinkgoHelper()
	entries, err := os.ReadDir(dir)
	Expect(err).NotTo(HaveOccurred())
	var names []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".lock" {
			names = append(names, entry.Name())
		}
	}
	return names
}

func read(dir string) []journal.Entry {
	GinkgoHelper()
	account, err := journal.Read(dir, time.Time{})
	Expect(err).NotTo(HaveOccurred())
	return account.Entries
}

// handles are those of a journal's entries, in their order.
func handles(dir string) []string {
	GinkgoHelper()
	return handlesOf(read(dir))
}

func handlesOf(entries []journal.Entry) []string {
	handles := []string{}
	for _, entry := range entries {
		handles = append(handles, entry.Handle)
	}
	return handles
}
