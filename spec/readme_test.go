package spec

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("README.md", func() {
	readme := func() string {
		GinkgoHelper()
		text, err := os.ReadFile(filepath.Join("..", "README.md"))
		Expect(err).NotTo(HaveOccurred())
		return string(text)
	}

	// blocks are the fenced blocks in a language.
	blocks := func(language string) []string {
		GinkgoHelper()
		var found []string
		// All are matched: the end of one looks like the begin of another.
		for _, match := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```").FindAllStringSubmatch(readme(), -1) {
			if match[1] == language {
				found = append(found, match[2])
			}
		}
		Expect(found).NotTo(BeEmpty())
		return found
	}

	It("has commands that do what they say", func() {
		w := startWorker("--processes")
		ran := 0
		for _, block := range blocks("console") {
			for line := range strings.Lines(block) {
				line, isCommand := strings.CutPrefix(strings.TrimSpace(line), "$ weeder ")
				Expect(isCommand).To(BeTrue(), "only weeder's commands are there to be run")
				Expect(weeder(w, strings.Fields(line)...)).To(gexec.Exit(0), line)
				ran++
			}
		}
		Expect(ran).To(BeNumerically(">", 5))
		Expect(w.destroyed()).To(ContainElement(incident))
	})

	It("names make targets that there are", func() {
		makefile, err := os.ReadFile(filepath.Join("..", "Makefile"))
		Expect(err).NotTo(HaveOccurred())
		targets := regexp.MustCompile("(?m)`make ([a-z-]+)|^make ([a-z-]+)").FindAllStringSubmatch(readme(), -1)
		Expect(len(targets)).To(BeNumerically(">", 3))
		for _, target := range targets {
			Expect(string(makefile)).To(MatchRegexp(`(?m)^%s:`, target[1]+target[2]))
		}
	})

	It("names the specs that show the facts", func() {
		files := regexp.MustCompile("`((?:[a-z]+/)*[a-z0-9_]+_test\\.go)`").FindAllStringSubmatch(readme(), -1)
		Expect(len(files)).To(BeNumerically(">", 5))
		for _, file := range files {
			path := file[1]
			if !strings.Contains(path, "/") {
				path = filepath.Join("spec", path)
			}
			Expect(filepath.Join("..", path)).To(BeARegularFile())
		}
	})

	It("shows what the demo prints", func() {
		bin := filepath.Dir(built.Weeder)
		session, err := gexec.Start(exec.Command("./demo.sh", bin), GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		Eventually(session).WithTimeout(time.Minute).Should(gexec.Exit(0))

		printed := stdout(session) + stderr(session)
		age := regexp.MustCompile(`\d+h(\d+m)? *`)
		compared := 0
		for _, block := range blocks("") {
			if !strings.HasPrefix(block, "$ weeder scan") {
				continue
			}
			for line := range strings.Lines(block) {
				// Ages grow by the minutes that the demo takes.
				if line = strings.TrimSpace(line); line != "" {
					Expect(age.ReplaceAllString(printed, "AGE")).To(ContainSubstring(age.ReplaceAllString(line, "AGE")))
					compared++
				}
			}
		}
		Expect(compared).To(BeNumerically(">", 5))
	})
})
