package spec

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("completion", func() {
	for _, name := range []string{"bash", "zsh", "fish"} {
		Describe("in "+name, func() {
			var w *worker
			var s *shell
			BeforeEach(func() {
				needProgram(name)
				w = emptyWorker()
				w.healthy("healthy")
				w.orphan("leaked")
				w.create(body{"handle": "evil$(touch owned)", "age": "6h"})
				s = openShell(name, w)
			})

			It("completes commands, options, their words and live handles", func() {
				for line, becomes := range map[string]string{
					"weeder exp":                         "weeder explain",
					"weeder scan --onl":                  "weeder scan --only",
					"weeder scan --only or":              "weeder scan --only orphan",
					"weeder scan --only=or":              "weeder scan --only=orphan",
					"weeder -t " + w.Target + " exp":     "weeder -t " + w.Target + " explain",
					"weeder --target=" + w.Target + " p": "weeder --target=" + w.Target + " p",
					"weeder explain lea":                 "weeder explain leaked",
					"weeder destroy leaked ":             "weeder destroy leaked healthy",
					"weeder run -c 'ps aux' lea":         "weeder run -c ps aux leaked",
					"weeder scan --timeout 5":            "weeder scan --timeout 5",
				} {
					Expect(s.afterTab(line)).To(Equal(becomes), line)
				}
			})

			It("asks the target on the line for handles", func() {
				other := emptyWorker()
				other.healthy("elsewhere")
				Expect(s.afterTab("weeder -t " + other.Target + " explain e")).To(HaveSuffix(" explain elsewhere"))
				Expect(s.afterTab("weeder --target=" + other.Target + " explain e")).To(HaveSuffix(" explain elsewhere"))
				Expect(s.afterTab("weeder -t '" + other.Target + "' explain e")).To(HaveSuffix(" explain elsewhere"))
			})

			It("leaves paths to the shell", func() {
				Expect(os.Mkdir(filepath.Join(s.home, "journals"), 0o755)).To(Succeed())
				writeFile("", s.home, "one file.sock")
				Expect(s.afterTab("weeder --journal jour")).To(HavePrefix("weeder --journal journals"))
				Expect(s.afterTab("weeder --journal=jour")).To(HavePrefix("weeder --journal=journals"))
				Expect(s.afterTab("weeder -t one")).To(Equal("weeder -t one file.sock"))
				Expect(s.afterTab("weeder --timeout jour")).To(Equal("weeder --timeout jour"))
			})

			It("shows what it chooses from, and runs nothing that a server says", func() {
				s.press("weeder explain \t\t")
				Eventually(s.screen).Should(gbytes.Say(`healthy\s.*leaked`))
				Expect(string(s.screen.Contents())).NotTo(ContainSubstring("evil"))
				Expect(filepath.Join(s.home, "owned")).NotTo(BeAnExistingFile())
			})

			It("completes the alias gaol, as it did before it was one", func() {
				s.run("alias gaol=weeder")
				Expect(s.afterTab("gaol properties lea")).To(Equal("gaol properties leaked"))
			})

			It("is silent where there is no Garden", func() {
				Expect(s.afterTab("weeder -t unix:///nowhere/garden.sock explain lea")).To(HaveSuffix(" explain lea"))
				Expect(string(s.screen.Contents())).NotTo(ContainSubstring("error"))
			})
		})
	}

	DescribeTable("shows what each candidate means in", func(name string) {
		s := openShell(name, emptyWorker())
		s.press("weeder s\t")
		Eventually(s.screen).Should(gbytes.Say(`scan.*show every container with its verdict`))
	}, Entry(nil, "zsh"), Entry(nil, "fish"))

	It("leaves another program of the name gaol alone in bash", func() {
		dir := GinkgoT().TempDir()
		Expect(os.Chmod(writeFile("#!/bin/sh\n", dir, "gaol"), 0o755)).To(Succeed())
		script := "source <(weeder completion --shell bash); complete -p weeder && ! complete -p gaol"
		bash := exec.Command("bash", "--noprofile", "--norc", "-c", script)
		bash.Env = withWeeder(os.Environ(), dir)
		for i, variable := range bash.Env {
			if path, is := strings.CutPrefix(variable, "PATH="); is {
				bash.Env[i] = "PATH=" + dir + ":" + path
			}
		}
		Expect(finish(bash)).To(gexec.Exit(0))
	})

	It("is for the shells that it knows", func() {
		complains(weeder(nil, "completion", "--shell", "csh"), 2, "bash, zsh or fish")
		complains(weeder(nil, "completion"), 2, "`--shell' was not specified")
	})
})
