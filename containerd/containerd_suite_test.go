package containerd_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/containerd"
	"weeder/reaper"
	"weeder/spec/goroutines"
	"weeder/spec/leftout"
)

func TestContainerd(t *testing.T) {
	SetDefaultEventuallyTimeout(10 * time.Second)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Containerd Suite")
}

var _ = ReportAfterSuite("left out", leftout.Tell)

var _ = goroutines.CheckEachSpec()

// shortDir is a directory for sockets, whose paths have at most 107 bytes.
func shortDir() string {
	GinkgoHelper()
	dir, err := os.MkdirTemp("", "wc")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	return dir
}

func newClient(config containerd.Config) *containerd.Client {
	client := containerd.New(config)
	DeferCleanup(client.Close)
	return client
}

// unreadable are the doubts of a sighting of which that can't be read.
func unreadable(detail string) []reaper.Reason {
	return []reaper.Reason{{Code: reaper.SourceUnreadable, Detail: detail}}
}

func testdata(name string) []byte {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	Expect(err).NotTo(HaveOccurred())
	return content
}
