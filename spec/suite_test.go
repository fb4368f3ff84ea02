// Package spec drives the built weeder against real servers: Garden's own
// server over the sandbox's backend, and baggageclaim itself.
package spec

import (
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/spec/goroutines"
	"weeder/spec/isolate"
	"weeder/spec/leftout"
)

// binaries are what the suite builds once, for all its processes.
type binaries struct {
	Weeder  string
	Sandbox string
	// Baggageclaim by version.
	Baggageclaim map[string]string
	Gardend      string
	// Init is that of gardend's containers.
	Init string
}

var built binaries

var _ = ReportAfterSuite("left out", leftout.Tell)

var _ = goroutines.CheckEachSpec()

func TestSpec(t *testing.T) {
	RegisterFailHandler(Fail)
	heedSignals()
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	suite, reporter := GinkgoConfiguration()
	if suite.LabelFilter == "" {
		// What takes minutes runs when it is asked for: -ginkgo.label-filter=long.
		suite.LabelFilter = "!long"
	}
	RunSpecs(t, "Spec", suite, reporter)
}

// heedSignals has the programs that specs start heed the signals that end them,
// even where whoever started the tests has some ignored, as nohup does: what is
// ignored is inherited, and what is caught is not.
func heedSignals() {
	for _, one := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(one) {
			signal.Notify(make(chan os.Signal, 1), one)
		}
	}
}

var _ = SynchronizedBeforeSuite(func() []byte {
	dir, err := os.MkdirTemp("", "weeder-spec")
	Expect(err).NotTo(HaveOccurred())
	// The binaries must be there for specs that run as another user.
	Expect(os.Chmod(dir, 0o755)).To(Succeed())
	DeferCleanup(os.RemoveAll, dir)

	paths := binaries{
		Weeder:       goBuild(dir, "weeder", "..", "weeder/cmd/weeder"),
		Sandbox:      goBuild(dir, "sandbox", "..", "weeder/cmd/sandbox"),
		Baggageclaim: map[string]string{},
		Gardend:      goBuild(dir, "gardend", "gardend", "gardend"),
		Init:         goBuild(dir, "init", "gardend", "gardend/init"),
	}
	for _, version := range []string{"1.3.5", "1.10.0"} {
		name := "baggageclaim-" + version
		paths.Baggageclaim[version] = goBuild(dir, name, name, "github.com/concourse/baggageclaim/cmd/baggageclaim")
	}
	data, err := json.Marshal(paths)
	Expect(err).NotTo(HaveOccurred())
	return data
}, func(data []byte) {
	Expect(json.Unmarshal(data, &built)).To(Succeed())
	isolateSpecs()
})

// goBuild builds a package of the module in a directory, with the race
// detector where the suite itself has it.
func goBuild(into, name, module, pkg string) string {
	GinkgoHelper()
	path := filepath.Join(into, name)
	args := []string{"build"}
	if raceDetector && module == ".." {
		args = append(args, "-race")
	}
	command := exec.Command("go", append(args, "-o", path, pkg)...)
	command.Dir = module
	output, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	return path
}

// isolateSpecs keeps what the person who runs the specs has set out of them.
func isolateSpecs() {
	// With the race detector each binary would wait a second before it exits.
	Expect(os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")).To(Succeed())
	isolate.Environment("NO_COLOR")
}
