package spec

import (
	"bytes"
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("an output that can't be written", func() {
	var w *worker
	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("healthy")
		w.orphan("leaked")
	})

	// into runs weeder with its stdout in a file, and gives what it did of it.
	into := func(file *os.File, args ...string) (status int, stderr string) {
		GinkgoHelper()
		var said bytes.Buffer
		command := command(w, args...)
		command.Stdout, command.Stderr = file, &said
		Expect(command.Start()).To(Succeed())
		_ = command.Wait()
		return command.ProcessState.ExitCode(), said.String()
	}

	DescribeTable("is an error where the disk is full:", func(line string) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		Expect(err).NotTo(HaveOccurred())
		defer full.Close()
		status, said := into(full, strings.Fields(line)...)
		Expect(status).To(Equal(1))
		Expect(said).To(MatchRegexp(`(?m)^error: write output: .*no space left on device$`))
	},
		Entry(nil, "scan"), Entry(nil, "scan --json"), Entry(nil, "scan --exit-code"), Entry(nil, "explain leaked"),
		Entry(nil, "explain leaked --json"), Entry(nil, "reap --dry-run"), Entry(nil, "volumes"), Entry(nil, "volumes --json"),
		Entry(nil, "list"), Entry(nil, "properties leaked"), Entry(nil, "properties -j leaked"), Entry(nil, "capacity"),
		Entry(nil, "version"), Entry(nil, "--help"), Entry(nil, "scan --help"),
	)

	It("does not keep reap from its work", func() {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		Expect(err).NotTo(HaveOccurred())
		defer full.Close()
		status, said := into(full, "reap", "--yes")
		Expect(status).To(Equal(1))
		Expect(said).To(ContainSubstring("no space left on device"))
		Expect(w.destroyed()).To(ConsistOf("leaked"))
	})

	DescribeTable("ends it as it ends others where the reader of a pipe has gone:", func(line string) {
		reader, writer, err := os.Pipe()
		Expect(err).NotTo(HaveOccurred())
		defer writer.Close()
		Expect(reader.Close()).To(Succeed())

		status, said := into(writer, strings.Fields(line)...)
		Expect(status).NotTo(BeZero())
		Expect(said).NotTo(ContainSubstring("panic"))
		Expect(said).NotTo(ContainSubstring("goroutine"))
	},
		Entry(nil, "scan"), Entry(nil, "scan --json"), Entry(nil, "list"), Entry(nil, "volumes"), Entry(nil, "--help"),
	)

	It("is no matter for what else it says", func() {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		Expect(err).NotTo(HaveOccurred())
		defer full.Close()
		command := command(w, "scan", "--json")
		var out bytes.Buffer
		command.Stdout, command.Stderr = &out, full
		Expect(command.Run()).To(Succeed())
		Expect(out.String()).To(HavePrefix("{\n"))
	})
})
