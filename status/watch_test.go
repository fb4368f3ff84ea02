package status_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/status"
	"weeder/status/leftovers"
)

// room is a file system with so many bytes and inodes left.
func room(path string, bytes, inodes uint64) leftovers.FileSystem {
	return leftovers.FileSystem{Path: path, FreeBytes: &bytes, FreeInodes: &inodes}
}

// kind is one of which there are so many, at a place that was judged.
func kind(kind leftovers.Kind, count int, problems ...string) leftovers.Finding {
	return leftovers.Finding{Kind: kind, Count: count, Places: []string{"/run"}, Problems: problems}
}

// none is a Leftovers that finds the given file systems alone.
func none(systems ...leftovers.FileSystem) func(context.Context) (leftovers.Report, error) {
	return func(context.Context) (leftovers.Report, error) { return leftovers.Report{FileSystems: systems}, nil }
}

var _ = Describe("Watch", func() {
	Describe("leftovers", func() {
		It("are told by kind, as far as they could be judged", func() {
			s := newSubject(func(c *status.Config) {
				c.Leftovers = func(context.Context) (leftovers.Report, error) {
					return leftovers.Report{Kinds: []leftovers.Finding{
						kind(leftovers.FIFOs, 21000),
						kind(leftovers.Shims, 3, "can't read /proc/7"),
						{Kind: leftovers.Overlays},
						{Kind: leftovers.DeadVolumes, Problems: []string{"no disk"}},
					}}, nil
				}
			})
			Expect(s.value(`leftovers{kind="fifos"}`)).To(Equal("absent"))
			s.watch()
			Eventually(func() string { return s.value(`leftovers{kind="fifos"}`) }).Should(Equal("21000"))
			Expect(s.value(`leftovers{kind="shims"}`)).To(Equal("3"))
			Expect(s.value(`leftovers{kind="overlays"}`)).To(Equal("0"))
			Expect(s.value(`leftovers{kind="dead-volumes"}`)).To(Equal("absent"))
		})

		It("are looked for every ten minutes, and told for half an hour after the last that were found", func() {
			var looks atomic.Int64
			s := newSubject(func(c *status.Config) {
				c.Interval = time.Hour
				c.Leftovers = func(ctx context.Context) (leftovers.Report, error) {
					deadline, has := ctx.Deadline()
					if !has || time.Until(deadline) > 10*time.Minute {
						return leftovers.Report{}, nil
					}
					if n := looks.Add(1); n != 2 {
						return leftovers.Report{}, errors.New("context deadline exceeded")
					}
					return leftovers.Report{Kinds: []leftovers.Finding{kind(leftovers.FIFOs, 5)}}, nil
				}
			})
			s.watch()
			fifos := func() string { return s.value(`leftovers{kind="fifos"}`) }
			wait := func(d time.Duration) { s.clock.WaitForNWatchersAndIncrement(d, 2) }

			Eventually(looks.Load).Should(BeEquivalentTo(1))
			wait(10*time.Minute - time.Nanosecond)
			Expect(looks.Load()).To(BeEquivalentTo(1))
			Expect(fifos()).To(Equal("absent"))
			wait(time.Nanosecond)
			Eventually(fifos).Should(Equal("5"))
			for range 3 {
				wait(10 * time.Minute)
				Expect(fifos()).To(Equal("5"))
			}
			wait(time.Nanosecond)
			Expect(fifos()).To(Equal("absent"))
		})
	})

	Describe("file systems", func() {
		It("are looked at anew every interval", func() {
			var free atomic.Uint64
			s := newSubject(func(c *status.Config) {
				c.Leftovers = none(room("/worker/volumes", 1, 2), room("/run", 3, 4))
				c.FileSystems = func(paths ...string) []leftovers.FileSystem {
					var systems []leftovers.FileSystem
					for _, path := range paths {
						systems = append(systems, room(path, 100, free.Add(1)))
					}
					return systems
				}
			})
			s.watch()
			volumes := func() string { return s.value(`filesystem_free_inodes{path="/worker/volumes"}`) }
			Eventually(volumes).Should(Equal("2"))
			s.clock.WaitForNWatchersAndIncrement(30*time.Second-time.Nanosecond, 2)
			Expect(free.Load()).To(BeZero())
			s.clock.WaitForNWatchersAndIncrement(time.Nanosecond, 2)
			Eventually(volumes).Should(Equal("1"))
			Expect(s.value(`filesystem_free_inodes{path="/run"}`)).To(Equal("2"))
			Expect(s.value(`filesystem_free_bytes{path="/run"}`)).To(Equal("100"))
			s.clock.WaitForNWatchersAndIncrement(30*time.Second, 2)
			Eventually(volumes).Should(Equal("3"))
		})

		It("that do not answer are told no more after three intervals, and hang neither scrape nor end", func() {
			hangs, answers := make(chan struct{}, 9), make(chan struct{})
			DeferCleanup(func() { close(answers) })
			s := newSubject(func(c *status.Config) {
				c.Leftovers = none(room("/run", 3, 4))
				c.FileSystems = func(...string) []leftovers.FileSystem {
					hangs <- struct{}{}
					<-answers
					return nil
				}
			})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				s.Watch(ctx)
			}()
			run := func() string { return s.value(`filesystem_free_bytes{path="/run"}`) }
			Eventually(run).Should(Equal("3"))
			s.clock.WaitForNWatchersAndIncrement(30*time.Second, 2)
			Eventually(hangs).Should(Receive())
			s.clock.Increment(time.Minute)
			Expect(run()).To(Equal("3"))
			s.clock.Increment(time.Nanosecond)
			Expect(run()).To(Equal("absent"))

			cancel()
			Consistently(ended, 100*time.Millisecond).ShouldNot(BeClosed())
			Eventually(func() chan struct{} {
				s.clock.Increment(2 * time.Second)
				return ended
			}).Should(BeClosed())
		})

		It("are told once, whatever their path is, as far as they are known", func() {
			bytes := uint64(7)
			s := newSubject(func(c *status.Config) {
				c.Interval = time.Hour
				c.Leftovers = none(
					room("/same", 1, 2), room("/same", 3, 4),
					room("/\xff", 5, 6), room("/\xfe", 7, 8),
					leftovers.FileSystem{Path: "/btrfs", FreeBytes: &bytes},
					leftovers.FileSystem{Path: "/gone", Err: errors.New("no such directory")},
				)
			})
			s.watch()
			Eventually(func() string { return s.value(`filesystem_free_bytes{path="/same"}`) }).Should(Equal("1"))
			Expect(s.value(`filesystem_free_inodes{path="/same"}`)).To(Equal("2"))
			Expect(s.value("filesystem_free_bytes{path=\"/\uFFFD\"}")).To(Equal("5"))
			Expect(s.value(`filesystem_free_bytes{path="/btrfs"}`)).To(Equal("7"))
			Expect(s.value(`filesystem_free_inodes{path="/btrfs"}`)).To(Equal("absent"))
			Expect(s.value(`filesystem_free_bytes{path="/gone"}`)).To(Equal("absent"))
		})

		It("are the real ones unless told otherwise", func() {
			dir := GinkgoT().TempDir()
			s := newSubject(func(c *status.Config) { c.Leftovers = none(leftovers.FileSystem{Path: dir}) })
			s.watch()
			Eventually(func() string {
				s.clock.Increment(30 * time.Second)
				return s.value(`filesystem_free_bytes{path="` + dir + `"}`)
			}).ShouldNot(Equal("absent"))
		})
	})

	Describe("the capacity", func() {
		It("is asked for every ten minutes, and every minute while there is no answer", func() {
			type answer struct {
				capacity uint64
				err      error
			}
			answers, asked := make(chan answer, 9), make(chan bool, 9)
			s := newSubject(func(c *status.Config) {
				c.Interval = time.Hour
				c.Capacity = func(ctx context.Context) (uint64, error) {
					deadline, has := ctx.Deadline()
					asked <- has && time.Until(deadline) <= c.Timeout
					got := <-answers
					return got.capacity, got.err
				}
			})
			capacity := func() string { return s.value("garden_max_containers") }
			answers <- answer{err: errors.New("dial: refused"), capacity: 7}
			s.watch()
			Eventually(asked).Should(Receive(BeTrue()))
			later := func(d time.Duration, next answer) {
				GinkgoHelper()
				s.clock.WaitForNWatchersAndIncrement(d-time.Nanosecond, 2)
				Expect(asked).NotTo(Receive())
				answers <- next
				s.clock.WaitForNWatchersAndIncrement(time.Nanosecond, 2)
				Eventually(asked).Should(Receive(BeTrue()))
			}

			Expect(capacity()).To(Equal("250"))
			later(time.Minute, answer{capacity: 1000})
			Eventually(capacity).Should(Equal("1000"))
			later(10*time.Minute, answer{err: errors.New("dial: refused")})
			later(time.Minute, answer{capacity: 0})
			Eventually(capacity).Should(Equal("250"))
			later(10*time.Minute, answer{capacity: 500})
			Eventually(capacity).Should(Equal("500"))
		})
	})

	It("asks nobody where there is nobody to ask", func() {
		s := newSubject()
		s.watch()
		s.clock.WaitForWatcherAndIncrement(30 * time.Second)
		s.clock.WaitForWatcherAndIncrement(30 * time.Second)
		Expect(s.scrape()).To(Equal(before))
	})
})
