// Package gaol runs the bats specs of weeder's commands, as scripts for gaol
// call them: as weeder and by an alias of the name gaol, and some by a link of
// that name.
package gaol

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/spec/leftout"
)

// patience is how long the specs of one file may take.
const patience = 3 * time.Minute

var _ = ReportAfterSuite("left out", leftout.Tell)

func TestGaol(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Gaol")
}

// bin is the directory of the binaries, weeder and sandbox.
var bin string

var _ = SynchronizedBeforeSuite(func() []byte {
	dir, err := os.MkdirTemp("", "weeder-gaol")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, dir)
	build := exec.Command("go", "build", "-o", dir, "weeder/cmd/weeder", "weeder/cmd/sandbox")
	output, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	Expect(os.Symlink("weeder", filepath.Join(dir, "gaol"))).To(Succeed())
	return []byte(dir)
}, func(dir []byte) {
	bin = string(dir)
})

// files are those with the specs.
func files() []string {
	found, err := filepath.Glob("*.bats")
	if err != nil || len(found) == 0 {
		panic("no bats specs here")
	}
	return found
}

var gaol = regexp.MustCompile(`\bgaol\b`)

var _ = Describe("the bats specs", func() {
	for _, file := range files() {
		// passes runs the file's specs, with gaol called in one way.
		passes := func(ctx SpecContext, called, as string) {
			GinkgoHelper()
			bats, err := exec.LookPath("bats")
			if err != nil {
				Skip("bats is missing: apt-get install bats")
			}
			dir := GinkgoT().TempDir()
			copied := filepath.Join(dir, file)
			for _, name := range []string{file, "support.bash"} {
				text, err := os.ReadFile(name)
				Expect(err).NotTo(HaveOccurred())
				if name == file {
					text = gaol.ReplaceAllLiteral(text, []byte(as))
				}
				Expect(os.WriteFile(filepath.Join(dir, name), text, 0o644)).To(Succeed())
			}

			command := exec.CommandContext(ctx, bats, "--tap", copied)
			command.Env = append(cleanEnvironment(), "CALLED="+called, "PATH="+bin+":"+os.Getenv("PATH"))
			command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
			command.WaitDelay = 10 * time.Second
			output, err := command.CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(output))
			Expect(string(output)).To(MatchRegexp(`(?m)^ok 1 `))
		}

		It(file+" pass as weeder", func(ctx SpecContext) { passes(ctx, "name", "weeder") }, SpecTimeout(patience))
		It(file+" pass as an alias of the name gaol", func(ctx SpecContext) { passes(ctx, "alias", "gaol") }, SpecTimeout(patience))
		if file == "list.bats" {
			It(file+" pass as a link of the name gaol", func(ctx SpecContext) { passes(ctx, "name", "gaol") }, SpecTimeout(patience))
		}
	}
})

// cleanEnvironment is that of the tests, without what a person has set for
// weeder, gaol or bats.
func cleanEnvironment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !foreign.MatchString(variable) {
			kept = append(kept, variable)
		}
	}
	return kept
}

var foreign = regexp.MustCompile(`^(WEEDER_|GAOL_|BATS_|NO_COLOR=|PATH=|CALLED=)`)
