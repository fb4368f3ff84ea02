package main_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"weeder/spec/goroutines"
)

var sandboxPath string

var _ = goroutines.CheckEachSpec()

func TestSandbox(t *testing.T) {
	SetDefaultEventuallyTimeout(15 * time.Second)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Sandbox Suite")
}

var _ = SynchronizedBeforeSuite(func() []byte {
	path, err := gexec.Build("weeder/cmd/sandbox")
	Expect(err).NotTo(HaveOccurred())

	return []byte(path)
}, func(path []byte) {
	sandboxPath = string(path)
})

var _ = SynchronizedAfterSuite(func() {}, gexec.CleanupBuildArtifacts)
