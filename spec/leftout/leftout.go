// Package leftout tells which specs a run left out, and why: go test shows
// nothing of a package whose specs pass.
package leftout

import (
	"fmt"
	"os"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
)

// File is the environment variable with the name of the file that is told.
const File = "LEFT_OUT"

// Skip skips the spec, and says why. In continuous integration, where nothing
// may be left out, it fails instead.
func Skip(why string) {
	ginkgo.GinkgoHelper()
	why = "left out: " + why
	if os.Getenv("CI") != "" {
		ginkgo.Fail(why)
	}
	ginkgo.Skip(why)
}

// Tell appends each skipped spec to the File, if one is named. Suites register
// it with ReportAfterSuite.
func Tell(report ginkgo.Report) {
	name := os.Getenv(File)
	if name == "" {
		return
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		ginkgo.Fail(fmt.Sprintf("tell what was left out: %v", err))
	}
	defer file.Close()
	for _, spec := range report.SpecReports {
		if spec.State == types.SpecStateSkipped && spec.Failure.Message != "" {
			fmt.Fprintf(file, "%s: %s\n", spec.FullText(), strings.TrimSpace(spec.Failure.Message))
		}
	}
}
