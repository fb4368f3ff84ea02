package spec

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("daemon's configuration", func() {
	// with runs a daemon to its end, with variables set.
	with := func(variables []string, args ...string) *gexec.Session {
		GinkgoHelper()
		command := command(nil, append([]string{"daemon"}, args...)...)
		command.Env = append(command.Env, variables...)
		return finish(command)
	}

	It("is told every mistake of, at once", func() {
		session := with(
			[]string{"WEEDER_INTERVAL=soon", "WEEDER_MAX_IN_FLIGHT=0", "WEEDER_LISTEN=7790", "WEEDER_TIMEOUT=0s", "WEEDER_PROTECT=[a"},
			"--grace=59s", "--destroy-timeout=1ms", "--busy-grace=long", "--max-per-pass=-1", "--graec=1m")
		Expect(session).To(gexec.Exit(2))
		Expect(stdout(session)).To(BeEmpty())
		lines := strings.Split(strings.TrimSuffix(stderr(session), "\n"), "\n")
		for _, mistake := range []string{"--interval", "--max-in-flight", "--listen", "--timeout", "[a",
			"--grace", "--destroy-timeout", "--busy-grace", "--max-per-pass", "graec"} {
			Expect(lines).To(ContainElement(ContainSubstring(mistake)))
		}
		Expect(lines).To(HaveLen(10))
		Expect(lines).To(HaveEach(MatchRegexp(`^error: [^A-Z\s].*[^.\s]$`)))
	})

	It("is told every mistake of where a number is negative, in a word of its own", func() {
		session := with(nil, "-x", "--max-containers", "9", "--max-containers", "-5", "--grace", "soon", "--listen", "7790", "-t", "--interval=4s", "--graec")
		Expect(session).To(gexec.Exit(2))
		lines := strings.Split(strings.TrimSuffix(stderr(session), "\n"), "\n")
		for _, mistake := range []string{"`x'", "`--max-containers'", `"soon"`, "--listen", "`-t, --target'", "--interval", "`graec'"} {
			Expect(lines).To(ContainElement(ContainSubstring(mistake)))
		}
		Expect(lines).To(HaveLen(7))
	})

	It("is told a mistake of, and not the help asked for beside it", func() {
		complains(with(nil, "--graec=1m", "--help"), 2, "unknown flag `graec': see weeder daemon --help")
	})

	It("is told a mistake of but once", func() {
		complains(with(nil, "--grace=soon", "--grace=soon"), 2, "--grace", `"soon"`)
		complains(with([]string{"WEEDER_GRACE=soon"}), 2, "--grace", `"soon"`)
		complains(with([]string{"WEEDER_GRACE=soon"}, "--grace=later"), 2, "--grace", `"later"`)
	})

	DescribeTable("is refused by daemon and by --check alike",
		func(variables []string, arg, text string) {
			for _, check := range [][]string{nil, {"--check"}} {
				args := check
				if arg != "" {
					args = append(args, arg)
				}
				complains(with(variables, args...), 2, text)
			}
		},
		Entry("a short grace", nil, "--grace=59s", "--grace: 59s is too short for a daemon: give at least 1m0s"),
		Entry("a short grace of the environment", []string{"WEEDER_GRACE=0s"}, "", "--grace (from WEEDER_GRACE): 0s is too short"),
		Entry("a protection of the environment", []string{"WEEDER_PROTECT=[b"}, "", `--protect (from WEEDER_PROTECT) "[b": `),
		Entry("a protection that may be the option's", []string{"WEEDER_PROTECT=b"}, "--protect=[b", `--protect "[b": `),
		Entry("the option in the place of a variable", []string{"WEEDER_GRACE=1h"}, "--grace=0s", "--grace: 0s is too short"),
		Entry("a target of the environment", []string{"GAOL_TARGET=nowhere"}, "", "--target (from GAOL_TARGET): "),
		Entry("a negative grace", nil, "--grace=-1s", "--grace: give no negative duration"),
		Entry("a short interval", nil, "--interval=4s", "--interval: 4s is too short: give at least 5s"),
		Entry("a negative interval", nil, "--interval=-30s", "--interval: -30s is too short"),
		Entry("an address without a port", nil, "--listen=127.0.0.1", "give host:port, such as 127.0.0.1:7790, or '' for none"),
		Entry("an address with a port that is none", nil, "--listen=127.0.0.1:http-or-so", "--listen"),
		Entry("an address with a port beyond all", nil, "--listen=127.0.0.1:65536", "--listen"),
		Entry("a volumes directory that is none", nil, "--volumes=/dev/null", "--volumes: /dev/null is no directory: name one"),
		Entry("a relative volumes directory", nil, "--volumes=volumes", `--volumes: "volumes" is relative: give a daemon an absolute path`),
		Entry("a relative depot", nil, "--depot=./depot", `--depot: "./depot" is relative`),
		Entry("a depot that is none", nil, "--depot=/dev/null", "--depot: /dev/null is no directory"),
		Entry("a relative journal of the environment", []string{"WEEDER_JOURNAL=journal"}, "", `--journal (from WEEDER_JOURNAL): "journal" is relative`),
		Entry("a journal that is none", nil, "--journal=/dev/null", "--journal: /dev/null is no directory"),
		Entry("a relative socket of containerd", nil, "--containerd=containerd.sock", `--containerd: "containerd.sock" is relative`),
		Entry("a URL of containerd's socket", nil, "--containerd=unix:///run/containerd/containerd.sock",
			"--containerd: \"unix:///run/containerd/containerd.sock\" is a URL: give the path of the socket, such as /run/containerd/containerd.sock\n"),
		Entry("a file for containerd's socket", nil, "--containerd=/dev/null", "--containerd: /dev/null is no socket: give containerd's, or '' to do without"),
		Entry("a directory for containerd's socket", nil, "--containerd=/", "--containerd: / is no socket"),
		Entry("a namespace that is none", nil, "--containerd-namespace=a/b", "--containerd-namespace: "),
		Entry("an address of baggageclaim that is none", []string{"WEEDER_BAGGAGECLAIM=none"}, "", "--baggageclaim (from WEEDER_BAGGAGECLAIM): "),
		Entry("a short timeout", nil, "--timeout=999us", "--timeout: give at least 1ms"),
		Entry("an override", nil, "--override=no-volume-found", "unknown flag"),
		Entry("a ttl of 0 that expires", nil, "--zero-ttl=expires-at", "unknown flag"),
		Entry("an argument", nil, "leak", `unexpected argument "leak"`),
		Entry("a target that is none", nil, "--target=unix://", "--target"),
	)

	It("is good", func() {
		for _, args := range [][]string{nil, {"--grace=1m", "--interval=5s"}, {"--listen="}, {"--listen=:7790"}, {"--max-per-pass=0"},
			{"--containerd="}, {"--containerd=/nowhere/containerd.sock"}, {"--volumes=/nowhere/volumes"}, {"--depot=/nowhere"},
			{"--journal=/nowhere/journal"}, {"--baggageclaim="}, {"--baggageclaim=http://localhost:7788/"}, {"--timeout=1ms"}, {"--max-containers=0"}} {
			session := with(nil, append(args, "--check")...)
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(HaveSuffix("\nthe configuration is good\n"))
			Expect(stderr(session)).To(BeEmpty())
		}
	})

	It("may have variables that a template left empty", func() {
		w := emptyWorker()
		w.orphan("leak")
		checked := command(w, "daemon", "--check")
		checked.Env = append(checked.Env, "WEEDER_DRY_RUN=", "WEEDER_PROTECT=", "WEEDER_LISTEN=")
		Expect(finish(checked)).To(gexec.Exit(0))
	})
})
