package spec

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("make install", func() {
	var root string
	BeforeEach(func() {
		needProgram("make")
		root = filepath.Join(GinkgoT().TempDir(), "a root")
	})

	makes := func(target string) {
		GinkgoHelper()
		make := exec.Command("make", "-C", "..", target, "PROGRAM="+built.Weeder, "DESTDIR="+root, "PREFIX=/usr")
		make.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1600000000")
		Expect(finish(make)).To(gexec.Exit(0))
	}

	// installed are the files below the root with their permissions.
	installed := func() map[string]fs.FileMode {
		GinkgoHelper()
		files := map[string]fs.FileMode{}
		Expect(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			files[strings.TrimPrefix(path, root)] = info.Mode()
			return err
		})).To(Succeed())
		return files
	}

	It("puts each file where it is looked for, and uninstall takes it away", func() {
		makes("install")
		Expect(installed()).To(Equal(map[string]fs.FileMode{
			"/usr/bin/weeder":                                  0o755,
			"/usr/share/man/man1/weeder.1":                     0o644,
			"/usr/share/bash-completion/completions/weeder":    0o644,
			"/usr/share/zsh/site-functions/_weeder":            0o644,
			"/usr/share/fish/vendor_completions.d/weeder.fish": 0o644,
		}))
		Expect(filepath.Join(root, "usr/bin/weeder")).To(HaveSameBytesAs(built.Weeder))
		page, err := os.ReadFile(filepath.Join(root, "usr/share/man/man1/weeder.1"))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(page)).To(HavePrefix(`.TH WEEDER 1 "2020-09-13"`))

		makes("uninstall")
		Expect(installed()).To(BeEmpty())
	})

	DescribeTable("has what is installed found by", func(shell string, args ...string) {
		needProgram(shell)
		makes("install")
		for i, arg := range args {
			args[i] = strings.ReplaceAll(arg, "ROOT", root)
		}
		command := exec.Command(shell, args...)
		command.Env = append(withWeeder(os.Environ(), GinkgoT().TempDir()), "XDG_DATA_DIRS="+root+"/usr/share")
		session := finish(command)
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(ContainSubstring("explain"))
	},
		Entry("fish", "fish", "-c", "complete -C 'weeder exp'"),
		// The function that compinit has for weeder asks for more than words here.
		Entry("zsh", "zsh", "-f", "-c", `fpath=("ROOT/usr/share/zsh/site-functions" $fpath); autoload -Uz compinit; compinit -D -u
			_describe() { print -l $found }; words=(weeder exp); CURRENT=2; PREFIX=exp; $_comps[weeder]`),
		Entry("bash", "bash", "--noprofile", "--norc", "-c", `source "$XDG_DATA_DIRS/bash-completion/completions/weeder"
			COMP_LINE='weeder exp' COMP_POINT=10 COMP_WORDS=(weeder exp) COMP_CWORD=1; _weeder; echo "${COMPREPLY[@]}"`),
	)
})
