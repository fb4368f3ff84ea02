package journal_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
)

var _ = Describe("Lock", func() {
	var dir, path string
	BeforeEach(func() {
		dir = filepath.Join(GinkgoT().TempDir(), "weeder", "journal")
		path = filepath.Join(dir, journal.LockName)
	})

	lock := func() *journal.Held {
		GinkgoHelper()
		held, err := journal.Lock(dir)
		Expect(err).NotTo(HaveOccurred())
		return held
	}
	locked := func() *journal.LockedError {
		GinkgoHelper()
		_, err := journal.Lock(dir)
		var locked *journal.LockedError
		Expect(errors.As(err, &locked)).To(BeTrue(), "%v", err)
		return locked
	}
	hold := func(name string) running {
		GinkgoHelper()
		child := start(task(name, dir))
		Expect(child.line()).To(Equal("held"))
		return child
	}

	It("holds a directory, which it makes, closed to others", func() {
		held := lock()
		for _, path := range []string{dir, path} {
			info, err := os.Stat(path)
			Expect(err).NotTo(HaveOccurred())
			Expect(info.Mode().Perm() & 0o007).To(BeZero())
		}
		Expect(locked().PID).To(Equal(os.Getpid()))
		Expect(held.Release()).To(Succeed())
	})

	It("can be had again after its release, which keeps its file", func() {
		Expect(lock().Release()).To(Succeed())
		Expect(contentOf(dir, journal.LockName)).To(BeEmpty())
		Expect(lock().Release()).To(Succeed())
		Expect(openFiles(dir)).To(BeEmpty())
	})

	It("says which process holds it and since when", func() {
		before := time.Now().Truncate(time.Second)
		child := hold("hold")
		by := locked()
		Expect(by.PID).To(Equal(child.Process.Pid))
		Expect(by.Since).To(BeTemporally(">=", before))
		Expect(by.Since).To(BeTemporally("<=", time.Now()))
		Expect(openFiles(dir)).To(BeEmpty())
	})

	It("is dropped when its process is killed, whatever its file says", func() {
		child := hold("hold")
		locked()
		child.kill()
		Expect(contentOf(dir, journal.LockName)).To(ContainSubstring(`"pid"`))

		held := lock()
		Expect(locked().PID).To(Equal(os.Getpid()))
		Expect(held.Release()).To(Succeed())
	})

	It("holds where the disk is full, and the file of an earlier one names nobody", func() {
		Expect(os.MkdirAll(dir, 0o750)).To(Succeed())
		writeTo(dir, journal.LockName, `{"pid": 17, "since": "2016-10-21T14:29:15Z"}`)
		hold("hold-in-full")
		Expect(locked()).To(MatchError("another weeder daemon holds " + path))
	})

	It("is not handed on to the processes that are started", func() {
		held := lock()
		child := exec.Command("cat")
		_, err := child.StdinPipe()
		Expect(err).NotTo(HaveOccurred())
		Expect(child.Start()).To(Succeed())
		DeferCleanup(func() {
			_ = child.Process.Kill()
			_ = child.Wait()
		})
		Expect(held.Release()).To(Succeed())
		Expect(lock().Release()).To(Succeed())
	})

	DescribeTable("says what the file of who holds it tells",
		func(content, expected string) {
			held := lock()
			DeferCleanup(held.Release)
			writeTo(dir, journal.LockName, content)
			Expect(locked()).To(MatchError("another weeder daemon " + expected + "holds " + path))
		},
		Entry("all", `{"pid": 123, "since": "2016-10-21T16:29:15+02:00"}`, "(pid 123, since 2016-10-21T14:29:15Z) "),
		Entry("nothing yet", "", ""),
		Entry("half of it", `{"pid": 123, "si`, ""),
		Entry("no time", `{"pid": 123}`, ""),
		Entry("no process", `{"since": "2016-10-21T14:29:15Z"}`, ""),
		Entry("another thing", "123\n", ""),
		Entry("no text", "\x00\xff", ""),
	)

	DescribeTable("says why it can't be had",
		func(lay func(), fault error, doing string) {
			lay()
			_, err := journal.Lock(dir)
			Expect(err).To(And(MatchError(fault), MatchError(HavePrefix(doing))))
		},
		Entry("a file in the place of the directory", func() {
			Expect(os.WriteFile(filepath.Dir(dir), nil, 0o644)).To(Succeed())
		}, syscall.ENOTDIR, "make journal directory: "),
		Entry("a directory in the place of the file", func() {
			Expect(os.MkdirAll(path, 0o755)).To(Succeed())
		}, syscall.EISDIR, "open lock: "),
	)
})
