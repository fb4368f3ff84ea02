package journal_test

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
)

var _ = Describe("A journal of several processes", func() {
	// upTo are the numbers below an end.
	upTo := func(end int) []int {
		var numbers []int
		for n := range end {
			numbers = append(numbers, n)
		}
		return numbers
	}

	It("loses no event while they rotate and read it, and shows none twice", func() {
		dir := GinkgoT().TempDir()
		writers := []string{"one", "two"}
		var running sync.WaitGroup
		for _, name := range writers {
			child := task("append", dir, nameEnv+"="+name)
			running.Go(func() {
				defer GinkgoRecover()
				output, err := child.CombinedOutput()
				Expect(err).NotTo(HaveOccurred(), string(output))
			})
		}
		over := make(chan struct{})
		go func() {
			running.Wait()
			close(over)
		}()

		had := map[string]int{}
		look := func() {
			entries := read(dir)
			for _, name := range writers {
				found := numbers(entries, name)
				Expect(found).To(Equal(upTo(len(found))))
				Expect(len(found)).To(BeNumerically(">=", had[name]))
				had[name] = len(found)
			}
		}
		for open := true; open; {
			select {
			case <-over:
				open = false
			default:
				look()
			}
		}
		look()
		Expect(had).To(Equal(map[string]int{"one": linesOfTask, "two": linesOfTask}))
		Expect(len(names(dir))).To(BeNumerically(">", 20))
		Expect(openFiles(dir)).To(BeEmpty())
	})

	It("is read in order while each event begins a file", func() {
		dir := GinkgoT().TempDir()
		child := start(task("rotate", dir, nameEnv+"=writer"))
		for had := 0; had < 90; {
			found := numbers(read(dir), "writer")
			Expect(found).To(Equal(upTo(len(found))))
			Expect(len(found)).To(BeNumerically(">=", had))
			had = len(found)
		}
		child.kill()
	})

	It("is read in order however often it is rotated meanwhile", func() {
		dir := GinkgoT().TempDir()
		path := filepath.Join(dir, journal.FileName)
		next := 0
		rotate := func() {
			for n := 9; n > 1; n-- {
				_ = os.Rename(fmt.Sprint(path, ".", n-1), fmt.Sprint(path, ".", n))
			}
			_ = os.Rename(path, path+".1")
			Expect(os.WriteFile(path, []byte(line("flagged", fmt.Sprint("writer ", next), 1)), 0o640)).To(Succeed())
			next++
		}
		for range 300 {
			var rotating sync.WaitGroup
			rotating.Go(func() {
				defer GinkgoRecover()
				for range 4 {
					rotate()
				}
			})
			found := numbers(read(dir), "writer")
			rotating.Wait()
			for i, number := range found {
				Expect(number).To(Equal(found[0] + i))
			}
		}
		Expect(numbers(read(dir), "writer")).To(HaveLen(10))
	})

	It("loses nothing that was recorded when one is killed while it rotates", func() {
		random := rand.New(rand.NewSource(GinkgoRandomSeed()))
		for range 12 {
			dir := GinkgoT().TempDir()
			child := start(task("rotate", dir, nameEnv+"=killed"))
			recorded := 0
			for range 5 + random.Intn(60) {
				Expect(child.line()).To(Equal(strconv.Itoa(recorded)))
				recorded++
			}
			recorded += len(child.kill())

			found := numbers(read(dir), "killed")
			Expect(len(found)).To(BeNumerically("~", recorded, 1))
			Expect(len(found)).To(BeNumerically(">=", recorded))
			Expect(found).To(Equal(upTo(len(found))))

			recordBounded(dir, journal.Bounds{Size: 1, Old: 99}, event("flagged", "next", time.Second))
			Expect(handles(dir)).To(HaveLen(len(found) + 1))
		}
	})
})
