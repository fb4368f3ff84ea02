package spec

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/creack/pty"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// screen runs a command to its end on a pseudo-terminal, with those of its
// standard files on it that lead nowhere else, and gives what is to be seen.
func screen(command *exec.Cmd) string {
	GinkgoHelper()
	keys, tty, err := pty.Open()
	Expect(err).NotTo(HaveOccurred())
	defer keys.Close()
	command.Stdin, command.Stdout = tty, tty
	if command.Stderr == nil {
		command.Stderr = tty
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	Expect(command.Start()).To(Succeed())
	tty.Close()

	// It ends with EIO once the last of the terminal's users has gone.
	shown, _ := io.ReadAll(io.TeeReader(keys, GinkgoWriter))
	_ = command.Wait()
	return strings.ReplaceAll(string(shown), "\r\n", "\n")
}

// columns lays out a table: two spaces between columns, none behind the last.
func columns(rows ...[]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, field := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(field))
		}
	}
	text := ""
	for _, row := range rows {
		for i, field := range row {
			if i > 0 {
				text += "  "
			}
			text += field
			if i < len(row)-1 {
				text += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(field))
			}
		}
		text += "\n"
	}
	return text
}

// sgr are the sequences that weeder itself colours with.
var sgr = regexp.MustCompile("\x1b\\[(0|1|3[0-7])?m")

var _ = Describe("a table", func() {
	var (
		w      *worker
		header = []string{"handle", "verdict", "age", "grace", "reason", "held by", "for", "volumes"}
		rows   = [][]string{
			{"a-leaked", "orphan", "6h", "-", "volume-missing", "-", "get", "a-leaked-root missing, a-leaked-get live"},
			{"b-dark", "unknown", "-", "-", "no-source", "-", "-", "-"},
			{"c-healthy", "live", "6h", "-", "-", "-", "-", "1 volume"},
			{"d-graceful", "live", "6h", "1h30m", "-", "-", "-", "1 volume"},
			{"e-foreign-with-a-long-handle", "foreign", "6h", "-", "-", "-", "-", "-"},
		}
	)

	BeforeEach(func() {
		w = emptyWorker()
		w.volume("root", "live", nil)
		w.create(body{"handle": "d-graceful", "root_volume": "root", "age": "6h", "grace_time": "90m", "no_timer": true})
		w.create(body{"handle": "e-foreign-with-a-long-handle", "root_path": "/var/lib/other/rootfs", "age": "6h"})
		w.orphan("a-leaked")
		w.healthy("c-healthy")
		w.create(body{"handle": "b-dark", "no_bundle": true})
	})

	// scanOn is the table of scan alone.
	scanOn := func(environment ...string) *exec.Cmd {
		command := command(w, "scan")
		command.Env = append(command.Env, environment...)
		command.Stderr = GinkgoWriter
		return command
	}

	It("has neither header nor colour when piped, and is sorted", func() {
		Expect(stdout(weeder(w, "scan"))).To(Equal(columns(rows...)))
	})

	It("has a header and colours on a terminal", func() {
		shown := screen(scanOn())
		Expect(sgr.ReplaceAllString(shown, "")).To(Equal(columns(append([][]string{header}, rows...)...)))
		Expect(shown).To(HavePrefix("\x1b[1mhandle\x1b[0m"))
		Expect(shown).To(ContainSubstring("\x1b[31morphan\x1b[0m"))
		Expect(shown).To(ContainSubstring("\x1b[32mlive\x1b[0m"))
		Expect(shown).To(ContainSubstring("\x1b[33munknown\x1b[0m"))
	})

	It("has a header and no colour on a terminal with NO_COLOR", func() {
		Expect(screen(scanOn("NO_COLOR=1"))).To(Equal(columns(append([][]string{header}, rows...)...)))
	})

	It("has colours with a NO_COLOR that is empty, which does not count", func() {
		Expect(screen(scanOn("NO_COLOR="))).To(ContainSubstring("\x1b[31morphan"))
	})

	It("has lower-case headers in every command", func() {
		for _, line := range []string{"scan", "list --long", "volumes", "capacity", "reap --dry-run"} {
			command := command(w, strings.Fields(line)...)
			command.Env = append(command.Env, "NO_COLOR=1")
			command.Stderr = GinkgoWriter
			first, _, _ := strings.Cut(screen(command), "\n")
			Expect(first).To(MatchRegexp(`^[a-z]+( [a-z]+)*(  +[a-z]+( [a-z]+)*)+$`), line)
			Expect(stdout(weeder(w, strings.Fields(line)...))).NotTo(ContainSubstring(first), line)
		}
	})

	It("is no table for --json, on a terminal as elsewhere", func() {
		command := command(w, "scan", "--json")
		command.Stderr = GinkgoWriter
		Expect(screen(command)).To(And(HavePrefix("{\n  \"scanned_at\": "), HaveSuffix("\n}\n"), Not(ContainSubstring("\x1b"))))
	})
})

var _ = Describe("an error", func() {
	It("is marked in red on a terminal alone, and not with NO_COLOR", func() {
		Expect(screen(command(nil, "ping", "--target="))).To(HavePrefix("\x1b[31merror:\x1b[0m --target: "))
		Expect(stderr(weeder(nil, "ping", "--target="))).To(HavePrefix("error: --target: "))
		plain := command(nil, "ping", "--target=")
		plain.Env = append(plain.Env, "NO_COLOR=1")
		Expect(screen(plain)).To(HavePrefix("error: --target: "))
	})
})

// What others name and write must not steer the terminal of who looks.
var _ = Describe("what is hostile", func() {
	const (
		hostile = "evil\x1b[31m\x1b]0;title\x07\x7f\u009b2J\u202e\rover\nnext"
		known   = "known"
	)
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.create(body{"handle": hostile, "root_volume": "root", "age": "6h"})
		w.orphan("leaked")
		w.create(body{
			"handle": known, "root_volume": hostile, "age": "6h",
			"env":        []string{"BUILD_PIPELINE_NAME=" + hostile},
			"properties": map[string]string{hostile: hostile, "key": hostile},
		})
		directory := filepath.Join(w.Volumes, "live", "leaked-get")
		writeFile(`{"key":"evil\u001b[31m"}`, directory, "properties.json")
		writeFile("evil\x1b[31m\n", directory, "ttl.json")
		Expect(os.Symlink(filepath.Join(w.Volumes, "live", hostile), filepath.Join(directory, "parent"))).To(Succeed())
		Expect(os.MkdirAll(filepath.Join(w.Volumes, "live", hostile+"-on-disk"), 0o755)).To(Succeed())
	})

	// steersNot shows that nothing but text, and weeder's own colours, is on
	// the terminal.
	steersNot := func(shown string) {
		GinkgoHelper()
		Expect(shown).To(ContainSubstring("evil"))
		text := sgr.ReplaceAllString(strings.ReplaceAll(shown, "evil\x1b[31m", "evil\x1b!"), "")
		Expect(text).NotTo(MatchRegexp("[\\x00-\\x08\\x0b-\\x1f\\x7f\u0080-\u009f\u202e]"))
		Expect(text).NotTo(ContainSubstring("\nnext"))
	}

	DescribeTable("never reaches a terminal as it is by", func(line string) {
		steersNot(screen(command(w, strings.Fields(line)...)))
	},
		Entry(nil, "scan"), Entry(nil, "scan --json"), Entry(nil, "explain known"), Entry(nil, "explain known --json"),
		Entry(nil, "explain leaked"), Entry(nil, "volumes"), Entry(nil, "volumes --json"), Entry(nil, "reap --dry-run"),
		Entry(nil, "reap --yes"), Entry(nil, "list"), Entry(nil, "list --long"), Entry(nil, "properties known"), Entry(nil, "properties -j known"),
	)

	DescribeTable("never reaches a terminal as it is by an error of", func(args ...string) {
		steersNot(screen(command(w, args...)))
	},
		Entry("explain", "explain", hostile+"?"), Entry("reap", "reap", "--yes", hostile+"?"),
		Entry("destroy", "destroy", hostile), Entry("properties", "properties", hostile),
		Entry("the target", "--target", hostile, "ping"), Entry("the volumes directory", "volumes", "--volumes", "/"+hostile),
		Entry("a flag", "scan", "--"+hostile), Entry("a command", hostile), Entry("an argument", "scan", hostile),
	)

	It("never reaches a terminal as it is by an error of Garden", func() {
		answer, err := json.Marshal(map[string]string{"Type": "", "Message": hostile})
		Expect(err).NotTo(HaveOccurred())
		garden := fakeGarden(answering(500, asJSON, string(answer)))
		for _, line := range []string{"list", "scan", "destroy handle", "properties handle"} {
			steersNot(screen(command(garden, strings.Fields(line)...)))
		}
	})

	It("is printed as it is where gaol prints it, to a pipe", func() {
		Expect(stdout(weeder(w, "list"))).To(ContainSubstring(hostile + "\n"))
		Expect(stdout(weeder(w, "properties", known))).To(ContainSubstring("key\t" + hostile + "\n"))
	})

	It("is told with a printable handle, and without being sent to Garden", func() {
		session := weeder(w, "scan", "--json")
		Expect(session).To(gexec.Exit(0))
		c := parse(session).of(hostile)
		Expect(c.Verdict).To(Equal("unknown"))
		Expect(c.codes()).To(ConsistOf("handle-unsafe"))
	})
})
