package bosh_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"weeder/journal"
	"weeder/reaper"
)

// Places on a stemcell, by their paths in its /var/vcap.
const (
	pidfile = "sys/run/weeder/weeder.pid"
	stdout  = "sys/log/weeder/weeder.stdout.log"
	stderr  = "sys/log/weeder/weeder.stderr.log"
)

// stemcell is what a process sees on a VM with the job on it: /var/vcap as BOSH's
// agent lays it out, a /run, and processes of its own. All that runs in it ends
// with the spec.
type stemcell struct {
	// vcap is where its /var/vcap is here, run its /run.
	vcap, run string
	// init is the pid here of the first of its processes.
	init string
}

// startStemcell starts one, with the job rendered for properties.
func startStemcell(properties object) *stemcell {
	GinkgoHelper()
	needNamespaces()
	files := rendered(properties)
	root := GinkgoT().TempDir()
	s := &stemcell{vcap: filepath.Join(root, "var", "vcap"), run: filepath.Join(root, "run")}
	for _, directory := range []string{
		"jobs", "packages", "data/jobs/weeder/1", "data/packages/weeder/1",
		// Those of each job, which the agent makes.
		"data/sys/log/weeder", "data/sys/run/weeder", "data/weeder",
	} {
		Expect(os.MkdirAll(filepath.Join(s.vcap, directory), 0o755)).To(Succeed())
	}
	Expect(os.MkdirAll(s.run, 0o755)).To(Succeed())
	for link, target := range map[string]string{
		"jobs/weeder": "../data/jobs/weeder/1", "packages/weeder": "../data/packages/weeder/1", "sys": "data/sys",
	} {
		Expect(os.Symlink(target, filepath.Join(s.vcap, link))).To(Succeed())
	}
	s.put(files)
	s.installPackage()

	session, err := gexec.Start(exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c",
		// It is what orphans are left to, as init is.
		`set -e; mount --bind "$1/var" /var; mount --bind "$1/run" /run; echo ready; sleep infinity & while :; do wait; done`,
		"init", root), nil, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Eventually(session.Kill()).Should(gexec.Exit()) })
	Eventually(func() string { return string(session.Out.Contents()) }).Should(Equal("ready\n"))
	pid := session.Command.Process.Pid
	s.init = strings.TrimSpace(read(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)))
	return s
}

// put places the rendered files, with the modes that the agent gives them.
func (s *stemcell) put(files map[string]string) {
	GinkgoHelper()
	for name, text := range files {
		mode := fs.FileMode(0o640)
		if strings.HasPrefix(name, "bin/") {
			mode = 0o750
		}
		path := filepath.Join(s.vcap, "jobs/weeder", name)
		Expect(os.MkdirAll(filepath.Dir(path), 0o750)).To(Succeed())
		Expect(os.WriteFile(path, []byte(text), mode)).To(Succeed())
	}
}

// installPackage runs the package's script on what `make release` would build.
func (s *stemcell) installPackage() {
	GinkgoHelper()
	source := filepath.Join(GinkgoT().TempDir(), "weeder")
	Expect(os.Mkdir(source, 0o755)).To(Succeed())
	for _, name := range []string{"VERSION", "LICENSE", "THIRD-PARTY-LICENSES"} {
		Expect(os.WriteFile(filepath.Join(source, name), nil, 0o644)).To(Succeed())
	}
	Expect(os.Link(built.Weeder, filepath.Join(source, "weeder"))).To(Succeed())
	packaging, err := filepath.Abs(release + "/packages/weeder/packaging")
	Expect(err).NotTo(HaveOccurred())
	command := exec.Command("bash", packaging)
	command.Dir = filepath.Dir(source)
	command.Env = append(os.Environ(), "BOSH_INSTALL_TARGET="+filepath.Join(s.vcap, "packages/weeder"))
	ran(command)
}

// command runs a program in the stemcell, with the environment that monit gives.
func (s *stemcell) command(args ...string) *exec.Cmd {
	command := exec.Command("nsenter", append([]string{"--target", s.init, "--mount", "--pid", "--"}, args...)...)
	command.Env = []string{"PATH=/bin:/usr/bin:/sbin:/usr/sbin"}
	return command
}

// start starts a program in the stemcell.
func (s *stemcell) start(args ...string) *gexec.Session {
	GinkgoHelper()
	return started(s.command(args...))
}

func started(command *exec.Cmd) *gexec.Session {
	GinkgoHelper()
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	return session
}

// sh runs a line of shell in the stemcell, which must end well, and gives what it
// printed.
func (s *stemcell) sh(line string) string {
	GinkgoHelper()
	return strings.TrimSpace(ran(s.command("bash", "-c", line)))
}

// read is a file of its /var/vcap; nothing where there is none.
func (s *stemcell) read(name string) string {
	GinkgoHelper()
	data, err := os.ReadFile(filepath.Join(s.vcap, name))
	if os.IsNotExist(err) {
		return ""
	}
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}

// pid is what the pidfile tells; 0 where there is none.
func (s *stemcell) pid() int {
	GinkgoHelper()
	pid, _ := strconv.Atoi(strings.TrimSpace(s.read(pidfile)))
	return pid
}

// running are the pids of the weeders that run in it.
func (s *stemcell) running() []string {
	GinkgoHelper()
	return strings.Fields(s.sh(`for p in /proc/[0-9]*; do
		case $(readlink "$p/exe") in /var/vcap/data/packages/weeder/*/bin/weeder) echo "${p#/proc/}" ;; esac
	done`))
}

// runs is how many daemons have told that they started.
func (s *stemcell) runs() int {
	GinkgoHelper()
	return strings.Count(s.read(stdout), `"message":"weeder.started"`)
}

// told is what the journal tells of a handle, in order, each event once where it
// follows itself.
func (s *stemcell) told(handle string) func() []string {
	return func() []string {
		GinkgoHelper()
		account, err := journal.Read(filepath.Join(s.vcap, "data/weeder/journal"), time.Time{})
		Expect(err).NotTo(HaveOccurred())
		var told []string
		for _, entry := range account.Entries {
			if entry.Handle == handle {
				told = append(told, string(entry.Event))
			}
		}
		return slices.Compact(told)
	}
}

// remember leaves behind what a daemon would that has just ended and has long
// watched the worker with the leak in it.
func (s *stemcell) remember() {
	GinkgoHelper()
	now := journal.Elapsed()
	heard := now - time.Hour
	directory := filepath.Join(s.vcap, "data/weeder/journal")
	Expect(os.MkdirAll(directory, 0o750)).To(Succeed())
	Expect(journal.NewMemory(directory).Keep(reaper.Past{
		At:            time.Now(),
		Elapsed:       now,
		Interval:      5 * time.Second,
		StartingUntil: now - time.Minute,
		HeardSince:    &heard,
		Orphans:       map[string]reaper.PastOrphan{leak: {Flagged: true, First: now - time.Hour, Passes: 2}},
	})).To(Succeed())
}
