package spec

import (
	"regexp"
	"strings"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("weeder, and nothing else", func() {
	// begin are the commands to begin with, as they can be typed.
	begin := func() []string {
		GinkgoHelper()
		session := weeder(nil)
		Expect(session).To(gexec.Exit(2))
		Expect(stdout(session)).To(BeEmpty())
		var lines []string
		for _, line := range regexp.MustCompile(`(?m)^  weeder (\S+(?: \S+)*)  `).FindAllStringSubmatch(stderr(session), -1) {
			lines = append(lines, line[1])
		}
		return lines
	}

	It("leads to a scan of the worker first, and destroys nothing", func() {
		w := startWorker()
		Expect(begin()).To(Equal([]string{"scan", "explain HANDLE", "reap --dry-run"}))
		for _, line := range begin() {
			session := weeder(w, strings.Fields(strings.Replace(line, "HANDLE", incident, 1))...)
			Expect(session).To(gexec.Exit(0), line)
			Expect(stdout(session)).To(ContainSubstring(incident))
		}
		Expect(w.destroyed()).To(BeEmpty())
	})

	It("says what weeder is, and where to read on, on a small screen", func() {
		text := stderr(weeder(nil))
		Expect(text).To(HavePrefix("weeder finds the leaked containers of a Concourse worker and destroys them.\n"))
		Expect(text).To(And(ContainSubstring("gaol"), ContainSubstring("weeder --help"), ContainSubstring("weeder COMMAND --help")))
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		Expect(len(lines)).To(BeNumerically("<=", 15))
		for _, line := range lines {
			Expect(utf8.RuneCountInString(line)).To(BeNumerically("<=", 80), line)
		}
	})

	It("says the same with options that are for every command", func() {
		session := weeder(nil, "--timeout=5s")
		Expect(session).To(gexec.Exit(2))
		Expect(stderr(session)).To(Equal(stderr(weeder(nil))))
	})
})
