package backend_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/types"

	"weeder/cmd/sandbox/backend"
)

// hosted is a backend with real processes.
func hosted(options backend.Options, containers ...backend.Container) *served {
	GinkgoHelper()
	options.Files = GinkgoT().TempDir()
	s := serve(options, containers...)
	s.files = options.Files
	return s
}

// sh is a script for a shell.
func sh(script string) garden.ProcessSpec {
	return garden.ProcessSpec{Path: "sh", Args: []string{"-c", script}}
}

// terminal asks for one with a size.
func terminal(columns, rows uint16) *garden.TTYSpec {
	return &garden.TTYSpec{WindowSize: &garden.WindowSize{Columns: columns, Rows: rows}}
}

// tried is a process with what it has written.
type tried struct {
	garden.Process
	stdin          *io.PipeWriter
	stdout, stderr *gbytes.Buffer
}

func (s *served) run(handle string, spec garden.ProcessSpec) *tried {
	GinkgoHelper()
	return connected(func(pio garden.ProcessIO) (garden.Process, error) { return s.container(handle).Run(spec, pio) })
}

func (s *served) attach(handle, id string) *tried {
	GinkgoHelper()
	return connected(func(pio garden.ProcessIO) (garden.Process, error) { return s.container(handle).Attach(id, pio) })
}

func connected(connect func(garden.ProcessIO) (garden.Process, error)) *tried {
	GinkgoHelper()
	read, write := io.Pipe()
	DeferCleanup(write.Close)
	t := &tried{stdin: write, stdout: gbytes.NewBuffer(), stderr: gbytes.NewBuffer()}
	process, err := connect(garden.ProcessIO{Stdin: read, Stdout: t.stdout, Stderr: t.stderr})
	Expect(err).NotTo(HaveOccurred())
	t.Process = process
	return t
}

func (t *tried) say(words string) {
	GinkgoHelper()
	_, err := io.WriteString(t.stdin, words)
	Expect(err).NotTo(HaveOccurred())
}

// exits waits for its status.
func (t *tried) exits(status int) {
	GinkgoHelper()
	statuses := make(chan int, 1)
	go func() {
		if got, err := t.Wait(); err == nil {
			statuses <- got
		}
	}()
	Eventually(statuses).Should(Receive(Equal(status)))
}

// pid is what a script says of itself in a line of its own.
func (t *tried) pid() int {
	GinkgoHelper()
	Eventually(t.stdout).Should(gbytes.Say(`pid (\d+)\s`))
	line := string(t.stdout.Contents())
	pid, err := strconv.Atoi(strings.Fields(line[strings.LastIndex(line, "pid "):])[1])
	Expect(err).NotTo(HaveOccurred())
	return pid
}

// alive says whether a process is there, and more than a zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

var _ = Describe("processes", func() {
	var s *served

	BeforeEach(func() {
		s = hosted(backend.Options{}, backend.Container{Handle: "c-1", Processes: 2}, backend.Container{Handle: "c-2"})
	})

	Describe("Run", func() {
		It("keeps the streams apart and tells the status", func() {
			process := s.run("c-1", sh("echo out; echo err >&2; exit 42"))
			process.exits(42)
			Expect(process.stdout.Contents()).To(BeEquivalentTo("out\n"))
			Expect(process.stderr.Contents()).To(BeEquivalentTo("err\n"))
		})

		It("passes stdin on, and its end", func() {
			process := s.run("c-1", garden.ProcessSpec{Path: "cat"})
			process.say("one\n")
			Eventually(process.stdout).Should(gbytes.Say("one\n"))
			process.say("two")
			Expect(process.stdin.Close()).To(Succeed())
			process.exits(0)
			Expect(process.stdout.Contents()).To(BeEquivalentTo("one\ntwo"))
		})

		It("leaves the arguments as they are", func() {
			process := s.run("c-1", garden.ProcessSpec{Path: "printf", Args: []string{"<%s>", "a b", "", `$HOME "`}})
			process.exits(0)
			Expect(process.stdout.Contents()).To(BeEquivalentTo(`<a b><><$HOME ">`))
		})

		It("goes on when its client is gone, but for its stdin", func() {
			conn, err := net.Dial("tcp", s.address.String())
			Expect(err).NotTo(HaveOccurred())
			body := `{"path": "sh", "args": ["-c", "cat; echo over > over"]}`
			_, err = fmt.Fprintf(conn, "POST /containers/c-1/processes HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			Expect(err).NotTo(HaveOccurred())
			Eventually(s.running("c-1")).Should(Equal(1))
			Consistently(s.running("c-1"), "200ms").Should(Equal(1))
			Expect(conn.Close()).To(Succeed())
			Eventually(func() ([]byte, error) { return os.ReadFile(filepath.Join(s.files, "c-1", "over")) }).Should(BeEquivalentTo("over\n"))
		})

		It("hands over more than a pipe holds", func() {
			process := s.run("c-1", sh("head -c 3000000 /dev/zero"))
			process.exits(0)
			Expect(process.stdout.Contents()).To(HaveLen(3000000))
		})

		It("does not lose the signals of a client to whom a process does not listen", func() {
			process := s.run("c-1", sh("exec <&-; echo closed; sleep 1000"))
			Eventually(process.stdout).Should(gbytes.Say("closed"))
			process.say(strings.Repeat("x", 1<<20))
			Expect(process.Signal(garden.SignalKill)).To(Succeed())
			process.exits(128 + 9)
		})

		DescribeTable("tells its environment",
			func(spec garden.ProcessSpec, variable string, value types.GomegaMatcher) {
				Expect(s.Update("c-1", func(c *backend.Container) { c.Env = []string{"OF=container", "BOTH=container"} })).To(Succeed())
				spec.Path, spec.Args = "sh", []string{"-c", `printf %s "$` + variable + `"`}
				process := s.run("c-1", spec)
				process.exits(0)
				Expect(string(process.stdout.Contents())).To(value)
			},
			Entry("of the container", garden.ProcessSpec{}, "OF", Equal("container")),
			Entry("of its own", garden.ProcessSpec{Env: []string{"OWN=a=b c"}}, "OWN", Equal("a=b c")),
			Entry("its own before the container's", garden.ProcessSpec{Env: []string{"BOTH=own"}}, "BOTH", Equal("own")),
			Entry("a path of root's", garden.ProcessSpec{}, "PATH", HavePrefix("/usr/local/sbin:")),
			Entry("its user", garden.ProcessSpec{}, "USER", Equal("root")),
			Entry("a user that is given", garden.ProcessSpec{Env: []string{"USER=other"}}, "USER", Equal("other")),
			Entry("nothing of the sandbox's", garden.ProcessSpec{}, "TMPDIR", BeEmpty()),
		)

		DescribeTable("works in the container's directory",
			func(dir, in string) {
				Expect(os.Mkdir(filepath.Join(s.files, "c-1", "there"), 0o755)).To(Succeed())
				process := s.run("c-1", garden.ProcessSpec{Path: "pwd", Dir: dir})
				process.exits(0)
				Expect(strings.TrimSpace(string(process.stdout.Contents()))).To(Equal(filepath.Join(s.files, "c-1", in)))
			},
			Entry("by itself", "", ""),
			Entry("at a path", "/there", "there"),
			Entry("at a relative path", "there/", "there"),
			Entry("at a path that is made then", "/tmp/build/put", "tmp/build/put"),
			Entry("at a path that would lead out", "../../..", ""),
		)

		It("has an error for a directory that is none", func() {
			Expect(os.WriteFile(filepath.Join(s.files, "c-1", "file"), nil, 0o644)).To(Succeed())
			_, err := s.container("c-1").Run(garden.ProcessSpec{Path: "true", Dir: "/file"}, garden.ProcessIO{})
			Expect(err).To(MatchError("creating working directory: mkdirat file: file exists"))
		})

		DescribeTable("can't find what is not there",
			func(path, message string) {
				_, err := s.container("c-1").Run(garden.ProcessSpec{Path: path}, garden.ProcessIO{})
				Expect(err).To(MatchError(garden.ExecutableNotFoundError{
					Message: "exec failed: unable to start container process: exec: " + message,
				}))
			},
			Entry("in PATH", "no-such-thing", `"no-such-thing": executable file not found in $PATH`),
			Entry("at a path", "/no/such/thing", `"/no/such/thing": stat /no/such/thing: no such file or directory`),
		)

		It("looks in the PATH that is given, and below the directory", func() {
			script := filepath.Join(s.files, "c-1", "script")
			Expect(os.WriteFile(script, []byte("#!/bin/sh\necho ran\n"), 0o755)).To(Succeed())
			s.run("c-1", garden.ProcessSpec{Path: "script", Env: []string{"PATH=" + filepath.Dir(script)}}).exits(0)
			s.run("c-1", garden.ProcessSpec{Path: "./script"}).exits(0)
			_, err := s.container("c-1").Run(garden.ProcessSpec{Path: "sh", Env: []string{"PATH=/nowhere"}}, garden.ProcessIO{})
			Expect(err).To(MatchError(ContainSubstring("executable file not found")))
		})

		It("can't run what is no program", func() {
			_, err := s.container("c-1").Run(garden.ProcessSpec{Path: "/etc/passwd"}, garden.ProcessIO{})
			Expect(err).To(MatchError(`runc exec: exit status 255: exec failed: unable to start container process: exec: "/etc/passwd": permission denied`))
		})

		DescribeTable("knows no user but one",
			func(name string) {
				s.run("c-1", garden.ProcessSpec{Path: "true", User: name}).exits(0)
			},
			Entry("root", "root"),
			Entry("none", ""),
			Entry("the sandbox's", current().Username),
			Entry("the sandbox's by number", current().Uid+":"+current().Gid),
		)

		It("has an error for other users", func() {
			_, err := s.container("c-1").Run(garden.ProcessSpec{Path: "true", User: "vcap"}, garden.ProcessIO{})
			Expect(err).To(MatchError("unable to find user vcap: no matching entries in passwd file"))
		})

		It("makes up an ID, or takes one that is not in use", func() {
			Expect(s.run("c-1", sh("true")).ID()).To(MatchRegexp(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`))
			spec := sh("true")
			spec.ID = "p-1"
			process := s.run("c-1", spec)
			Expect(process.ID()).To(Equal("p-1"))
			process.exits(0)
			_, err := s.container("c-1").Run(spec, garden.ProcessIO{})
			Expect(err).To(MatchError("process ID 'p-1' already in use"))
			s.run("c-2", spec).exits(0)
		})

		It("counts what runs, and keeps what was asked for", func() {
			Expect(s.running("c-1")()).To(BeZero())
			process := s.run("c-1", sh("read line"))
			Expect(s.running("c-1")()).To(Equal(1))
			process.say("\n")
			process.exits(0)
			Expect(s.running("c-1")()).To(BeZero())
			_, err := s.container("c-1").Run(garden.ProcessSpec{Path: "no-such-thing", User: "root"}, garden.ProcessIO{})
			Expect(err).To(HaveOccurred())
			Expect(s.Runs("c-1")).To(Equal([]garden.ProcessSpec{sh("read line"), {Path: "no-such-thing", User: "root"}}))
		})

		It("fails where it is told to", func() {
			s.fault("run-fails", "c-1")
			_, err := s.container("c-1").Run(sh("true"), garden.ProcessIO{})
			Expect(err).To(MatchError(HavePrefix("runc exec: exit status 255: ")))
			s.run("c-2", sh("true")).exits(0)
		})

		It("has Guardian's error for an unknown handle", func() {
			_, err := s.connection.Run("c-9", sh("true"), garden.ProcessIO{})
			Expect(err).To(MatchError("does not exist"))
		})
	})

	Describe("with a terminal", func() {
		It("is one, with its size", func() {
			spec := sh("test -t 0 && test -t 1 && test -t 2 && stty size && echo err >&2")
			spec.TTY = terminal(123, 45)
			process := s.run("c-1", spec)
			process.exits(0)
			Expect(process.stdout.Contents()).To(BeEquivalentTo("45 123\r\nerr\r\n"))
			Expect(process.stderr.Contents()).To(BeEmpty())
		})

		It("has Guardian's size where none is said", func() {
			spec := sh("stty size")
			spec.TTY = &garden.TTYSpec{}
			process := s.run("c-1", spec)
			process.exits(0)
			Expect(process.stdout.Contents()).To(BeEquivalentTo("24 80\r\n"))
		})

		It("hears of another size", func() {
			spec := sh("trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done")
			spec.TTY = terminal(80, 24)
			process := s.run("c-1", spec)
			Eventually(process.stdout).Should(gbytes.Say("ready"))
			Expect(process.SetTTY(garden.TTYSpec{})).To(Succeed())
			Expect(process.SetTTY(*terminal(100, 30))).To(Succeed())
			Eventually(process.stdout).Should(gbytes.Say("30 100"))
			Expect(process.Signal(garden.SignalKill)).To(Succeed())
			process.exits(128 + 9)
		})

		It("is the controlling terminal: keys are signals", func() {
			spec := sh("echo ready > /dev/tty; exec sleep 1000")
			spec.TTY = terminal(80, 24)
			process := s.run("c-1", spec)
			Eventually(process.stdout).Should(gbytes.Say("ready"))
			process.say("\x03")
			process.exits(128 + 2)
		})

		It("is not closed with stdin, as on Guardian", func() {
			spec := sh("read line; echo got $line; read line; echo over")
			spec.TTY = terminal(80, 24)
			process := s.run("c-1", spec)
			process.say("one\n")
			Eventually(process.stdout).Should(gbytes.Say("got one"))
			Expect(process.stdin.Close()).To(Succeed())
			Consistently(s.running("c-1"), "200ms").Should(Equal(1))
			s.attach("c-1", process.ID()).say("\x04")
			process.exits(0)
		})
	})

	Describe("Attach", func() {
		It("connects more readers and writers", func() {
			first := s.run("c-1", sh("while read line; do echo $line; echo not $line >&2; done"))
			first.say("one\n")
			Eventually(first.stderr).Should(gbytes.Say("not one\n"))
			second := s.attach("c-1", first.ID())
			Expect(second.ID()).To(Equal(first.ID()))
			second.say("two\n")
			first.say("three\n")
			Eventually(second.stdout).Should(gbytes.Say("three\n"))
			Expect(second.stdin.Close()).To(Succeed())
			Consistently(s.running("c-1"), "200ms").Should(Equal(1))
			Expect(first.stdin.Close()).To(Succeed())
			first.exits(0)
			second.exits(0)
			Expect(string(first.stdout.Contents())).To(HavePrefix("one\n"))
			Expect(string(first.stdout.Contents())).To(ContainSubstring("two\n"))
			Expect(string(second.stdout.Contents())).NotTo(ContainSubstring("one"))
			Expect(string(second.stdout.Contents())).To(ContainSubstring("two\n"))
			Expect(string(second.stderr.Contents())).To(ContainSubstring("not three\n"))
		})

		It("tells the status of what has ended", func() {
			process := s.run("c-1", sh("exit 3"))
			process.exits(3)
			s.attach("c-1", process.ID()).exits(3)

			read, write := io.Pipe()
			_, err := s.lookup("c-1").Attach(process.ID(), garden.ProcessIO{Stdin: read})
			Expect(err).NotTo(HaveOccurred())
			_, err = write.Write([]byte("unread"))
			Expect(err).To(MatchError(io.ErrClosedPipe))
		})

		DescribeTable("does not know",
			func(handle, id string) {
				s.run("c-1", garden.ProcessSpec{ID: "p-1", Path: "true"}).exits(0)
				_, err := s.connection.Attach(handle, id, garden.ProcessIO{})
				Expect(err).To(MatchError(garden.ProcessNotFoundError{ProcessID: id}))
			},
			Entry("another process", "c-1", "p-2"),
			Entry("another container's", "c-2", "p-1"),
			Entry("an unknown container's", "c-9", "p-1"),
		)
	})

	Describe("Signal", func() {
		DescribeTable("ends a process with its group",
			func(signal garden.Signal, status int) {
				process := s.run("c-1", sh("sleep 1000 & echo pid $!; wait"))
				child := process.pid()
				Expect(process.Signal(signal)).To(Succeed())
				process.exits(status)
				Eventually(alive).WithArguments(child).Should(BeFalse())
			},
			Entry("with SIGTERM", garden.SignalTerminate, 128+15),
			Entry("with SIGKILL", garden.SignalKill, 128+9),
		)

		It("can be caught", func() {
			process := s.run("c-1", sh("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"))
			Eventually(process.stdout).Should(gbytes.Say("ready"))
			Expect(process.Signal(garden.SignalTerminate)).To(Succeed())
			process.exits(7)
		})

		It("reaches a process from another connection", func() {
			process := s.run("c-1", sh("sleep 1000"))
			Expect(s.attach("c-1", process.ID()).Signal(garden.SignalKill)).To(Succeed())
			process.exits(128 + 9)
		})
	})

	// Each of them leaves a child that has its own session and no parent.
	away := sh("setsid sh -c 'echo pid $$; sleep 1000' & sleep 1000")

	DescribeTable("leave nothing running",
		func(end func()) {
			process := s.run("c-1", away)
			child := process.pid()
			Expect(alive(child)).To(BeTrue())
			end()
			Expect(alive(child)).To(BeFalse())
		},
		Entry("when the container is destroyed", func() { Expect(s.client.Destroy("c-1")).To(Succeed()) }),
		Entry("when the container is taken away", func() { Expect(s.server.Remove("c-1")).To(Succeed()) }),
		Entry("when the container is stopped", func() { Expect(s.container("c-1").Stop(false)).To(Succeed()) }),
		Entry("when the container is killed", func() { Expect(s.container("c-1").Stop(true)).To(Succeed()) }),
		Entry("when the server stops", func() { Expect(s.server.Stop()).To(Succeed()) }),
	)

	It("leave nothing running whose parent has gone", func() {
		process := s.run("c-1", sh("setsid sleep 1000 <&- >&- 2>&- & echo pid $!"))
		child := process.pid()
		process.exits(0)
		Expect(alive(child)).To(BeTrue())
		Expect(s.client.Destroy("c-1")).To(Succeed())
		Expect(alive(child)).To(BeFalse())
	})

	It("leave nothing running that has thrown away its environment", func() {
		process := s.run("c-1", sh("env -i sleep 1000 & echo pid $!; wait"))
		child := process.pid()
		Expect(s.client.Destroy("c-1")).To(Succeed())
		Expect(alive(child)).To(BeFalse())
	})

	It("are ended gently by a stop, and others can be run then", func() {
		process := s.run("c-1", sh("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"))
		Eventually(process.stdout).Should(gbytes.Say("ready"))
		Expect(s.container("c-1").Stop(false)).To(Succeed())
		process.exits(7)
		s.run("c-1", sh("true")).exits(0)
	})

	It("are killed by a stop that kills", func() {
		process := s.run("c-1", sh("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"))
		Eventually(process.stdout).Should(gbytes.Say("ready"))
		Expect(s.container("c-1").Stop(true)).To(Succeed())
		process.exits(128 + 9)
	})

	It("can't be run or streamed to when the server has stopped", func() {
		container := s.lookup("c-1")
		Expect(s.server.Stop()).To(Succeed())
		_, err := container.Run(garden.ProcessSpec{Path: "true"}, garden.ProcessIO{})
		Expect(err).To(HaveOccurred())
		Expect(container.StreamIn(garden.StreamInSpec{Path: "/", TarStream: archive()})).To(MatchError("container is being destroyed"))
		Expect(filepath.Join(s.files, "c-1")).NotTo(BeAnExistingFile())
	})

	It("tell those who wait when their container is destroyed", func() {
		process := s.run("c-1", sh("sleep 1000"))
		Expect(s.client.Destroy("c-1")).To(Succeed())
		process.exits(128 + 9)
		Expect(filepath.Join(s.files, "c-1")).NotTo(BeAnExistingFile())
		Expect(filepath.Join(s.files, "c-2")).To(BeADirectory())
	})

	It("go on when a destroy fails", func() {
		process := s.run("c-1", sh("read line; exit 4"))
		s.fault("destroy-fails")
		Expect(s.client.Destroy("c-1")).NotTo(Succeed())
		process.say("\n")
		process.exits(4)
	})

	It("can't be run where the root volume is missing", func() {
		volumes := GinkgoT().TempDir()
		there := filepath.Join(volumes, "live", "v-1", "volume")
		Expect(os.MkdirAll(there, 0o755)).To(Succeed())
		s := hosted(backend.Options{Volumes: volumes},
			backend.Container{Handle: "c-1", Root: there},
			backend.Container{Handle: "c-2", Root: filepath.Join(volumes, "live", "v-2", "volume")},
			backend.Container{Handle: "c-3", Root: "/somewhere/else"})
		s.run("c-1", sh("true")).exits(0)
		s.run("c-3", sh("true")).exits(0)
		_, err := s.container("c-2").Run(garden.ProcessSpec{Path: "true", User: "root"}, garden.ProcessIO{})
		Expect(err).To(MatchError("unable to find user root: no matching entries in passwd file"))
	})

	It("take no signal over containerd, as Concourse's own backend", func() {
		s := hosted(backend.Options{Containerd: true}, backend.Container{Handle: "c-1"})
		process := s.run("c-1", sh("read line; exit 5"))
		Expect(process.Signal(garden.SignalKill)).To(Succeed())
		process.say("\n")
		process.exits(5)
	})

	It("are not implemented without files", func() {
		s := serve(backend.Options{}, backend.Container{Handle: "c-1"})
		_, err := s.container("c-1").Run(sh("true"), garden.ProcessIO{})
		Expect(err).To(MatchError("not implemented"))
		_, err = s.container("c-1").Attach("p-1", garden.ProcessIO{})
		Expect(err).To(MatchError("not implemented"))
		Expect(s.Runs("c-1")).To(BeEmpty())
	})
})

func current() *user.User {
	found, err := user.Current()
	if err != nil {
		panic(err)
	}
	return found
}

// running counts what was run of a container that is said to have two processes more, or none.
func (s *served) running(handle string) func() int {
	return func() int {
		GinkgoHelper()
		more := 1
		if handle == "c-1" {
			more = 3
		}
		return int(s.metrics(handle).Metrics.PidStat.Current) - more
	}
}
