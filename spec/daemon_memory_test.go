package spec

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
	"weeder/reaper"
)

// remembered is an orphan of which an earlier daemon has seen all that a
// destroy takes.
func remembered() reaper.PastOrphan {
	return reaper.PastOrphan{Flagged: true, First: journal.Elapsed() - time.Hour, Passes: 2}
}

// rememberedLast is an orphan that is due after all others. With
// --max-in-flight=1 all that a pass has destroyed is destroyed when this one is.
func rememberedLast() reaper.PastOrphan {
	last := remembered()
	last.First = journal.Elapsed() - time.Minute
	return last
}

// remember leaves behind what a daemon would that has just ended and has long
// watched the worker, with the given orphans in it.
func (w *worker) remember(handles ...string) {
	GinkgoHelper()
	orphans := map[string]reaper.PastOrphan{}
	for _, handle := range handles {
		orphans[handle] = remembered()
	}
	w.rememberAs(orphans)
}

// kept are the orphans in the daemon's memory, which is written after the
// journal and the log.
func (w *worker) kept() map[string]reaper.PastOrphan {
	GinkgoHelper()
	past, err := journal.Load(w.Journal)
	Expect(err).NotTo(HaveOccurred())
	return past.Orphans
}

// rememberAs is remember for orphans of which something else is known.
func (w *worker) rememberAs(orphans map[string]reaper.PastOrphan, changes ...func(*reaper.Past)) {
	GinkgoHelper()
	now := journal.Elapsed()
	heard := now - time.Hour
	past := reaper.Past{
		At:            time.Now(),
		Elapsed:       now,
		Interval:      5 * time.Second,
		StartingUntil: now - time.Minute,
		HeardSince:    &heard,
		Orphans:       orphans,
	}
	for _, change := range changes {
		change(&past)
	}
	Expect(journal.NewMemory(w.Journal).Keep(past)).To(Succeed())
}

// watchedLong leaves behind what a daemon would that has flagged an orphan long
// ago: all that one remembers who passed once, but for the time.
func (w *worker) watchedLong(handle string) {
	GinkgoHelper()
	d := startDaemon(w)
	d.passed(1)
	d.end()
	past, err := journal.Load(w.Journal)
	Expect(err).NotTo(HaveOccurred())
	Expect(past.Orphans).To(HaveKey(handle))
	orphan := past.Orphans[handle]
	orphan.First, orphan.Passes = orphan.First-time.Hour, 2
	past.Orphans[handle] = orphan
	past.StartingUntil = past.Elapsed
	Expect(journal.NewMemory(w.Journal).Keep(past)).To(Succeed())
}
