package spec

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"weeder/journal"
	"weeder/spec/leftout"
)

var _ = Describe("daemon, in trouble", func() {
	const leak = "leak"
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan(leak)
	})

	Context("with a full disk under the journal", func() {
		// small puts a small disk under the journal.
		small := func(options string) {
			GinkgoHelper()
			Expect(os.MkdirAll(w.Journal, 0o755)).To(Succeed())
			mount("tmpfs", w.Journal, "tmpfs", 0, options)
		}
		// fill leaves no room on it.
		fill := func() (filler string) {
			GinkgoHelper()
			filler = filepath.Join(w.Journal, "filler")
			file, err := os.Create(filler)
			Expect(err).NotTo(HaveOccurred())
			defer file.Close()
			for err == nil {
				_, err = file.Write(make([]byte, 4096))
			}
			Expect(errors.Is(err, syscall.ENOSPC)).To(BeTrue(), "%v", err)
			return filler
		}

		It("goes on, has the log tell each destroy, and recovers", func() {
			small("size=64k")
			w.remember(leak)
			filler := fill()
			d := startDaemon(w)
			Eventually(w.destroyed).Should(ConsistOf(leak))
			Eventually(func() []string { return d.loggedFor("failed-to-write-journal") }).Should(Equal([]string{leak, leak}))
			for i, event := range []string{"destroying", "destroyed"} {
				line := d.logged("failed-to-write-journal")[i]
				Expect(line.Level).To(Equal("error"))
				Expect(line.Data).To(HaveKeyWithValue("event", event))
				Expect(line.Data).To(HaveKeyWithValue("reasons", ConsistOf("volume-missing leak-root")))
				Expect(line.Data).To(HaveKeyWithValue("error", ContainSubstring("no space left on device")))
			}
			Eventually(func() []string { return d.loggedFor("destroyed-container") }).Should(Equal([]string{leak}))
			Expect(d.metrics()).To(HaveKeyWithValue("journal_up", 0.0))
			Expect(d.metrics()).To(HaveKeyWithValue("destroyed_total", 1.0))
			Expect(d.healthz().Code).To(Equal(503))
			Expect(d.healthz().sick()).To(ConsistOf("journal"))
			Eventually(filepath.Join(w.Journal, journal.OutdatedName)).Should(BeAnExistingFile())
			Expect(filepath.Join(w.Journal, journal.MemoryName)).NotTo(BeAnExistingFile())
			w.orphan("kept")
			scan := weeder(w, "scan")
			Expect(stderr(scan)).To(MatchRegexp(`(?m)^warning: what the daemon remembers can't be read, so every orphan counts as first seen now: .*taken it away`))
			Expect(stdout(scan)).To(MatchRegexp(`(?m)^kept .*grace`))
			Expect(stdout(weeder(w, "explain", "--no-logs", "kept"))).To(ContainSubstring("whether a daemon watches this worker can't be told"))

			Expect(os.Remove(filler)).To(Succeed())
			w.orphan("next")
			Eventually(w.told("next")).Should(Equal([]string{"flagged"}))
			Eventually(func() float64 { return d.metrics()["journal_up"] }).Should(Equal(1.0))
			Expect(d.healthz().Code).To(Equal(200))
			Eventually(filepath.Join(w.Journal, journal.MemoryName)).Should(BeAnExistingFile())
			Expect(filepath.Join(w.Journal, journal.OutdatedName)).NotTo(BeAnExistingFile())
		})

		It("starts though there is not even room for its lock", func() {
			// One is the directory's, one the memory's, one for what takes its place.
			small("nr_inodes=3")
			w.remember(leak)
			writeFile("", w.Journal, "filler")
			d := startDaemon(w)
			Eventually(w.destroyed).Should(ConsistOf(leak))
			Expect(d.logged("failed-to-lock-journal")).To(HaveLen(1))
			Eventually(func() []string { return d.loggedFor("destroyed-container") }).Should(Equal([]string{leak}))
			d.passed(1)
			d.end()
		})
	})

	Context("with a read-only disk under the journal", func() {
		BeforeEach(func() {
			Expect(os.MkdirAll(w.Journal, 0o755)).To(Succeed())
			mount("tmpfs", w.Journal, "tmpfs", 0, "size=64k")
			w.remember(leak)
		})
		readOnly := func() {
			GinkgoHelper()
			Expect(syscall.Mount("", w.Journal, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")).To(Succeed())
		}

		It("starts, and goes by no memory there, which nobody could take back", func() {
			readOnly()
			d := startDaemon(w)
			d.passed(2)
			Expect(d.logged("failed-to-lock-journal")).To(HaveLen(1))
			Expect(d.logged("left-memory-on-read-only-disk")).To(HaveLen(1))
			Expect(d.interlocks()).To(ConsistOf("starting"))
			Expect(d.healthz().sick()).To(ConsistOf("journal"))
			Expect(w.destroyed()).To(BeEmpty())
		})

		It("is the only one for its worker where there was one before", func() {
			d := startDaemon(w)
			d.passed(1)
			d.end()
			readOnly()
			d = startDaemon(w)
			Expect(d.logged("failed-to-lock-journal")).To(BeEmpty())
			second := weeder(w, "daemon", "--listen=")
			Expect(second).To(gexec.Exit(1))
			Expect(stderr(second)).To(ContainSubstring("another weeder daemon"))
		})
	})

	It("says for as long as it is so that its journal can't be written, though its memory can", func() {
		w.remember(leak)
		writeFile("", w.Journal, "journal.jsonl", "a-directory-in-its-place")
		d := startDaemon(w)
		Eventually(w.destroyed).Should(ConsistOf(leak))
		Eventually(func() []string { return d.loggedFor("failed-to-write-journal") }).Should(Equal([]string{leak, leak}))
		d.passed(2)
		Expect(d.metrics()).To(HaveKeyWithValue("journal_up", 0.0))
		Expect(d.healthz().sick()).To(ConsistOf("journal"))
	})

	Context("with the volumes directory unmounted", func() {
		var volumes string
		var unmount, remount func()

		BeforeEach(func() {
			// The sandbox goes on where the volumes are mounted.
			volumes = w.Volumes + "-disk"
			Expect(os.Rename(w.Volumes, volumes)).To(Succeed())
			Expect(os.Mkdir(w.Volumes, 0o755)).To(Succeed())
			remount = func() { mount(volumes, w.Volumes, "", syscall.MS_BIND, "") }
			unmount = func() { Expect(syscall.Unmount(w.Volumes, 0)).To(Succeed()) }
			remount()
			w.healthy("another")
		})

		It("destroys nothing until it is back", func() {
			w.remember(leak)
			unmount()
			d := startDaemon(w)
			d.passed(1)
			Expect(w.told("volumes-dir-unusable")()).To(Equal([]string{"on"}))
			Expect(d.interlocks()).To(ConsistOf("volumes-dir-unusable"))
			Expect(d.metrics()).NotTo(HaveKey(`containers{verdict="orphan"}`))
			Expect(d.healthz().Code).To(Equal(503))
			Expect(d.healthz().sick()).To(ConsistOf("volumes"))
			Expect(w.destroyed()).To(BeEmpty())

			remount()
			Eventually(w.told("volumes-dir-unusable")).Should(Equal([]string{"on", "off"}))
			Eventually(w.told(leak)).Should(Equal([]string{"destroying", "destroyed"}), "it has been watched long enough before")
			Expect(w.destroyed()).To(ConsistOf(leak))
			Expect(d.healthz().Code).To(Equal(200))
			Expect(d.logged("interlock")).To(HaveLen(2), "each change is told once")
		})

		It("counts anew where it had looked at the empty directory beneath", func() {
			unmount()
			for _, state := range []string{"init", "live", "dead"} {
				Expect(os.Mkdir(filepath.Join(w.Volumes, state), 0o755)).To(Succeed())
			}
			remount()
			w.watchedLong(leak)

			unmount()
			d := startDaemon(w)
			d.passed(1)
			Expect(d.interlocks()).To(ConsistOf("volumes-dir-changed", "no-volume-found"))
			Expect(d.healthz().sick()).To(ConsistOf("volumes"))
			for _, handle := range []string{"neighbour", "another"} {
				Expect(d.scanned().of(handle).Verdict).To(Equal("orphan"), "all look like orphans now")
				Expect(w.told(handle)()).To(BeEmpty())
			}

			remount()
			Eventually(w.told("no-volume-found")).Should(Equal([]string{"on", "off"}))
			Eventually(w.told("volumes-dir-changed")).Should(Equal([]string{"on", "off"}))
			Expect(w.calls()).NotTo(HaveKey("destroy"))
			Expect(d.scanned().of(leak).HeldBy).To(ContainElement("grace"))
			Expect(d.metrics()["oldest_orphan_seconds"]).To(BeNumerically("<", 30))
			Expect(d.healthz().Code).To(Equal(200))
		})
	})

	It("logs what its sources tell beside what it does itself, and each change once", func() {
		moved := w.Depot + ".moved"
		d := startDaemon(w)
		d.passed(1)
		Expect(d.logged("learned-depot")).To(HaveLen(1))
		Expect(os.Rename(w.Depot, moved)).To(Succeed())
		d.passed(3)
		Expect(d.logged("failed-to-read-depot")).To(HaveLen(1))
		Expect(os.Rename(moved, w.Depot)).To(Succeed())
		Eventually(func() []logLine { return d.logged("read-depot-again") }).Should(HaveLen(1))
		Expect(stderr(d.Session)).To(BeEmpty())
	})

	It("shows that it sees nothing, and goes on when it does", func() {
		w.healthy("third")
		everybody := []string{"neighbour", "third", leak}
		w.fault("bulk-not-implemented")
		d := startDaemon(w, "--containerd", filepath.Join(w.Journal, "..", "no-socket"))
		d.passed(1)
		for _, handle := range everybody {
			Expect(d.scanned().of(handle).Verdict).To(Equal("unknown"))
		}
		Expect(d.healthz().Code).To(Equal(503))
		Expect(d.healthz().sick()).To(ConsistOf("sources"))
		Expect(d.metrics()).NotTo(HaveKey("last_success_timestamp_seconds"))
		Expect(d.logged("failed-to-judge-any-container")).To(HaveLen(1))
	})

	It("survives a Garden that stands still, and goes on when that does", func() {
		w.remember(leak)
		letGo := stopped(w.session)
		d := startDaemon(w, "--timeout=1s")
		d.passed(1)
		Expect(d.metrics()).To(HaveKeyWithValue("garden_up", 0.0))
		Expect(d.interlocks()).To(ConsistOf("garden-unreachable"))
		Expect(d.healthz().Code).To(Equal(503))
		Expect(d.healthz().sick()).To(ConsistOf("garden"))
		Expect(w.told("garden-unreachable")()).To(Equal([]string{"on"}))

		letGo()
		Eventually(w.destroyed).Should(ConsistOf(leak))
		d.passed(2)
		Expect(d.metrics()).To(HaveKeyWithValue("garden_up", 1.0))
		Expect(d.healthz().Code).To(Equal(200))
		Expect(w.told("garden-unreachable")()).To(Equal([]string{"on", "off"}))
	})

	It("ends in time though Garden stands still", func() {
		w.remember(leak)
		letGo := stopped(w.session)
		d := startDaemon(w, "--timeout=1m")
		Eventually(d.healthz).Should(HaveField("Status", "ok"))
		d.end()
		letGo()
		Expect(w.calls()).NotTo(HaveKey("destroy"))
	})
})

// mount mounts something for the spec, or until it is unmounted. It skips the
// spec, and says why, where nothing can be mounted. In continuous integration it
// fails instead.
func mount(source, target, kind string, flags uintptr, options string) {
	GinkgoHelper()
	if err := syscall.Mount(source, target, kind, flags, options); err != nil {
		leftout.Skip("nothing can be mounted here: " + err.Error())
	}
	DeferCleanup(func() {
		// What is no mount any more does not matter.
		_ = syscall.Unmount(target, syscall.MNT_DETACH)
	})
}
