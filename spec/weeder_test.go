package spec

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

// on points weeder's environment at a worker.
func on(w *worker) []string {
	return append(os.Environ(),
		"WEEDER_TARGET="+w.Target,
		"WEEDER_VOLUMES="+w.Volumes,
		"WEEDER_BAGGAGECLAIM="+w.Baggageclaim,
		"WEEDER_CONTAINERD="+w.Containerd,
		"WEEDER_JOURNAL="+w.Journal,
		"WEEDER_TIMEOUT=10s",
	)
}

// command is weeder on a worker, not started yet; nil: with no worker set.
func command(w *worker, args ...string) *exec.Cmd {
	command := exec.Command(built.Weeder, args...)
	command.Env = os.Environ()
	if w != nil {
		command.Env = on(w)
	}
	return command
}

// start starts weeder on a worker; nil: with no worker set.
func start(w *worker, args ...string) *gexec.Session {
	GinkgoHelper()
	session, err := gexec.Start(command(w, args...), GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	return session
}

// finish runs a command to its end.
func finish(command *exec.Cmd) *gexec.Session {
	GinkgoHelper()
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	Eventually(session).Should(gexec.Exit())
	return session
}

// weeder runs weeder on a worker to its end; nil: with no worker set.
func weeder(w *worker, args ...string) *gexec.Session {
	GinkgoHelper()
	return finish(command(w, args...))
}

// unprivileged runs weeder to its end as a user whom permissions bind, as they
// don't bind root.
func unprivileged(w *worker, args ...string) *gexec.Session {
	GinkgoHelper()
	const nobody = 65534
	command := command(w, args...)
	if os.Geteuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return finish(command)
}

// terminal is weeder on a pseudo-terminal, which is its stdin and stderr but
// not its stdout.
type terminal struct {
	// keys are typed into it.
	keys *os.File
	// Screen is what it shows.
	Screen *gbytes.Buffer
	Out    *gbytes.Buffer
	// exited gets the exit status.
	exited chan int
}

// onTerminal starts weeder on a pseudo-terminal.
func onTerminal(w *worker, args ...string) *terminal {
	GinkgoHelper()
	keys, tty, err := pty.Open()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(keys.Close)
	defer tty.Close()

	t := &terminal{keys: keys, Screen: gbytes.BufferReader(io.TeeReader(keys, GinkgoWriter)), Out: gbytes.NewBuffer(), exited: make(chan int, 1)}
	command := command(w, args...)
	command.Stdin, command.Stdout, command.Stderr = tty, t.Out, tty
	// Its own session, so that an interrupt typed reaches it alone.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	Expect(command.Start()).To(Succeed())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
		t.exited <- command.ProcessState.ExitCode()
	}()
	DeferCleanup(func() {
		_ = command.Process.Kill()
		Eventually(ended).Should(BeClosed())
	})
	return t
}

// press types on the terminal.
func (t *terminal) press(keys string) {
	GinkgoHelper()
	_, err := t.keys.WriteString(keys)
	Expect(err).NotTo(HaveOccurred())
}

func stdout(session *gexec.Session) string { return string(session.Out.Contents()) }
func stderr(session *gexec.Session) string { return string(session.Err.Contents()) }

// report is what scan --json says.
type report struct {
	Interlocks []named
	Summary    map[string]*int
	Containers []container
}

type named struct{ Name, Detail string }

type container struct {
	Handle           string
	Verdict          string
	Eligible         bool
	HeldBy           []string `json:"held_by"`
	Stuck            bool
	Destroying       bool
	Failures         int
	Reasons          []reason
	AgeSeconds       *float64 `json:"age_seconds"`
	GraceTimeSeconds *float64 `json:"grace_time_seconds"`
	Task             *string
	Volumes          []volume
}

type reason struct{ Code, Volume, Detail string }

type volume struct {
	Handle     string
	Path       *string
	State      string
	TTLSeconds *float64 `json:"ttl_seconds"`
	ExpiresAt  *string  `json:"expires_at"`
	Sources    []string
}

// scan runs scan --json, which must have been able to judge.
func scan(w *worker, args ...string) report {
	GinkgoHelper()
	session := weeder(w, append([]string{"scan", "--json"}, args...)...)
	Expect(session).To(gexec.Exit(0))
	return parse(session)
}

func parse(session *gexec.Session) report {
	GinkgoHelper()
	var r report
	Expect(json.Unmarshal(session.Out.Contents(), &r)).To(Succeed(), stdout(session))
	return r
}

// of is the container with a handle, which must be in the report.
func (r report) of(handle string) container {
	GinkgoHelper()
	for _, c := range r.Containers {
		if c.Handle == handle {
			return c
		}
	}
	Fail("no container " + handle + " in the report")
	return container{}
}

// interlocks are the names of those that are on.
func (r report) interlocks() []string {
	names := []string{}
	for _, interlock := range r.Interlocks {
		names = append(names, interlock.Name)
	}
	return names
}

// codes are the codes of a container's reasons.
func (c container) codes() []string {
	codes := []string{}
	for _, reason := range c.Reasons {
		codes = append(codes, reason.Code)
	}
	return codes
}

// volume is one of a container's volumes, which must be there.
func (c container) volume(handle string) volume {
	GinkgoHelper()
	for _, v := range c.Volumes {
		if v.Handle == handle {
			return v
		}
	}
	Fail("container " + c.Handle + " has no volume " + handle)
	return volume{}
}

// outcome is what reap --json says.
type outcome struct {
	DryRun     bool `json:"dry_run"`
	Destroyed  []string
	Gone       []string
	InProgress []string `json:"in_progress"`
	Failed     []struct{ Handle, Error string }
	Held       []struct {
		Handle string
		HeldBy []string `json:"held_by"`
	}
	Interlocks []named
}

// reap runs reap --yes --json and gives its exit status.
func reap(w *worker, args ...string) (outcome, int) {
	GinkgoHelper()
	session := weeder(w, append([]string{"reap", "--yes", "--json"}, args...)...)
	return parseOutcome(session), session.ExitCode()
}

func parseOutcome(session *gexec.Session) outcome {
	GinkgoHelper()
	var o outcome
	Expect(json.Unmarshal(session.Out.Contents(), &o)).To(Succeed(), stdout(session)+stderr(session))
	return o
}

// heldBy is what holds a container, which must be among those held.
func (o outcome) heldBy(handle string) []string {
	GinkgoHelper()
	for _, held := range o.Held {
		if held.Handle == handle {
			return held.HeldBy
		}
	}
	Fail("container " + handle + " is not held")
	return nil
}

// writeFile writes a file below a directory, which is made.
func writeFile(content string, path ...string) string {
	GinkgoHelper()
	name := filepath.Join(path...)
	Expect(os.MkdirAll(filepath.Dir(name), 0o755)).To(Succeed())
	Expect(os.WriteFile(name, []byte(content), 0o644)).To(Succeed())
	return name
}

// forbid takes all permissions from a file or directory for the rest of the
// spec.
func forbid(path string) {
	GinkgoHelper()
	info, err := os.Stat(path)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.Chmod(path, 0)).To(Succeed())
	DeferCleanup(os.Chmod, path, info.Mode().Perm())
}

// in runs a command by the clock of a place.
func in(zone string, command *exec.Cmd) *exec.Cmd {
	command.Env = append(command.Env, "TZ="+zone)
	return command
}
