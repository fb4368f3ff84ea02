package spec

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("explain, over gigabytes of logs", Label("long"), func() {
	const (
		mebibyte = 1 << 20
		lines    = 3
	)
	at := time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)

	// write makes a log of a busy worker, with lines about the container at its
	// beginning, amid it and at its end.
	write := func(mebibytes int) string {
		GinkgoHelper()
		var block bytes.Buffer
		for i := 0; block.Len() < 8*mebibyte; i++ {
			block.WriteString(lagerLine(at, "guardian", "guardian.create.containerizer-create.depot-create.started",
				body{"handle": fmt.Sprintf("1a657656-9647-4bee-54be-%012x", i), "session": i}))
			if i%1000 == 0 {
				block.WriteString(lagerLine(at, "guardian", "guardian.long", body{"text": strings.Repeat("x", 100_000)}))
			}
		}
		path := filepath.Join(GinkgoT().TempDir(), "garden.stdout.log")
		file, err := os.Create(path)
		Expect(err).NotTo(HaveOccurred())
		defer file.Close()
		for i := range lines {
			_, err = file.WriteString(lagerLine(at.Add(time.Duration(i)*time.Minute), "baggageclaim", "baggageclaim.tick.reaping", body{"handle": incidentRoot, "ttl": i}))
			Expect(err).NotTo(HaveOccurred())
			if i == lines-1 {
				break
			}
			for written := 0; written < mebibytes/(lines-1); written += 8 {
				_, err = file.Write(block.Bytes())
				Expect(err).NotTo(HaveOccurred())
			}
		}
		return path
	}
	// peak is the most memory in MiB that explain had over a log. It is asked for
	// while explain waits for another log, from stdin, which it reads last.
	peak := func(w *worker, log string) float64 {
		GinkgoHelper()
		command := command(w, "explain", incident, "--logs", log, "--logs", "-")
		stdin, err := command.StdinPipe()
		Expect(err).NotTo(HaveOccurred())
		session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		// More than a pipe holds: once it is written, the log has been read.
		_, err = stdin.Write(bytes.Repeat([]byte("filler\n"), 20_000))
		Expect(err).NotTo(HaveOccurred())
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", command.Process.Pid))
		Expect(err).NotTo(HaveOccurred())
		Expect(stdin.Close()).To(Succeed())
		Eventually(session).Should(gexec.Exit(0))

		for i := range lines {
			Expect(stdout(session)).To(ContainSubstring(fmt.Sprintf("baggageclaim reaped volume %s, ttl %d\n", incidentRoot, i)))
		}
		kibibytes := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
		Expect(kibibytes).NotTo(BeNil())
		value, err := strconv.ParseFloat(string(kibibytes[1]), 64)
		Expect(err).NotTo(HaveOccurred())
		return value / 1024
	}

	It("takes no more memory than over some, and finds every line", func() {
		w := startWorker()
		some := peak(w, write(64))
		large := write(2048)
		much := peak(w, large)
		AddReportEntry("peak resident memory in MiB over 64 MiB, and over 2 GiB", []float64{some, much})
		Expect(much).To(BeNumerically("<", 60))
		Expect(much).To(BeNumerically("<", 1.3*some))

		By("telling a person how far it is, and what was found when that is enough")
		t := onTerminal(w, "explain", incident, "--logs", large)
		Eventually(t.Screen).WithTimeout(time.Minute).Should(gbytes.Say(`reading logs: \d+ of 20\d\d MiB; --no-logs does without`))
		t.press("\x03")
		Eventually(t.exited).Should(Receive(Equal(1)))
		Expect(t.Out).To(gbytes.Say("baggageclaim reaped volume " + incidentRoot + ", ttl 0\n"))
	})

	It("takes no more where every line is about the container, and says much", func() {
		w := startWorker()
		path := filepath.Join(GinkgoT().TempDir(), "a.log")
		file, err := os.Create(path)
		Expect(err).NotTo(HaveOccurred())
		defer file.Close()
		for i := range lines {
			_, err = file.WriteString(lagerLine(at.Add(time.Duration(i)*time.Minute), "baggageclaim", "baggageclaim.tick.reaping", body{"handle": incidentRoot, "ttl": i}))
			Expect(err).NotTo(HaveOccurred())
		}
		for i := range 2500 {
			_, err = file.WriteString(lagerLine(at.Add(time.Duration(i)*time.Second), "guardian", "guardian.api.garden-server.list.ending",
				body{"handles": []string{incident, strings.Repeat("handle ", 5000)}, "n": i, "also": map[string]string{"text": strings.Repeat("y", 50_000)}}))
			Expect(err).NotTo(HaveOccurred())
		}
		Expect(peak(w, path)).To(BeNumerically("<", 60))
	})
})
