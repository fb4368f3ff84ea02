package gardenclient_test

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/spec/goroutines"
)

func TestGardenclient(t *testing.T) {
	SetDefaultEventuallyTimeout(10 * time.Second)
	RegisterFailHandler(Fail)
	RunSpecs(t, "Gardenclient Suite")
}

var _ = goroutines.CheckEachSpec(goroutines.OfGardenServer...)
