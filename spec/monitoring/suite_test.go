// Package monitoring checks what operators set up beside weeder: the alerts and the
// dashboard against what the daemon serves, and the files for other homes than BOSH.
package monitoring

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

// Where the files are that are checked.
const (
	monitoringDir = "../../bosh/monitoring"
	homesDir      = "../../bosh/other-homes"
)

// built are the binaries as they are released: static.
var built struct{ Weeder, Sandbox string }

var _ = ReportAfterSuite("left out", leftout.Tell)

var _ = goroutines.CheckEachSpec()

func TestMonitoring(t *testing.T) {
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Monitoring Suite")
}

var _ = SynchronizedBeforeSuite(func() []byte {
	dir, err := os.MkdirTemp("", "weeder-monitoring")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	command := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace", "-o", dir+"/", "weeder/cmd/weeder", "weeder/cmd/sandbox")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	built.Weeder, built.Sandbox = filepath.Join(dir, "weeder"), filepath.Join(dir, "sandbox")
	data, err := json.Marshal(built)
	Expect(err).NotTo(HaveOccurred())
	return data
}, func(data []byte) {
	Expect(json.Unmarshal(data, &built)).To(Succeed())
	isolate.Environment()
})

// need skips the spec, and says why, where a program is missing. In continuous
// integration it fails instead.
func need(pkg string, programs ...string) {
	GinkgoHelper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			leftout.Skip("there is no " + program + ": apt-get install " + pkg)
		}
	}
}

// needRoot is need for what only root may do.
func needRoot(what string) {
	GinkgoHelper()
	if os.Geteuid() != 0 {
		leftout.Skip("only root can " + what)
	}
}

// read gives a file's text.
func read(path ...string) string {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join(path...))
	Expect(err).NotTo(HaveOccurred())
	return string(text)
}
