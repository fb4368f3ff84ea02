package tarstream_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestTarstream(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Tarstream")
}
