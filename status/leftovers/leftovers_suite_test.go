package leftovers_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sys/unix"

	"weeder/spec/goroutines"
	"weeder/spec/leftout"
	"weeder/status/leftovers"
)

// holdVariable makes this binary hold a file open: see hold.
const holdVariable = "LEFTOVERS_SPEC_HOLDS"

var _ = goroutines.CheckEachSpec()

func TestMain(m *testing.M) {
	if path := os.Getenv(holdVariable); path != "" {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err == nil {
			fmt.Println("open")
			_, err = io.Copy(io.Discard, os.Stdin)
			err = errors.Join(err, file.Close())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestLeftovers(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Leftovers Suite")
}

var _ = ReportAfterSuite("left out", leftout.Tell)

// worker is a root directory laid out as a worker's. Its clock is two hours
// ahead, so that all that specs make is old.
type worker struct {
	root    string
	volumes string
	clock   *fakeclock.FakeClock
	leftovers.Config
}

func newWorker(handles ...string) *worker {
	GinkgoHelper()
	root, err := filepath.EvalSymlinks(GinkgoT().TempDir())
	Expect(err).NotTo(HaveOccurred())
	w := &worker{root: root, clock: fakeclock.NewFakeClock(time.Now().Add(2 * time.Hour))}
	w.volumes = filepath.Join(root, "work/volumes")
	w.Config = leftovers.Config{
		Root:      root,
		Namespace: "concourse",
		Handles:   handles,
		Volumes:   w.volumes,
		MinAge:    leftovers.DefaultMinAge,
		Clock:     w.clock,
	}

	w.write("", "proc/self/mountinfo")
	w.write("36000.50 71000.10\n", "proc/uptime")
	w.link("pid:[4026531836]", "proc/self/ns/pid")
	w.link("mnt:[4026531832]", "proc/self/ns/mnt")
	w.process("1", "init")
	w.mkdir("run")
	for _, state := range []string{"init", "live", "dead"} {
		w.mkdir("work/volumes", state)
	}
	return w
}

func (w *worker) path(elements ...string) string {
	return filepath.Join(append([]string{w.root}, elements...)...)
}

func (w *worker) mkdir(elements ...string) string {
	GinkgoHelper()
	path := w.path(elements...)
	Expect(os.MkdirAll(path, 0o755)).To(Succeed())
	return path
}

func (w *worker) write(content string, elements ...string) string {
	GinkgoHelper()
	path := w.path(elements...)
	Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
	Expect(os.WriteFile(path, []byte(content), 0o644)).To(Succeed())
	return path
}

func (w *worker) link(target string, elements ...string) {
	GinkgoHelper()
	path := w.path(elements...)
	Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
	Expect(os.Symlink(target, path)).To(Succeed())
}

// mounted makes /proc say that something is mounted on each of the paths.
func (w *worker) mounted(kind string, paths ...string) {
	GinkgoHelper()
	escape := strings.NewReplacer(" ", `\040`, "\t", `\011`, "\n", `\012`, `\`, `\134`)
	text := "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
	for i, path := range paths {
		text += fmt.Sprintf("%d 22 0:%d / %s rw,relatime shared:2 master:3 - %s none rw\n", 30+i, 40+i, escape.Replace(path), kind)
	}
	w.write(text, "proc/self/mountinfo")
}

// fifos makes a directory of FIFOs as containerd's client does.
func (w *worker) fifos(name, id string) string {
	GinkgoHelper()
	dir := w.mkdir("run/containerd/fifo", name)
	for _, stream := range []string{"stdin", "stdout", "stderr"} {
		Expect(unix.Mkfifo(filepath.Join(dir, id+"-"+stream), 0o700)).To(Succeed())
	}
	return dir
}

// process puts a process into /proc, started nine hours before now, with files
// open.
func (w *worker) process(pid, comm string, open ...string) {
	GinkgoHelper()
	w.write(comm+"\n", "proc", pid, "comm")
	w.write("", "proc", pid, "cmdline")
	w.started(pid, comm, "S", 360000)
	w.link("net:[4026531840]", "proc", pid, "ns/net")
	w.link("mnt:[4026531832]", "proc", pid, "ns/mnt")
	w.mkdir("proc", pid, "fd")
	w.link("socket:[123]", "proc", pid, "fd/0")
	for i, path := range open {
		w.link(path, "proc", pid, "fd", fmt.Sprint(i+1))
	}
}

// started sets a process's state, and its start in ticks after that of the
// machine, which runs for ten hours.
func (w *worker) started(pid, comm, state string, ticks int) {
	GinkgoHelper()
	w.write(fmt.Sprintf("%s (%s) %s 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 12 0 %d 1 2 3\n", pid, comm, state, ticks),
		"proc", pid, "stat")
}

// realProcesses puts the machine's own /proc in the place of the made up one.
func (w *worker) realProcesses() {
	GinkgoHelper()
	Expect(os.RemoveAll(w.path("proc"))).To(Succeed())
	w.link("/proc", "proc")
}

// changed makes something have changed a while ago, by the worker's clock.
func (w *worker) changed(path string, ago time.Duration) {
	GinkgoHelper()
	at := w.clock.Now().Add(-ago)
	Expect(os.Chtimes(path, at, at)).To(Succeed())
}

func (w *worker) scan() leftovers.Report {
	GinkgoHelper()
	report, err := leftovers.Scan(context.Background(), w.Config)
	Expect(err).NotTo(HaveOccurred())
	return report
}

// found is what a scan finds of one kind.
func (w *worker) found(kind leftovers.Kind) leftovers.Finding {
	GinkgoHelper()
	return of(w.scan(), kind)
}

func of(report leftovers.Report, kind leftovers.Kind) leftovers.Finding {
	GinkgoHelper()
	for _, finding := range report.Kinds {
		if finding.Kind == kind {
			return finding
		}
	}
	Fail("no " + string(kind) + " in the report")
	return leftovers.Finding{}
}

// paths are those of a finding's examples.
func paths(finding leftovers.Finding) []string {
	found := []string{}
	for _, example := range finding.Examples {
		found = append(found, example.Path)
	}
	return found
}

// hold runs a process, called by a name, that holds a file open until the spec
// ends or release is called.
func hold(name, path string) (pid string, release func()) {
	GinkgoHelper()
	self, err := os.Executable()
	Expect(err).NotTo(HaveOccurred())
	program := filepath.Join(GinkgoT().TempDir(), name)
	content, err := os.ReadFile(self)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(program, content, 0o755)).To(Succeed())

	command := exec.Command(program)
	command.Env = append(os.Environ(), holdVariable+"="+path)
	command.Stderr = GinkgoWriter
	stdin, err := command.StdinPipe()
	Expect(err).NotTo(HaveOccurred())
	stdout, err := command.StdoutPipe()
	Expect(err).NotTo(HaveOccurred())
	Expect(command.Start()).To(Succeed())
	released := false
	release = func() {
		if !released {
			released = true
			Expect(stdin.Close()).To(Succeed())
			Expect(command.Wait()).To(Succeed())
		}
	}
	DeferCleanup(func() { release() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	Expect(err).NotTo(HaveOccurred())
	Expect(line).To(Equal("open\n"))
	return strconv.Itoa(command.Process.Pid), release
}

// asRoot leaves a spec out where it can't be run.
func asRoot(why string) {
	GinkgoHelper()
	if os.Geteuid() != 0 {
		Skip("not root: " + why)
	}
}
