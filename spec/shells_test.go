package spec

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"weeder/spec/leftout"
)

// shell is one in which weeder's command line is completed, on a terminal.
type shell struct {
	keys   *os.File
	screen *gbytes.Buffer
	home   string
	asked  int
}

// shells are how each begins, without what the person who runs the specs has
// set up, and how weeder's completion is loaded then.
var shells = map[string]struct {
	args []string
	load string
}{
	"bash": {[]string{"--noprofile", "--norc", "-i"}, "source <(weeder completion --shell bash)"},
	"zsh":  {[]string{"-f", "-i"}, "autoload -Uz compinit && compinit -D -u && source <(weeder completion --shell zsh)"},
	"fish": {[]string{"--no-config", "-i"}, "weeder completion --shell fish | source"},
}

// needProgram skips the spec, and says why, where a program is missing. In
// continuous integration it fails instead.
func needProgram(program string) {
	GinkgoHelper()
	if _, err := exec.LookPath(program); err != nil {
		leftout.Skip(fmt.Sprintf("there is no %s: spec/setup.sh %s", program, program))
	}
}

// withWeeder is an environment in which weeder is on the path.
func withWeeder(environment []string, home string) []string {
	return append(environment, "PATH="+filepath.Dir(built.Weeder)+":"+os.Getenv("PATH"), "HOME="+home, "INPUTRC=/dev/null",
		"XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home, "XDG_CACHE_HOME="+home, "TERM=xterm", "LC_ALL=C.UTF-8")
}

// openShell starts a shell on a worker's machine and loads the completion.
func openShell(name string, w *worker) *shell {
	GinkgoHelper()
	needProgram(name)
	s := &shell{home: GinkgoT().TempDir()}
	command := exec.Command(name, shells[name].args...)
	command.Env = withWeeder(on(w), s.home)
	command.Dir = s.home
	keys, err := pty.StartWithSize(command, &pty.Winsize{Rows: 50, Cols: 150})
	Expect(err).NotTo(HaveOccurred())
	s.keys, s.screen = keys, gbytes.BufferReader(io.TeeReader(keys, GinkgoWriter))
	DeferCleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
		_ = keys.Close()
	})
	s.run(shells[name].load)
	return s
}

// press types.
func (s *shell) press(keys string) {
	GinkgoHelper()
	_, err := s.keys.WriteString(keys)
	Expect(err).NotTo(HaveOccurred())
}

// run has a line run to its end.
func (s *shell) run(line string) {
	GinkgoHelper()
	s.press(line + "; echo do''ne\r")
	Eventually(s.screen).Should(gbytes.Say(`done\r`))
}

// afterTab is what a line becomes when tab is pressed.
func (s *shell) afterTab(line string) string {
	GinkgoHelper()
	s.asked++
	// Echoed, the line shows without the colours and movements of typing.
	s.press(fmt.Sprintf("%s\t\x01echo BE''COMES%d \r", line, s.asked))
	echoed := regexp.MustCompile(fmt.Sprintf(`BECOMES%d ([^\r\n]*?) *\r`, s.asked))
	var found [][]byte
	Eventually(func() [][]byte {
		found = echoed.FindSubmatch(s.screen.Contents())
		return found
	}).ShouldNot(BeNil(), line)
	return string(found[1])
}
