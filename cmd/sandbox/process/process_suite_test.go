package process_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/spec/goroutines"
)

var _ = goroutines.CheckEachSpec()

func TestProcess(t *testing.T) {
	SetDefaultEventuallyTimeout(5 * time.Second)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Sandbox Process Suite")
}
