package spec

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
	"golang.org/x/sys/unix"

	"weeder/journal"
)

var _ = Describe("daemon", func() {
	const leak = "leak"
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan(leak)
	})

	DescribeTable("ends, and keeps what it remembers, after",
		func(signal os.Signal) {
			d := startDaemon(w)
			d.passed(1)
			d.Signal(signal)
			Eventually(d).WithTimeout(endsWithin).Should(gexec.Exit(0))
			Expect(d.logged("stopped")).To(HaveLen(1))
			Expect(stderr(d.Session)).To(BeEmpty())
			past, err := journal.Load(w.Journal)
			Expect(err).NotTo(HaveOccurred())
			Expect(past.Orphans[leak].Flagged).To(BeTrue())
		},
		Entry("SIGTERM", syscall.SIGTERM),
		Entry("SIGINT", os.Interrupt),
	)

	DescribeTable("ends though nobody reads its log", Label("long"),
		func(stderrToo bool) {
			reading, writing, err := os.Pipe()
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(reading.Close)
			DeferCleanup(writing.Close)
			// A pipe takes so much, and then nothing: not even that it listens.
			size, err := unix.FcntlInt(writing.Fd(), unix.F_GETPIPE_SZ, 0)
			Expect(err).NotTo(HaveOccurred())
			_, err = writing.Write(make([]byte, size))
			Expect(err).NotTo(HaveOccurred())

			daemon := command(w, "daemon", "--listen=127.0.0.1:0")
			said := gbytes.NewBuffer()
			daemon.Stdout, daemon.Stderr = writing, said
			if stderrToo {
				daemon.Stderr = writing
			}
			Expect(daemon.Start()).To(Succeed())
			ended := make(chan int, 1)
			go func() {
				_ = daemon.Wait()
				ended <- daemon.ProcessState.ExitCode()
			}()
			Eventually(filepath.Join(w.Journal, journal.LockName)).Should(BeAnExistingFile())
			Expect(daemon.Process.Signal(syscall.SIGTERM)).To(Succeed())
			Eventually(ended).WithTimeout(endsWithin).Should(Receive(Equal(1)))
			if !stderrToo {
				Expect(said).To(gbytes.Say("error: told to end .* ago, and held up"))
			}
		},
		Entry("nor its errors", true),
		Entry("but its errors", false),
	)

	It("ends though a client of its HTTP server never says what it wants", func() {
		d := startDaemon(w)
		client, err := net.Dial("tcp", d.address)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(client.Close)
		_, err = client.Write([]byte("GET /metrics HTTP/1.1\r\n"))
		Expect(err).NotTo(HaveOccurred())
		d.passed(1)
		d.end()
	})

	It("opens the journal anew at SIGHUP", func() {
		d := startDaemon(w)
		Eventually(w.told(leak)).Should(Equal([]string{"flagged"}))
		d.passed(1)
		path := filepath.Join(w.Journal, journal.FileName)
		moved := path + ".moved"
		Expect(os.Rename(path, moved)).To(Succeed())
		d.Signal(syscall.SIGHUP)
		Eventually(func() []logLine { return d.logged("reopened-journal") }).Should(HaveLen(1))

		w.removeVolume("neighbour-root")
		w.volume("spare", "live", nil)
		Eventually(w.told("neighbour")).Should(Equal([]string{"flagged"}))
		Expect(w.told(leak)()).To(BeEmpty())
		Expect(os.ReadFile(moved)).NotTo(ContainSubstring("neighbour"))
	})

	It("ends well though SIGHUP and SIGTERM come while it ends", func() {
		w.fault("destroy-hangs")
		w.remember(leak)
		d := startDaemon(w)
		Eventually(func() int { return w.holding("destroy-hangs") }).Should(Equal(1))
		d.Terminate()
		Eventually(func() error {
			client, err := net.Dial("tcp", d.address)
			if err == nil {
				client.Close()
			}
			return err
		}).Should(HaveOccurred(), "it is about to end")
		for _, signal := range []os.Signal{syscall.SIGHUP, syscall.SIGTERM, syscall.SIGHUP} {
			d.Signal(signal)
		}
		w.mend("destroy-hangs")
		Eventually(d).WithTimeout(endsWithin).Should(gexec.Exit(0))
		Expect(w.told(leak)()).To(Equal([]string{"destroying", "destroyed"}))
	})

	It("is the only one for its worker", func() {
		d := startDaemon(w)
		other := weeder(w, "daemon", "--listen=")
		Expect(other).To(gexec.Exit(1))
		Expect(stderr(other)).To(MatchRegexp(`^error: another weeder daemon \(pid %d, since \S+Z\) holds %s: stop it, or give this one a --journal of its own\n$`,
			d.Command.Process.Pid, filepath.Join(w.Journal, journal.LockName)))
		Expect(weeder(w, "scan")).To(gexec.Exit(0), "others may look")

		d.kill()
		startDaemon(w)
	})

	It("says what to try where it can't have its journal", func() {
		Expect(os.MkdirAll(filepath.Join(w.Journal, journal.LockName), 0o755)).To(Succeed())
		complains(weeder(w, "daemon", "--listen="), 1, journal.LockName+": is a directory: name another directory with --journal\n")
	})

	It("leaves the lock to the next one when it ends", func() {
		startDaemon(w).end()
		d := startDaemon(w)
		Expect(os.ReadFile(filepath.Join(w.Journal, journal.LockName))).To(ContainSubstring(strconv.Itoa(d.Command.Process.Pid)))
	})

	It("listens nowhere with --listen ''", func() {
		session := start(w, "daemon", "--listen=")
		d := &daemon{Session: session, worker: w}
		Eventually(func() []string { return d.loggedFor("flagged") }).Should(Equal([]string{leak}))
		Expect(d.logged("listening")).To(BeEmpty())
		Expect(listens(session.Command.Process.Pid)).To(BeFalse())
		d.end()
	})

	It("warns where others than the machine itself reach it", func() {
		d := startDaemon(w, "--listen=0.0.0.0:0")
		Expect(listens(d.Command.Process.Pid)).To(BeTrue())
		Eventually(func() []logLine { return d.logged("listening-beyond-this-machine") }).Should(ConsistOf(
			HaveField("Data", HaveKeyWithValue("address", d.address))))
		here := startDaemon(emptyWorker())
		here.passed(1)
		Expect(here.logged("listening-beyond-this-machine")).To(BeEmpty())
	})

	It("says what to do where its address is taken", func() {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		taken := listener.Addr().String()
		session := weeder(w, "daemon", "--listen", taken)
		Expect(session).To(gexec.Exit(1))
		Expect(stderr(session)).To(SatisfyAll(
			HavePrefix("error: listen tcp "+taken), ContainSubstring("address already in use"),
			HaveSuffix(": set --listen to another address, or to '' to do without\n")))
		startDaemon(w)
	})
})

// listens tells whether a process listens for TCP connections.
func listens(pid int) bool {
	GinkgoHelper()
	const listening = "0A"
	own := map[string]bool{}
	files, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
	Expect(err).NotTo(HaveOccurred())
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil {
			own[target] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "net", table))
		Expect(err).NotTo(HaveOccurred())
		for line := range strings.Lines(string(data)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == listening && own["socket:["+fields[9]+"]"] {
				return true
			}
		}
	}
	return false
}
