// Package bosh_test shows the BOSH release: its templates rendered as BOSH does,
// and the job run as a stemcell runs it.
package bosh_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/spec/goroutines"
	"weeder/spec/isolate"
	"weeder/spec/leftout"
)

// Places in the repository.
const (
	module  = "../.."
	release = module + "/bosh"
	job     = release + "/jobs/weeder"
)

// built are the programs that the suite builds once, for all its processes.
var built struct{ Weeder, Sandbox string }

var _ = ReportAfterSuite("left out", leftout.Tell)

var _ = goroutines.CheckEachSpec()

func TestBOSH(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	RunSpecs(t, "BOSH")
}

var _ = SynchronizedBeforeSuite(func() []byte {
	dir, err := os.MkdirTemp("", "weeder-bosh")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	built.Weeder, built.Sandbox = goBuild(dir, "weeder"), goBuild(dir, "sandbox")
	data, err := json.Marshal(built)
	Expect(err).NotTo(HaveOccurred())
	return data
}, func(data []byte) {
	Expect(json.Unmarshal(data, &built)).To(Succeed())
	isolate.Environment()
})

// goBuild builds a command of the module in a directory.
func goBuild(into, name string) string {
	GinkgoHelper()
	path := filepath.Join(into, name)
	command := exec.Command("go", "build", "-tags", "grpcnotrace", "-ldflags", "-X main.version=v1.2.3", "-o", path, "./cmd/"+name)
	command.Dir = module
	// As the release has it: it runs on every stemcell.
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	return path
}

// ran runs a command to its end, which must be a good one, and gives its stdout.
func ran(command *exec.Cmd) string {
	GinkgoHelper()
	output, err := command.Output()
	var said []byte
	if failed, exited := err.(*exec.ExitError); exited {
		said = failed.Stderr
	}
	Expect(err).NotTo(HaveOccurred(), "%s: %s%s", command, output, said)
	return string(output)
}

// read is the text of a file.
func read(path string) string {
	GinkgoHelper()
	data, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}
