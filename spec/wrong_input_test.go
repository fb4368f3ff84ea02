package spec

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// commandLine is weeder with the words of a line, on no worker.
func commandLine(line string) *exec.Cmd {
	return command(nil, strings.Fields(line)...)
}

var _ = Describe("wrong input", func() {
	DescribeTable("on the command line is a usage error:", func(args []string, texts ...string) {
		complains(weeder(nil, args...), 2, texts...)
	},
		Entry("an unknown command", []string{"weed"}, "unknown command `weed': see weeder --help"),
		Entry("a command with a typing mistake", []string{"scna"}, "unknown command `scna': try weeder scan, or see weeder --help"),
		Entry("half a command", []string{"set-grace"}, "try weeder set-gracetime"),
		Entry("half of another word", []string{"ls"}, "unknown command `ls': see weeder --help"),
		Entry("help for an unknown command", []string{"help", "scna"}, "try weeder scan"),
		Entry("an unknown global flag", []string{"--quiet", "scan"}, "unknown flag", "quiet", "see weeder scan --help"),
		Entry("an unknown flag of a command", []string{"scan", "--dry-run"}, "unknown flag", "dry-run", "see weeder scan --help"),
		Entry("an unknown short flag", []string{"list", "-x"}, "unknown flag", "x", "see weeder list --help"),
		Entry("an argument too many", []string{"scan", "handle"}, `unexpected argument "handle"`),
		Entry("a second handle for explain", []string{"explain", "a", "b"}, `unexpected argument "b"`),
		Entry("explain without a handle", []string{"explain"}, "HANDLE", "was not provided"),
		Entry("properties without a handle", []string{"properties", "-j"}, "HANDLE", "was not provided"),
		Entry("a flag without its value", []string{"scan", "--grace"}, "--grace"),
		Entry("a value for a flag that takes none", []string{"scan", "--exit-code=3"}, "--exit-code"),

		Entry("a duration without a unit", []string{"scan", "--timeout", "30"}, "--timeout", `: "30": want a duration such as 30s, 10m or 24h: see weeder scan --help`),
		Entry("a duration that is none", []string{"scan", "--grace=soon"}, "--grace", `"soon": want a duration`),
		Entry("a duration in days", []string{"scan", "--grace=1d"}, "--grace", `: "1d": want a duration`),
		Entry("a duration with quotes", []string{"scan", `--grace=1"d": x`}, "--grace", `: "1\"d\": x": want a duration`),
		Entry("an empty duration", []string{"scan", "--grace="}, "--grace", `: "": want a duration`),
		Entry("an empty target", []string{"--target=", "ping"}, "--target: empty", "host:port"),
		Entry("a timeout of nothing", []string{"--timeout=0s", "ping"}, "--timeout", "30s"),
		Entry("a timeout below nothing", []string{"--timeout=-1s", "ping"}, "--timeout", "30s"),
		Entry("a timeout of less than any answer takes", []string{"--timeout=999us", "ping"}, "--timeout: give at least 1ms, such as 30s"),
		Entry("a negative grace", []string{"scan", "--grace=-1s"}, "--grace", "negative"),
		Entry("a negative grace of the busy", []string{"reap", "--yes", "--busy-grace=-1s"}, "--busy-grace", "negative"),
		Entry("a destroy timeout of nothing", []string{"reap", "--yes", "--destroy-timeout=0s"}, "--destroy-timeout", "at least 1s"),
		Entry("no destroy in flight", []string{"reap", "--yes", "--max-in-flight=0"}, "--max-in-flight", "at least 1"),
		Entry("a negative cap", []string{"reap", "--yes", "--max-per-pass=-1"}, "--max-per-pass", "0 for no bound"),
		Entry("a cap that is no number", []string{"reap", "--yes", "--max-per-pass=few"}, "--max-per-pass", `"few": want a whole number: see`),
		Entry("negative slots", []string{"--max-containers=-1", "scan"}, "--max-containers", `"-1": want a whole number from 0 on: see`),

		Entry("an address of baggageclaim that is none", []string{"scan", "--baggageclaim=7788"},
			`--baggageclaim: "7788" is no address: want host:port, such as 127.0.0.1:7788, or '' to do without`),
		Entry("a namespace that is none", []string{"scan", "--containerd-namespace=con/course"}, "--containerd-namespace: ", "such as concourse"),
		Entry("no namespace", []string{"scan", "--containerd-namespace="}, "--containerd-namespace: ", "such as concourse"),
		Entry("a depot that is a file", []string{"scan", "--depot=/dev/null"}, "--depot: /dev/null is no directory: name one"),
		Entry("a depot in a file", []string{"scan", "--depot=/dev/null/depot"}, "--depot: /dev/null/depot can't be a directory"),

		Entry("a malformed glob", []string{"scan", "--protect=[a-"}, `--protect "[a-": `, "syntax error in pattern"),
		Entry("a malformed glob among good ones", []string{"reap", "--yes", "--protect=a*", "--protect=[a-"}, `--protect "[a-": `),
		Entry("a property without a name", []string{"scan", "--protect==web"}, `--protect "=web": `, "name is missing"),
		Entry("an empty protection", []string{"scan", "--protect="}, "--protect", "handle glob or key=value"),
		Entry("an empty protection beside a good one", []string{"scan", "--protect=", "--protect=a*"}, "--protect", "handle glob or key=value"),
		Entry("a list of no protections", []string{"scan", "--protect= , "}, "--protect", "handle glob or key=value"),
		Entry("a malformed glob in a list", []string{"scan", "--protect=a*,[b,c]"}, `--protect "[b": `, "syntax error in pattern"),

		Entry("a verdict that there is not", []string{"scan", "--only=dead"}, "--only", "orphan, unknown, foreign or live"),
		Entry("another reading of a ttl of 0", []string{"scan", "--zero-ttl=now"}, "--zero-ttl", "never or expires-at"),
		Entry("a reading of a ttl of 0 for a destroy", []string{"reap", "--zero-ttl=expires-at"}, "unknown flag", "zero-ttl"),
		Entry("a log level that there is not", []string{"--log-level=loud", "scan"}, "--log-level", "debug, info, error or fatal"),
		Entry("an override of an interlock that has none", []string{"reap", "--yes", "--override=witnesses-disagree"},
			"--override", "no-volume-found or baggageclaim-unreachable"),
		Entry("a reap with nobody to ask", []string{"reap"}, "--yes", "--dry-run"),
	)

	It("is told of all at once", func() {
		for _, command := range []string{"scan", "explain leaked --logs=[", "reap --yes"} {
			session := weeder(nil, append(strings.Fields(command), "--graec", "--grace=-1s", "--protect=[a", "--timeout=0s")...)
			Expect(session).To(gexec.Exit(2))
			Expect(stderr(session)).To(SatisfyAll(ContainSubstring("`graec'"), ContainSubstring("--grace: "),
				ContainSubstring(`--protect "[a": `), ContainSubstring("--timeout: ")))
			if strings.Contains(command, "--logs") {
				Expect(stderr(session)).To(ContainSubstring("--logs: "))
			}
		}
	})

	DescribeTable("for a target is a usage error:", func(target string, texts ...string) {
		texts = append(texts, "target")
		complains(weeder(nil, "--target", target, "ping"), 2, append(texts, "--target")...)
		for _, variable := range []string{"WEEDER_TARGET", "GAOL_TARGET"} {
			command := command(nil, "ping")
			command.Env = append(command.Env, variable+"="+target)
			complains(finish(command), 2, texts...)
		}
	},
		Entry("a host without a port", "worker.internal", "worker.internal", "host:port"),
		Entry("a port without a host", "7777", "7777", "host:port"),
		Entry("port 0", "127.0.0.1:0", `"0" is no port`),
		Entry("a port that is too large", "127.0.0.1:77777", `"77777" is no port`),
		Entry("a port that is none", "127.0.0.1:garden", `"garden" is no port`),
		Entry("an address of IPv6 without brackets", "::1:7777", "::1:7777", "host:port"),
		Entry("a URL", "http://127.0.0.1:7777", "http://127.0.0.1:7777", "host:port"),
		Entry("a unix URL without a path", "unix://", "unix://PATH"),
		Entry("a directory", "/", "is no socket"),
		Entry("a file", "/dev/null", "is no socket"),
		Entry("a relative path where nothing is", "nowhere/garden.sock", "nowhere/garden.sock", "no socket is there"),
	)

	DescribeTable("for a target that is a socket and not there is no answer", func(target string) {
		complains(weeder(nil, "--target", target, "ping"), 1,
			"/nowhere/garden.sock", "there is no such socket", "set --target")
	},
		Entry("as a URL", "unix:///nowhere/garden.sock"),
		Entry("as a path", "/nowhere/garden.sock"),
	)

	DescribeTable("in the environment is a usage error:", func(command string, variable string, texts ...string) {
		with := commandLine(command)
		with.Env = append(with.Env, variable)
		complains(finish(with), 2, texts...)
	},
		Entry("a timeout", "ping", "WEEDER_TIMEOUT=30", "invalid argument for flag `--timeout' (from WEEDER_TIMEOUT): \"30\": want a duration such as 30s, 10m or 24h: see weeder ping --help"),
		Entry("a timeout of nothing", "ping", "WEEDER_TIMEOUT=0s", "--timeout (from WEEDER_TIMEOUT): ", "30s"),
		Entry("a grace", "scan", "WEEDER_GRACE=soon", "--grace", `"soon"`),
		Entry("a protection", "scan", "WEEDER_PROTECT=a*,[b", `--protect (from WEEDER_PROTECT) "[b": `),
		Entry("a verdict", "scan", "WEEDER_ONLY=live,dead", "`--only' (from WEEDER_ONLY): ", "orphan, unknown, foreign or live"),
		Entry("a yes or no", "scan", "WEEDER_JSON=please", "`--json' (from WEEDER_JSON): ", `"please": want true or false: see`),
		Entry("a number", "scan", "WEEDER_MAX_CONTAINERS=many", "--max-containers", `"many"`),
		Entry("a log level", "scan", "WEEDER_LOG_LEVEL=loud", "--log-level", "debug, info, error or fatal"),
		Entry("an override", "reap --yes", "WEEDER_OVERRIDE=starting", "--override", "no-volume-found or baggageclaim-unreachable"),
		Entry("a cap", "reap --yes", "WEEDER_MAX_PER_PASS=-1", "--max-per-pass (from WEEDER_MAX_PER_PASS): ", "0 for no bound"),
	)

	Context("for a handle", func() {
		var w *worker

		BeforeEach(func() {
			w = emptyWorker()
			w.healthy("healthy")
			w.orphan("leaked")
		})

		It("that is not known: says so, and destroys nothing", func() {
			complains(weeder(w, "explain", "nobody"), 1, "unknown handle: nobody", "weeder scan")
			complains(weeder(w, "properties", "nobody"), 1, "unknown handle: nobody")
			complains(weeder(w, "destroy", "nobody"), 1, "unknown handle: nobody")
			complains(weeder(w, "reap", "--yes", "nobody"), 1, "unknown handle: nobody", "weeder scan")
			complains(weeder(w, "reap", "--yes", "leaked", "nobody"), 1, "unknown handle: nobody", "nothing was destroyed")
			Expect(w.destroyed()).To(BeEmpty())
		})

		DescribeTable("that no container has: never sends it to Garden", func(handle string) {
			w.control("DELETE", "/calls", nil)
			complains(weeder(w, "destroy", "--", handle), 1, "not a handle that can safely be sent to garden")
			complains(weeder(w, "properties", "--", handle), 1, "not a handle that can safely be sent to garden")
			Expect(w.calls()).To(BeEmpty())

			complains(weeder(w, "explain", "--", handle), 1, "unknown handle: ")
			complains(weeder(w, "reap", "--yes", "--", handle), 1, "unknown handle: ")
			Expect(w.destroyed()).To(BeEmpty())
		},
			Entry("which is empty", ""),
			Entry("with a query", "leaked?x"),
			Entry("with a fragment", "leaked#x"),
			Entry("of two", "leaked,healthy"),
			Entry("that leads elsewhere", "../containers/leaked"),
			Entry("that begins as a flag does", "-leaked"),
			Entry("with an escape", "%6ceaked"),
			Entry("with a blank behind", "leaked "),
			Entry("with a line end", "leaked\n"),
		)
	})

	Context("for the volumes directory", func() {
		// unusable shows that nothing is judged and nothing destroyed.
		unusable := func(w *worker, texts ...string) {
			GinkgoHelper()
			w.orphan("leaked")
			texts = append(texts, "--volumes")
			for _, command := range []string{"scan", "explain leaked", "reap --yes", "reap --yes leaked",
				"reap --yes --override=no-volume-found", "reap --dry-run"} {
				complains(weeder(w, strings.Fields(command)...), 1, append(texts, "error: volumes-dir-unusable: ")...)
			}
			complains(weeder(w, "volumes"), 1, texts...)
			Expect(w.destroyed()).To(BeEmpty())

			session := weeder(w, "scan", "--json")
			Expect(session).To(gexec.Exit(1))
			found := parse(session)
			Expect(found.interlocks()).To(ConsistOf("volumes-dir-unusable"))
			Expect(found.Containers).To(BeEmpty())
			Expect(found.Summary).To(HaveKeyWithValue("orphan", BeNil()))
		}

		var w *worker
		BeforeEach(func() { w = emptyWorker() })

		It("there is none: volumes-dir-unusable", func() {
			w.Volumes = filepath.Join(GinkgoT().TempDir(), "volumes")
			unusable(w, w.Volumes, "no such file or directory", "is its disk mounted?")
		})

		It("a file is in its place: volumes-dir-unusable", func() {
			w.Volumes = writeFile("", GinkgoT().TempDir(), "volumes")
			unusable(w, w.Volumes, "not a directory")
		})

		It("it lacks live: volumes-dir-unusable", func() {
			w.Volumes = GinkgoT().TempDir()
			unusable(w, filepath.Join(w.Volumes, "live"), "no such file or directory", "is its disk mounted?")
		})

		It("a file is in the place of live: volumes-dir-unusable", func() {
			w.Volumes = GinkgoT().TempDir()
			unusable(w, writeFile("", w.Volumes, "live"), "not a directory")
		})

		It("it is a symlink to itself: volumes-dir-unusable", func() {
			w.Volumes = filepath.Join(GinkgoT().TempDir(), "volumes")
			Expect(os.Symlink(w.Volumes, w.Volumes)).To(Succeed())
			unusable(w, w.Volumes, "too many links")
		})
	})

	It("for the depot is an error that names it, not Garden", func() {
		w := emptyWorker()
		w.orphan("leaked")
		depot := filepath.Join(GinkgoT().TempDir(), "depot")
		complains(weeder(w, "scan", "--depot", depot), 1, depot, "--depot")
		session := weeder(w, "scan", "--depot", depot)
		Expect(stderr(session)).NotTo(ContainSubstring("is Garden up?"))
		Expect(weeder(w, "reap", "--yes", "--depot", depot)).To(gexec.Exit(1))
		Expect(w.destroyed()).To(BeEmpty())
	})
})
