package spec

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("daemon, over many passes", Label("long"), func() {
	It("uses no more of the machine than at first", func() {
		w := emptyWorker()
		w.healthy("neighbour")
		w.orphan("leak")
		w.orphan("failing")
		w.fault("destroy-fails", "failing")
		d := startDaemon(w)
		d.passed(4)
		before := usesOf(d)
		for i := range 4 {
			// What comes and goes must leave nothing behind, either.
			handle := "passing-" + strconv.Itoa(i)
			w.orphan(handle)
			d.passed(4 + 3*i)
			w.control("DELETE", "/containers/"+handle, nil)
		}
		d.passed(20)
		after := usesOf(d)
		// A connection may be open for a while, but not one for each pass.
		Expect(after.files).To(BeNumerically("<=", before.files+2))
		Expect(after.threads).To(BeNumerically("<=", before.threads+2))
		Expect(after.resident).To(BeNumerically("<=", before.resident+8<<10))
	})
})

// uses are what a process has of the machine.
type uses struct {
	files, threads int
	// resident memory in KiB.
	resident int
}

func usesOf(d *daemon) uses {
	GinkgoHelper()
	proc := filepath.Join("/proc", strconv.Itoa(d.Command.Process.Pid))
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	Expect(err).NotTo(HaveOccurred())
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	Expect(err).NotTo(HaveOccurred())
	figure := func(name string) int {
		found := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+)`).FindSubmatch(status)
		Expect(found).NotTo(BeNil(), name)
		value, err := strconv.Atoi(string(found[1]))
		Expect(err).NotTo(HaveOccurred())
		return value
	}
	return uses{files: len(files), threads: figure("Threads"), resident: figure("VmRSS")}
}
