package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
	"weeder/reaper"
)

var _ = Describe("A journal's files", func() {
	const file = journal.FileName
	var dir string
	BeforeEach(func() { dir = GinkgoT().TempDir() })

	flagged := func(handles ...string) []reaper.Event {
		var events []reaper.Event
		for _, handle := range handles {
			events = append(events, event("flagged", handle, time.Second))
		}
		return events
	}
	size := int64(len(`{"time":"2016-10-21T14:29:16Z","event":"flagged","handle":"a","age_seconds":null,"grace_seconds":0}` + "\n"))

	It("hold so many bytes, then the next one is begun", func() {
		recordBounded(dir, journal.Bounds{Size: 2 * size}, flagged("a", "b")...)
		Expect(names(dir)).To(ConsistOf(file))
		recordBounded(dir, journal.Bounds{Size: 2 * size}, flagged("c", "d", "e")...)
		Expect(names(dir)).To(ConsistOf(file, file+".1", file+".2"))
		Expect(content(dir)).To(HaveLen(int(size)))
		Expect(contentOf(dir, file+".1")).To(HaveLen(int(2 * size)))
		Expect(handles(dir)).To(Equal([]string{"a", "b", "c", "d", "e"}))
	})

	It("never hold one byte more", func() {
		recordBounded(dir, journal.Bounds{Size: 2*size - 1}, flagged("a", "b")...)
		Expect(names(dir)).To(ConsistOf(file, file+".1"))
	})

	It("hold an event that is larger than they may be", func() {
		recordBounded(dir, journal.Bounds{Size: size - 1}, flagged("a", "b")...)
		Expect(names(dir)).To(ConsistOf(file, file+".1"))
		Expect(handles(dir)).To(Equal([]string{"a", "b"}))
	})

	It("are kept up to a number, then the oldest goes", func() {
		recordBounded(dir, journal.Bounds{Size: 1, Old: 2}, flagged("a", "b", "c", "d", "e")...)
		Expect(names(dir)).To(ConsistOf(file, file+".1", file+".2"))
		Expect(handles(dir)).To(Equal([]string{"c", "d", "e"}))
	})

	DescribeTable("are ten of 1 MiB unless told otherwise",
		func(filled int64, rotated bool) {
			for n := 1; n < 10; n++ {
				writeTo(dir, fmt.Sprint(file, ".", n), fmt.Sprint(n))
			}
			write(dir, strings.Repeat("\n", int(filled)))
			record(dir, flagged("a")...)
			Expect(names(dir)).To(HaveLen(10))
			if rotated {
				Expect(contentOf(dir, file+".9")).To(Equal("8"))
				Expect(contentOf(dir, file+".1")).To(HaveLen(int(filled)))
			} else {
				Expect(contentOf(dir, file+".9")).To(Equal("9"))
			}
		},
		Entry("as long as an event fits", 1<<20-size, false),
		Entry("and it does not", 1<<20-size+1, true),
	)

	It("are never more than readers look for", func() {
		var all []string
		for n := range 120 {
			all = append(all, fmt.Sprint(n))
		}
		recordBounded(dir, journal.Bounds{Size: 1, Old: 1000}, flagged(all...)...)
		Expect(names(dir)).To(HaveLen(100))
		Expect(handles(dir)).To(Equal(all[20:]))
	})

	DescribeTable("stay whole and in order wherever a rotation was cut off",
		func(renamed int) {
			bounds := journal.Bounds{Size: 1, Old: 4}
			recordBounded(dir, bounds, flagged("a", "b", "c", "d")...)
			path := filepath.Join(dir, file)
			paths := []string{path, path + ".1", path + ".2", path + ".3", path + ".4"}
			for n := range renamed {
				Expect(os.Rename(paths[3-n], paths[4-n])).To(Succeed())
			}
			Expect(handles(dir)).To(Equal([]string{"a", "b", "c", "d"}))

			recordBounded(dir, bounds, flagged("e")...)
			Expect(handles(dir)).To(Equal([]string{"a", "b", "c", "d", "e"}))
			recordBounded(dir, bounds, flagged("f")...)
			Expect(handles(dir)).To(Equal([]string{"b", "c", "d", "e", "f"}))
		},
		Entry("before it began", 0),
		Entry("after one rename", 1),
		Entry("after two renames", 2),
		Entry("after three renames", 3),
		Entry("before the new file was made", 4),
	)

	DescribeTable("are appended to further where they can't be rotated",
		func(obstruct func()) {
			bounds := journal.Bounds{Size: 1, Old: 2}
			recordBounded(dir, bounds, flagged("a")...)
			obstruct()
			recordBounded(dir, bounds, flagged("b", "c")...)
			Expect(strings.Count(content(dir), "\n")).To(Equal(3))
		},
		Entry("for want of the lock's file", func() {
			Expect(os.Mkdir(filepath.Join(dir, "rotate.lock"), 0o755)).To(Succeed())
		}),
		Entry("for the old one's place is taken", func() {
			Expect(os.MkdirAll(filepath.Join(dir, file+".1", "full"), 0o755)).To(Succeed())
			Expect(os.MkdirAll(filepath.Join(dir, file+".2", "full"), 0o755)).To(Succeed())
		}),
	)

	It("are not overwritten by one another where a rotation fails half-way", func() {
		Expect(os.MkdirAll(filepath.Join(dir, file+".2", "full"), 0o755)).To(Succeed())
		writeTo(dir, file+".1", line("flagged", "old", 1))
		recordBounded(dir, journal.Bounds{Size: 1, Old: 2}, flagged("a", "b")...)
		Expect(contentOf(dir, file+".1")).To(Equal(line("flagged", "old", 1)))
		Expect(strings.Count(content(dir), "\n")).To(Equal(2))
	})

	Context("when somebody else takes them away", func() {
		var j *journal.Journal
		BeforeEach(func() {
			j = journal.New(dir)
			DeferCleanup(j.Close)
			Expect(j.Record(flagged("a")[0])).To(Succeed())
		})

		It("begins a new one where the present one was renamed", func() {
			Expect(os.Rename(filepath.Join(dir, file), filepath.Join(dir, "taken"))).To(Succeed())
			Expect(j.Record(flagged("b")[0])).To(Succeed())
			Expect(contentOf(dir, "taken")).NotTo(ContainSubstring(`"b"`))
			Expect(handles(dir)).To(Equal([]string{"b"}))
		})

		It("begins a new one where all were removed, with their directory", func() {
			Expect(os.RemoveAll(dir)).To(Succeed())
			Expect(j.Record(flagged("b")[0])).To(Succeed())
			Expect(handles(dir)).To(Equal([]string{"b"}))
		})

		It("writes again what it has just written to one that was renamed meanwhile", func() {
			taken := 0
			again := func() bool {
				var renaming sync.WaitGroup
				name := fmt.Sprint("taken-", taken)
				renaming.Go(func() { _ = os.Rename(filepath.Join(dir, file), filepath.Join(dir, name)) })
				err := j.Record(event("flagged", name, time.Second))
				renaming.Wait()
				Expect(err).NotTo(HaveOccurred())
				taken++
				before, _ := os.ReadFile(filepath.Join(dir, name))
				after, _ := os.ReadFile(filepath.Join(dir, file))
				return strings.Contains(string(before), name) && strings.Contains(string(after), name)
			}
			Eventually(again).Should(BeTrue())
		})

		It("goes on in one that was put in its place", func() {
			Expect(os.Remove(filepath.Join(dir, file))).To(Succeed())
			write(dir, line("flagged", "put", 1))
			Expect(j.Record(flagged("b")[0])).To(Succeed())
			Expect(handles(dir)).To(Equal([]string{"put", "b"}))
		})

		It("goes on in one that was emptied", func() {
			write(dir, "")
			Expect(j.Record(flagged("b")[0])).To(Succeed())
			Expect(handles(dir)).To(Equal([]string{"b"}))
		})
	})

	It("are let go of on Reopen, and opened again at the next event", func() {
		j := journal.New(dir)
		DeferCleanup(j.Close)
		Expect(j.Reopen()).To(Succeed())
		Expect(j.Record(flagged("a")[0])).To(Succeed())
		Expect(openFiles(dir)).To(HaveLen(1))
		Expect(j.Reopen()).To(Succeed())
		Expect(openFiles(dir)).To(BeEmpty())
		Expect(j.Record(flagged("b")[0])).To(Succeed())
		Expect(handles(dir)).To(Equal([]string{"a", "b"}))
	})

	It("leave none open, whoever has rotated and read", func() {
		recordBounded(dir, journal.Bounds{Size: 1, Old: 3}, flagged("a", "b", "c", "d", "e", "f")...)
		Expect(handles(dir)).To(HaveLen(4))
		_, err := journal.Dangling(dir)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.Mkdir(filepath.Join(dir, file+".9"), 0o755)).To(Succeed())
		_, err = journal.Read(dir, time.Time{})
		Expect(err).To(HaveOccurred())
		Expect(openFiles(dir)).To(BeEmpty())

		Expect(os.Symlink(file+".8", filepath.Join(dir, file+".8"))).To(Succeed())
		_, err = journal.Read(dir, time.Time{})
		Expect(err).To(MatchError(syscall.ELOOP))
		Expect(openFiles(dir)).To(BeEmpty())
	})

	It("are opened once where two names are one file's", func() {
		record(dir, flagged("a")...)
		Expect(os.Link(filepath.Join(dir, file), filepath.Join(dir, file+".1"))).To(Succeed())
		Expect(handles(dir)).To(Equal([]string{"a"}))
		Expect(openFiles(dir)).To(BeEmpty())
	})
})

// openFiles are the files under a directory that this process has open.
func openFiles(dir string) []string {
	GinkgoHelper()
	descriptors, err := os.ReadDir("/proc/self/fd")
	Expect(err).NotTo(HaveOccurred())
	var paths []string
	for _, descriptor := range descriptors {
		path, err := os.Readlink(filepath.Join("/proc/self/fd", descriptor.Name()))
		if err == nil && strings.HasPrefix(path, dir+"/") {
			paths = append(paths, path)
		}
	}
	return paths
}
