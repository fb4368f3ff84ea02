package bosh_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("bosh/README.md", func() {
	// all are the first groups of what matches.
	all := func(text, expression string) []string {
		GinkgoHelper()
		var found []string
		for _, match := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
			found = append(found, match[1])
		}
		Expect(found).NotTo(BeEmpty())
		return found
	}

	It("names files of the release that there are", func() {
		text := read(release + "/README.md")
		for _, name := range append(all(text, `(manifests/[a-z-]+\.yml)`), all(text, `\]\(([a-z/]+)\)`)...) {
			_, err := os.Stat(filepath.Join(release, name))
			Expect(err).NotTo(HaveOccurred())
		}
		files, err := filepath.Glob(release + "/manifests/*")
		Expect(err).NotTo(HaveOccurred())
		for _, file := range files {
			Expect(text).To(ContainSubstring(filepath.Base(file)))
		}
	})

	It("names properties that the job has", func() {
		declared := theJob().Properties
		text := read(release + "/README.md")
		_, table, found := strings.Cut(text, "The ones most wanted:")
		Expect(found).To(BeTrue())
		table, _, _ = strings.Cut(table, "```")
		for _, name := range append(all(table, "(?m)^\\| `([a-z_.]+)`"), all(text, "set `([a-z_.]+)[`:]")...) {
			Expect(declared).To(HaveKey(name))
		}
	})

	It("names places on the worker that the job has", func() {
		var known strings.Builder
		for _, script := range rendered(object{}) {
			known.WriteString(script)
		}
		for _, path := range all(read(release+"/README.md"), "(?m)^\\| `(/var/vcap/[^`]+)`") {
			name := strings.TrimPrefix(path, "/var/vcap/jobs/weeder/")
			if _, isFile := rendered(object{})[name]; !isFile {
				directory, base := filepath.Split(path)
				Expect(known.String()).To(SatisfyAll(ContainSubstring(strings.TrimSuffix(directory, "/")), ContainSubstring(base)), path)
			}
		}
	})
})
