package bundle_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/containerd/bundle"
	"weeder/reaper"
)

const config = `{"ociVersion":"1.0.2","process":{"env":["BUILD_NAME=42"]},"root":{"path":"/volumes/live/v-root/volume"},` +
	`"mounts":[{"destination":"/data","type":"bind","source":"/volumes/live/v-data/volume"}]}`

var spec = reaper.Spec{
	Root:  "/volumes/live/v-root/volume",
	Binds: []reaper.Bind{{Source: "/volumes/live/v-data/volume", Destination: "/data"}},

	Purpose: reaper.Purpose{Build: "42"},
}

var writtenAt = time.Date(2026, 11, 20, 21, 50, 2, 0, time.UTC)

var _ = Describe("Reading a bundle", func() {
	var bundles, dir, path string
	BeforeEach(func() {
		bundles = filepath.Join(GinkgoT().TempDir(), "bundles")
		dir = filepath.Join(bundles, "c-1")
		path = filepath.Join(dir, "config.json")
		Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
	})

	write := func(content string) {
		GinkgoHelper()
		Expect(os.WriteFile(path, []byte(content), 0o644)).To(Succeed())
	}

	It("gives the spec, and when it was written", func() {
		write(config)
		Expect(os.Chtimes(path, time.Time{}, writtenAt)).To(Succeed())
		read, err := bundle.Read(dir)
		Expect(err).NotTo(HaveOccurred())
		Expect(read.Spec).To(Equal(spec))
		Expect(read.WrittenAt).To(BeTemporally("==", writtenAt))
	})

	DescribeTable("finds it absent where the directory around it can be read",
		func(remove func() string) {
			removed := remove()
			Expect(os.RemoveAll(removed)).To(Succeed())
			_, err := bundle.Read(dir)
			Expect(err).To(MatchError(bundle.ErrAbsent))
			Expect(err).To(MatchError(fs.ErrNotExist))
		},
		Entry("without a config.json", func() string { return path }),
		Entry("without its directory", func() string { return dir }),
	)

	It("does not find it absent where the directory around it isn't there either", func() {
		Expect(os.RemoveAll(bundles)).To(Succeed())
		_, err := bundle.Read(dir)
		Expect(err).To(MatchError(fs.ErrNotExist))
		Expect(err).NotTo(MatchError(bundle.ErrAbsent))
		Expect(err).To(MatchError(ContainSubstring("nor is there " + bundles + " around it")))
	})

	DescribeTable("takes what can't be decoded for half-written",
		func(content string) {
			write(content)
			_, err := bundle.Read(dir)
			Expect(err).To(MatchError(bundle.ErrTorn))
			Expect(err).To(MatchError(ContainSubstring(path)))
		},
		Entry("empty", ""),
		Entry("cut short", config[:40]),
		Entry("no spec", "{}"),
	)

	DescribeTable("fails on what is no file that can be read",
		func(make func(), text string) {
			make()
			_, err := bundle.Read(dir)
			Expect(err).To(MatchError(ContainSubstring(text)))
			Expect(err).NotTo(MatchError(bundle.ErrAbsent))
			Expect(err).NotTo(MatchError(bundle.ErrTorn))
		},
		Entry("a directory", func() { Expect(os.Mkdir(path, 0o755)).To(Succeed()) }, "is no regular file"),
		Entry("a pipe that nobody writes to", func() { Expect(syscall.Mkfifo(path, 0o644)).To(Succeed()) }, "is no regular file"),
		Entry("a link to itself", func() { Expect(os.Symlink(path, path)).To(Succeed()) }, "too many levels of symbolic links"),
		Entry("a file for its directory", func() {
			Expect(os.Remove(dir)).To(Succeed())
			Expect(os.WriteFile(dir, nil, 0o644)).To(Succeed())
		}, "not a directory"),
		Entry("far too long", func() { write(config + strings.Repeat(" ", 16<<20)) }, "has more than 16777216 bytes"),
	)
})

var _ = Describe("Reading many", func() {
	var bundles string
	BeforeEach(func() {
		bundles = GinkgoT().TempDir()
	})

	write := func(name, content string) string {
		GinkgoHelper()
		dir := filepath.Join(bundles, name)
		Expect(os.MkdirAll(dir, 0o755)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(dir, "config.json"), []byte(content), 0o644)).To(Succeed())
		return dir
	}

	It("gives each its result, in order", func(ctx SpecContext) {
		dirs := []string{write("c-1", config), filepath.Join(bundles, "absent"), write("c-2", strings.ReplaceAll(config, "v-root", "v-other"))}
		results, err := bundle.ReadAll(ctx, fakeclock.NewFakeClock(writtenAt), dirs)
		Expect(err).NotTo(HaveOccurred())
		Expect(results).To(HaveLen(3))
		Expect(results[0].Err).NotTo(HaveOccurred())
		Expect(results[0].Bundle.Spec).To(Equal(spec))
		Expect(results[1].Err).To(MatchError(bundle.ErrAbsent))
		Expect(results[2].Bundle.Spec.Root).To(Equal("/volumes/live/v-other/volume"))
	})

	It("reads nothing of nothing", func(ctx SpecContext) {
		Expect(bundle.ReadAll(ctx, fakeclock.NewFakeClock(writtenAt), nil)).To(BeEmpty())
	})

	Context("when one was caught half-written", func() {
		var (
			clock *fakeclock.FakeClock
			torn  string
		)
		BeforeEach(func() {
			clock = fakeclock.NewFakeClock(writtenAt)
			torn = write("c-torn", config[:40])
		})

		readAll := func(ctx context.Context) chan []bundle.Result {
			done := make(chan []bundle.Result, 1)
			go func() {
				defer GinkgoRecover()
				defer close(done)
				results, err := bundle.ReadAll(ctx, clock, []string{torn})
				if ctx.Err() != nil {
					Expect(err).To(MatchError(context.Canceled))
					return
				}
				Expect(err).NotTo(HaveOccurred())
				done <- results
			}()
			return done
		}

		It("reads it again, a moment later", func(ctx SpecContext) {
			done := readAll(ctx)
			Eventually(clock.WatcherCount).Should(Equal(1))
			write("c-torn", config)
			clock.Increment(50 * time.Millisecond)
			var results []bundle.Result
			Eventually(done).Should(Receive(&results))
			Expect(results[0].Err).NotTo(HaveOccurred())
			Expect(results[0].Bundle.Spec).To(Equal(spec))
		})

		It("says so if it still is", func(ctx SpecContext) {
			done := readAll(ctx)
			clock.WaitForWatcherAndIncrement(50 * time.Millisecond)
			var results []bundle.Result
			Eventually(done).Should(Receive(&results))
			Expect(results[0].Err).To(MatchError(bundle.ErrTorn))
		})

		It("does not wait for it longer than the caller does", func(ctx SpecContext) {
			impatient, giveUp := context.WithCancel(ctx)
			done := readAll(impatient)
			Eventually(clock.WatcherCount).Should(Equal(1))
			giveUp()
			Eventually(done).Should(BeClosed())
		})
	})
})
