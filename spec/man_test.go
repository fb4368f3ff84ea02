package spec

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("man", func() {
	page := func(variables ...string) *gexec.Session {
		GinkgoHelper()
		command := command(nil, "man")
		command.Env = append(command.Env, variables...)
		return finish(command)
	}

	// rendered is the page as it is read, and what the formatter warns of.
	rendered := func() (text, warnings string) {
		GinkgoHelper()
		needProgram("groff")
		var out, said bytes.Buffer
		groff := exec.Command("groff", "-ww", "-man", "-Tascii", "-P-cbou", "-rLL=80n")
		groff.Stdin, groff.Stdout, groff.Stderr = strings.NewReader(stdout(page())), &out, &said
		Expect(groff.Run()).To(Succeed(), said.String())
		return out.String(), said.String()
	}

	It("is a page that the formatter has nothing to say about", func() {
		text, warnings := rendered()
		Expect(warnings).To(BeEmpty())
		Expect(text).To(HavePrefix("WEEDER(1)"))
		Expect(text).To(ContainSubstring("weeder - find and destroy leaked containers of a Concourse worker\n"))
	})

	It("tells of each command and each option what help tells", func() {
		text, _ := rendered()
		words := strings.Join(strings.Fields(text), " ")
		help := stdout(weeder(nil, "--help"))
		names := regexp.MustCompile(`(?m)^  ([a-z-]+) +[a-z]+ .*$`).FindAllStringSubmatch(help, -1)
		Expect(len(names)).To(BeNumerically(">", 20))
		for _, name := range names {
			help := stdout(weeder(nil, name[1], "--help"))
			usage := strings.TrimSpace(strings.Split(help, "\n")[1])
			Expect(text).To(ContainSubstring("\n   " + name[1] + "\n       " + usage + "\n"))
			about, _, _ := strings.Cut(help, "\nGlobal Options:\n")
			for _, names := range regexp.MustCompile(`(?m)^ +((?:-[a-z], )?--[a-z-]+)`).FindAllStringSubmatch(about, -1) {
				Expect(text).To(MatchRegexp(`\n       %s[ =\n]`, names[1]))
			}
			for _, variable := range regexp.MustCompile(`\[\$WEEDER_[A-Z_]+\]`).FindAllString(help, -1) {
				Expect(words).To(ContainSubstring(variable))
			}
		}
		for _, section := range []string{"EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"} {
			Expect(text).To(ContainSubstring("\n" + section + "\n"))
		}
	})

	It("has examples that can be copied", func() {
		text, _ := rendered()
		Expect(text).To(ContainSubstring("\n              weeder run debug --attach --command 'ps aux'\n"))
		Expect(text).To(ContainSubstring("--ip-end 10.0.0.9 \\\n              --port-start 443"))
	})

	It("has the date that a build gives it, and is the same each time then", func() {
		Expect(stdout(page("SOURCE_DATE_EPOCH=1600000000"))).To(HavePrefix(`.TH WEEDER 1 "2020-09-13" "weeder `))
		Expect(stdout(page("SOURCE_DATE_EPOCH=1600000000", "TZ=Asia/Tokyo"))).To(Equal(stdout(page("SOURCE_DATE_EPOCH=1600000000"))))
		Expect(stdout(page())).NotTo(ContainSubstring("2020-09-13"))
		complains(page("SOURCE_DATE_EPOCH=yesterday"), 2, `give SOURCE_DATE_EPOCH in seconds since 1970, not "yesterday"`)
	})
})
