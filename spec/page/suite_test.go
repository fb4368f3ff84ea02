// Package page looks at the daemon's page in a real browser, on sandboxes of all
// kinds.
package page

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gleak"

	"weeder/spec/browser"
	"weeder/spec/goroutines"
	"weeder/spec/isolate"
	"weeder/spec/leftout"
)

var built struct{ Weeder, Sandbox string }

var _ = ReportAfterSuite("left out", leftout.Tell)

// One browser does for all of them.
var _ = goroutines.CheckEachSpec(gleak.IgnoringInBacktrace("spec/browser.(*Browser).listen"))

func TestPage(t *testing.T) {
	SetDefaultEventuallyTimeout(20 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Page in a browser Suite")
}

var _ = SynchronizedBeforeSuite(func() []byte {
	if _, err := exec.LookPath(browser.Program); err != nil {
		return []byte(`{}`)
	}
	dir, err := os.MkdirTemp("", "weeder-page")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	command := exec.Command("go", "build", "-o", dir+"/", "weeder/cmd/weeder", "weeder/cmd/sandbox")
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

// needBrowser skips the spec, and says why, where there is no browser. In
// continuous integration it fails instead.
func needBrowser() {
	GinkgoHelper()
	if _, err := exec.LookPath(browser.Program); err == nil {
		return
	}
	leftout.Skip("there is no " + browser.Program + ": apt-get install " + browser.Program)
}

// started is the browser of this process, for all its specs.
var started *browser.Browser

// look opens a page. It is closed after the spec.
func look(ctx context.Context, address string, window browser.Window) *browser.Page {
	GinkgoHelper()
	if started == nil {
		var err error
		started, err = browser.Start()
		Expect(err).NotTo(HaveOccurred())
	}
	page, err := started.Open(ctx, address, window)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(page.Close)
	return page
}

var _ = AfterSuite(func() {
	if started != nil {
		Expect(started.Close()).To(Succeed())
	}
})
