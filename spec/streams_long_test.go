package spec

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("streams of gigabytes", Label("long"), func() {
	const (
		few, many = 16 << 20, 1 << 30
		// bound is the most that weeder may have resident, in KiB.
		bound = 32 << 10
	)

	// fill makes a file of so many bytes, of which none is a hole.
	fill := func(name string, size int) {
		GinkgoHelper()
		file, err := os.Create(name)
		Expect(err).NotTo(HaveOccurred())
		defer file.Close()
		piece := []byte(random(1 << 20))
		for range size >> 20 {
			_, err := file.Write(piece)
			Expect(err).NotTo(HaveOccurred())
		}
	}

	// peak is the most memory that a process had resident so far, in KiB. (What
	// the kernel tells of one that has ended counts who started it, too.)
	peak := func(process *os.Process) float64 {
		GinkgoHelper()
		status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(process.Pid), "status"))
		Expect(err).NotTo(HaveOccurred())
		found := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`).FindSubmatch(status)
		Expect(found).NotTo(BeNil())
		kib, err := strconv.ParseFloat(string(found[1]), 64)
		Expect(err).NotTo(HaveOccurred())
		return kib
	}

	// copied is what stream-out takes to copy a file, and the archive.
	copied := func(w *worker, into *os.File, size int64) float64 {
		GinkgoHelper()
		ours, stdout, err := os.Pipe()
		Expect(err).NotTo(HaveOccurred())
		command := command(w, "stream-out", "from", "-s", "/file")
		command.Stdout = stdout
		h := begin(command, stdout, ours)
		_, err = io.CopyN(into, ours, size-1<<20)
		Expect(err).NotTo(HaveOccurred())
		// More is to come than a pipe holds, so weeder is still there.
		taken := peak(h.process)
		_, err = io.Copy(into, ours)
		Expect(err).NotTo(HaveOccurred())
		Eventually(h.exited).Should(Receive(Equal(0)))
		Expect(h.said.Contents()).To(BeEmpty())
		return taken
	}

	// unpacked is what stream-in takes to unpack an archive.
	unpacked := func(w *worker, archive *os.File) float64 {
		GinkgoHelper()
		stdin, ours, err := os.Pipe()
		Expect(err).NotTo(HaveOccurred())
		command := command(w, "stream-in", "to", "-d", "/")
		command.Stdin = stdin
		h := begin(command, stdin, ours)
		_, err = io.Copy(ours, archive)
		Expect(err).NotTo(HaveOccurred())
		// weeder waits for more.
		taken := peak(h.process)
		Expect(ours.Close()).To(Succeed())
		Eventually(h.exited).Should(Receive(Equal(0)))
		Expect(h.said.Contents()).To(BeEmpty())
		return taken
	}

	It("take no more memory than small ones", func() {
		if raceDetector {
			Skip("the race detector takes memory that weeder does not")
		}
		w := realWorker()
		in, out := map[int]float64{}, map[int]float64{}
		for _, size := range []int{few, many} {
			from, to := filepath.Join(w.files("from"), "file"), filepath.Join(w.files("to"), "file")
			fill(from, size)
			archive, err := os.CreateTemp(GinkgoT().TempDir(), "archive")
			Expect(err).NotTo(HaveOccurred())
			defer archive.Close()

			out[size] = copied(w, archive, int64(size))
			_, err = archive.Seek(0, io.SeekStart)
			Expect(err).NotTo(HaveOccurred())
			in[size] = unpacked(w, archive)
			difference, err := exec.Command("cmp", from, to).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(difference))
		}
		AddReportEntry("peak in KiB", map[string]any{"in": in, "out": out})
		for _, peaks := range []map[int]float64{in, out} {
			Expect(peaks[many]).To(BeNumerically("<", bound))
			Expect(peaks[many] / peaks[few]).To(BeNumerically("<", 1.25))
		}
	})

	It("go in the end to a server that does not say whether it wants them", func() {
		dir := GinkgoT().TempDir()
		writeFile("content", dir, "file")
		packed := archive(dir)
		got := make(chan []byte, 1)
		garden := listening(func(conn net.Conn) {
			request, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil {
				return
			}
			content, _ := io.ReadAll(request.Body)
			got <- content
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		})
		Expect(withStdin(garden, strings.NewReader(string(packed)), "stream-in", "to", "-d", "/")).To(gexec.Exit(0))
		Expect(got).To(Receive(Equal(packed)))
	})
})
