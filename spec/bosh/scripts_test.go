package bosh_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("the job's scripts", func() {
	DescribeTable("pass shellcheck",
		func(properties object) {
			need("shellcheck")
			directory := GinkgoT().TempDir()
			var scripts []string
			for name, text := range rendered(properties) {
				if name == "monit" {
					continue
				}
				path := filepath.Join(directory, filepath.Base(name))
				Expect(os.WriteFile(path, []byte(text), 0o644)).To(Succeed())
				scripts = append(scripts, path)
			}
			Expect(scripts).To(HaveLen(4))
			// That a $ in quotes stays one is what the quotes are for.
			said, err := exec.Command("shellcheck", append([]string{"-s", "bash", "--exclude=SC2016"}, scripts...)...).CombinedOutput()
			Expect(err).NotTo(HaveOccurred(), string(said))
		},
		Entry("by default", object{}),
		Entry("with everything set", everything()),
		Entry("with hostile values", object{"target": "it's $(x) `y`\n\"z\"", "protect": []string{"<%= $x %>"}}),
	)

	It("are bash's, by the name that every stemcell has", func() {
		for name, text := range rendered(object{}) {
			if strings.HasPrefix(name, "bin/") {
				Expect(text).To(HavePrefix("#!/bin/bash\n"), name)
			}
		}
	})

	It("are run by monit", func() {
		monit := rendered(object{})["monit"]
		Expect(monit).To(ContainSubstring(`start program "/var/vcap/jobs/weeder/bin/ctl start"`))
		Expect(monit).To(ContainSubstring(`stop program "/var/vcap/jobs/weeder/bin/ctl stop"`))
		Expect(monit).To(ContainSubstring("group vcap\n"))
	})
})
