package spec

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

// halfway is weeder with a stream under way that stands still.
type halfway struct {
	process *os.Process
	// pipe is the stream's other end.
	pipe *os.File
	said *gbytes.Buffer
	// exited gets the exit status.
	exited chan int
}

// begin starts weeder with one end of a pipe, and keeps the other.
func begin(command *exec.Cmd, theirs, ours *os.File) *halfway {
	GinkgoHelper()
	h := &halfway{pipe: ours, said: gbytes.NewBuffer(), exited: make(chan int, 1)}
	if command.Stderr == nil {
		command.Stderr = io.MultiWriter(h.said, GinkgoWriter)
	}
	Expect(command.Start()).To(Succeed())
	Expect(theirs.Close()).To(Succeed())
	h.process = command.Process
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
		h.exited <- command.ProcessState.ExitCode()
	}()
	DeferCleanup(func() {
		_ = command.Process.Kill()
		ours.Close()
		Eventually(ended).Should(BeClosed())
	})
	return h
}

// streamingIn is a stream-in of which a MiB has arrived, and no more comes.
func streamingIn(w *worker, stderr io.Writer) *halfway {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	writeFile(random(4<<20), dir, "file")
	stdin, ours, err := os.Pipe()
	Expect(err).NotTo(HaveOccurred())
	command := command(w, "stream-in", "to", "-d", "/")
	command.Stdin, command.Stderr = stdin, stderr
	h := begin(command, stdin, ours)
	_, err = ours.Write(archive(dir)[:1<<20])
	Expect(err).NotTo(HaveOccurred())
	Eventually(func() (int64, error) {
		info, err := os.Stat(filepath.Join(w.files("to"), "file"))
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}).Should(BeNumerically(">", 900_000))
	return h
}

// streamingOut is a stream-out of which nobody reads more than a MiB.
func streamingOut(w *worker, stderr io.Writer) *halfway {
	GinkgoHelper()
	writeFile(random(16<<20), w.files("from"), "file")
	ours, stdout, err := os.Pipe()
	Expect(err).NotTo(HaveOccurred())
	command := command(w, "stream-out", "from", "-s", "/file")
	command.Stdout, command.Stderr = stdout, stderr
	h := begin(command, stdout, ours)
	_, err = io.ReadFull(ours, make([]byte, 1<<20))
	Expect(err).NotTo(HaveOccurred())
	return h
}

// mortalWorker is a realWorker that can be killed.
func mortalWorker() (*worker, *os.Process) {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	ready := filepath.Join(dir, "ready.json")
	command := exec.Command(built.Sandbox, "--processes", "--containers=0", "--leaked=0",
		"--dir", filepath.Join(dir, "sandbox"), "--ready-file", ready)
	command.Stdout, command.Stderr = GinkgoWriter, GinkgoWriter
	Expect(command.Start()).To(Succeed())
	DeferCleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	w := &worker{Journal: filepath.Join(dir, "journal")}
	Eventually(func() error {
		data, err := os.ReadFile(ready)
		if err != nil {
			return err
		}
		return json.Unmarshal(data, w)
	}).Should(Succeed())
	w.healthy("from")
	w.healthy("to")
	return w, command.Process
}

var _ = Describe("a stream under way", func() {
	Context("when Garden is killed", func() {
		It("ends stream-in, though stdin stands still", func() {
			w, sandbox := mortalWorker()
			h := streamingIn(w, nil)
			Expect(sandbox.Kill()).To(Succeed())
			Eventually(h.exited).Should(Receive(Equal(1)))
			Expect(h.said.Contents()).To(MatchRegexp(`\Aerror: .*no answer from garden.*(EOF|reset by peer)\)?: .* \(after [\d.]+ [KM]iB, of which garden may have unpacked a part\)\n\z`))
		})

		It("ends stream-out, which has passed on what came", func() {
			w, sandbox := mortalWorker()
			h := streamingOut(w, nil)
			Expect(sandbox.Kill()).To(Succeed())
			rest, err := io.ReadAll(h.pipe)
			Expect(err).NotTo(HaveOccurred())
			Expect(len(rest)).To(BeNumerically("<", 15<<20))
			Eventually(h.exited).Should(Receive(Equal(1)))
			Expect(h.said.Contents()).To(MatchRegexp(`\Aerror: the stream ended early after %d bytes: unexpected EOF\n\z`, 1<<20+len(rest)))
		})
	})

	DescribeTable("is ended by a signal, though it stands still:",
		func(signal os.Signal) {
			w := realWorker()
			in, out := streamingIn(w, nil), streamingOut(w, nil)
			Expect(in.process.Signal(signal)).To(Succeed())
			Eventually(in.exited).Should(Receive(Equal(1)))
			Expect(in.said.Contents()).To(MatchRegexp(`\Aerror: interrupted \(after [\d.]+ [KM]iB, of which garden may have unpacked a part\)\n\z`))

			Expect(out.process.Signal(signal)).To(Succeed())
			Eventually(out.exited).Should(Receive(Equal(1)))
			Expect(out.said.Contents()).To(MatchRegexp(`\Aerror: interrupted \(after 1\.\d MiB\)\n\z`))
		},
		Entry("an interrupt", os.Interrupt),
		Entry("to terminate", syscall.SIGTERM),
	)

	It("is told of on a terminal, and cleared from it at the end", func() {
		w := realWorker()
		for doing, begin := range map[string]func(*worker, io.Writer) *halfway{
			"streaming in": streamingIn, "streaming out": streamingOut,
		} {
			keys, tty, err := pty.Open()
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(keys.Close)
			shown := gbytes.BufferReader(io.TeeReader(keys, GinkgoWriter))
			h := begin(w, tty)
			Expect(tty.Close()).To(Succeed())

			Eventually(shown).Should(gbytes.Say(`\r\x1b\[K%s: 1\.\d MiB, [\d.]+ (KiB|MiB)/s, [12]s`, doing))
			Eventually(shown).Should(gbytes.Say(`\r\x1b\[K%s: 1\.\d MiB, [\d.]+ (KiB|MiB)/s, [34]s`, doing))
			Expect(h.process.Signal(syscall.SIGTERM)).To(Succeed())
			Eventually(h.exited).Should(Receive(Equal(1)))
			Eventually(shown).Should(gbytes.Say(`\r\x1b\[K.*error:.* interrupted`))
		}
	})
})
