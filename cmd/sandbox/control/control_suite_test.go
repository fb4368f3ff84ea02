package control_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/spec/goroutines"
)

var _ = goroutines.CheckEachSpec(goroutines.OfGardenServer...)

func TestControl(t *testing.T) {
	SetDefaultEventuallyTimeout(5 * time.Second)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Sandbox Control Suite")
}
