package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-shellwords"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("help", func() {
	helpOf := func(args ...string) string {
		GinkgoHelper()
		session := weeder(nil, args...)
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(BeEmpty())
		return stdout(session)
	}

	// named are the commands that the help names.
	named := func() []string {
		GinkgoHelper()
		commands, _, found := strings.Cut(helpOf("--help"), "\nGlobal Options:\n")
		Expect(found).To(BeTrue())
		var names []string
		for _, line := range regexp.MustCompile(`(?m)^  ([a-z-]+) +[a-z]+ .*$`).FindAllStringSubmatch(commands, -1) {
			names = append(names, line[1])
		}
		return names
	}

	It("is given for weeder, with what to begin with", func() {
		text := helpOf("--help")
		Expect(text).To(HavePrefix("Usage:\n  weeder [OPTIONS] <command>\n"))
		Expect(text).To(ContainSubstring("Start with: weeder scan\n"))
		Expect(helpOf("-h")).To(Equal(text))
		Expect(helpOf("help")).To(Equal(text))
	})

	It("names all commands, those that find leaks first", func() {
		Expect(named()).To(Equal([]string{
			"scan", "explain", "reap", "daemon", "history", "volumes", "leftovers",
			"ping", "create", "destroy", "list", "run", "attach", "shell", "stream-in", "stream-out", "net-in", "net-out",
			"properties", "set-gracetime", "capacity",
			"completion", "man", "version",
		}))
	})

	It("is given for each command, its own options before those of all", func() {
		for _, name := range named() {
			text := helpOf(name, "--help")
			Expect(text).To(HavePrefix("Usage:\n  weeder [OPTIONS] "+name), name)
			Expect(helpOf(name, "-h")).To(Equal(text))
			Expect(helpOf("help", name)).To(Equal(text))

			about, global, found := strings.Cut(text, "\nGlobal Options:\n")
			Expect(found).To(BeTrue())
			Expect(global).To(MatchRegexp(`(?s)\A  -t, --target=.*\n  -h, --help +Show this help message\n\z`))
			if own := "[" + name + " command options]"; strings.Contains(text, own) {
				Expect(about).To(MatchRegexp(`(?s)\nExample: .*\n\n%s\n.*--[a-z]+`, regexp.QuoteMeta(own)))
			}
		}
	})

	It("fits a terminal", func() {
		for _, name := range append(named(), "") {
			for line := range strings.Lines(helpOf(append(strings.Fields(name), "--help")...)) {
				Expect(len(strings.TrimSuffix(line, "\n"))).To(BeNumerically("<=", 80), line)
			}
		}
	})

	It("has an example for each command that is as weeder wants it", func() {
		for _, name := range named() {
			text := strings.ReplaceAll(helpOf(name, "--help"), "\\\n", " ")
			example := regexp.MustCompile(`(?m)^Example: .*?\bweeder (` + name + `\b[^|&>)\n]*)`).FindStringSubmatch(text)
			Expect(example).NotTo(BeNil(), text)
			args, err := shellwords.Parse(example[1])
			Expect(err).NotTo(HaveOccurred())
			// All mistakes are told: where this is the only one, there is no other.
			complains(weeder(nil, append(args, "--timeout=0s")...), 2, "error: --timeout: give at least 1ms, such as 30s\n")
		}
	})

	It("names the environment variable of each option", func() {
		option := regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)`)
		for _, command := range append(named(), "") {
			text := helpOf(append(strings.Fields(command), "--help")...)
			at := option.FindAllStringSubmatchIndex(text, -1)
			Expect(at).NotTo(BeEmpty())
			for i, match := range at {
				end := len(text)
				if i+1 < len(at) {
					end = at[i+1][0]
				}
				name := text[match[2]:match[3]]
				if name == "help" {
					continue
				}
				of := func(commands ...string) bool { return slices.Contains(commands, command) }
				if name == "grace" && of("create", "set-gracetime") || name == "yes" && of("set-gracetime") {
					// A container's grace time is another thing than weeder's, and a yes
					// to reap none to this.
					Expect(text[match[0]:end]).NotTo(ContainSubstring("[$"))
					continue
				}
				variable := "[$WEEDER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + "]"
				Expect(text[match[0]:end]).To(ContainSubstring(variable), "%s --%s", command, name)
			}
		}
	})
})

var _ = Describe("an environment variable", func() {
	DescribeTable("stands for an option:", func(variable, line, evidence string) {
		w := emptyWorker()
		w.volume("zero", "live", &ttl{expiresAt: time.Now().Add(-time.Hour)})
		w.create(body{"handle": "healthy", "root_volume": "zero", "age": "6h"})
		w.orphan("leaked")
		w.create(body{
			"handle": "murky", "root_volume": "zero", "age": "6h",
			"volumes": map[string]string{"gone": "/tmp/build/get"},
		})
		w.fault("metrics-fail", "murky")
		if strings.HasPrefix(variable, "WEEDER_MAX_CONTAINERS") {
			w.fault("containerd")
		}

		without := command(w, strings.Fields(line)...)
		with := command(w, strings.Fields(line)...)
		with.Env = append(with.Env, variable)
		Expect(said(finish(without))).NotTo(ContainSubstring(evidence))
		Expect(said(finish(with))).To(ContainSubstring(evidence))
	},
		Entry(nil, "WEEDER_TARGET=unix:///nowhere/garden.sock", "ping", "at unix:///nowhere/garden.sock"),
		Entry(nil, "WEEDER_TIMEOUT=999us", "ping", "--timeout (from WEEDER_TIMEOUT): give at least 1ms"),
		Entry(nil, "WEEDER_VOLUMES=/nowhere/volumes", "scan --json", `"volumes_dir": "/nowhere/volumes"`),
		Entry(nil, "WEEDER_BAGGAGECLAIM=127.0.0.1:1", "scan", "ask baggageclaim at 127.0.0.1:1 "),
		Entry(nil, "WEEDER_DEPOT=/nowhere/depot", "scan", "/nowhere/depot"),
		Entry("WEEDER_JOURNAL", "WEEDER_JOURNAL=/"+strings.Repeat("x", 300), "scan", "file name too long"),
		Entry(nil, "WEEDER_MAX_CONTAINERS=77", "scan --json", `"max_containers": 77`),
		Entry(nil, "WEEDER_LOG_LEVEL=debug", "scan", `"source":"weeder"`),
		Entry(nil, "WEEDER_GRACE=7h", "scan --json", `"grace"`),
		Entry(nil, "WEEDER_BUSY_GRACE=1h", "scan --json", `"eligible": 2`),
		Entry(nil, "WEEDER_PROTECT=other,leak*", "scan --json", `"protected"`),
		Entry(nil, "WEEDER_ZERO_TTL=expires-at", "scan", "volume-expired"),
		Entry(nil, "WEEDER_JSON=true", "scan", `"scanned_at"`),
		Entry(nil, "WEEDER_ONLY=unknown", "scan", "\x00nothing on stdout"),
		Entry(nil, "WEEDER_EXIT_CODE=true", "scan", "\x00exit status 3"),
		Entry(nil, "WEEDER_DRY_RUN=true", "reap", "would destroy"),
		Entry(nil, "WEEDER_YES=true", "reap", "leaked  destroyed"),
		Entry(nil, "WEEDER_MAX_PER_PASS=1", "reap --dry-run --busy-grace=0s", "--max-per-pass 1 is reached"),
		Entry(nil, "WEEDER_MAX_IN_FLIGHT=0", "reap --dry-run", "--max-in-flight (from WEEDER_MAX_IN_FLIGHT): give at least 1"),
		Entry(nil, "WEEDER_DESTROY_TIMEOUT=0s", "reap --dry-run", "--destroy-timeout (from WEEDER_DESTROY_TIMEOUT): give at least 1s"),
		Entry(nil, "WEEDER_OVERRIDE=baggageclaim-unreachable", "reap --dry-run --baggageclaim 127.0.0.1:1", "overridden"),
	)

	It("gives way to the option itself", func() {
		w := emptyWorker()
		w.orphan("leaked")
		command := command(w, "--timeout=9s", "scan", "--grace=10m", "--only=orphan", "--json")
		command.Env = append(command.Env, "WEEDER_TIMEOUT=0s", "WEEDER_GRACE=7h", "WEEDER_ONLY=live")
		session := finish(command)
		Expect(session).To(gexec.Exit(0))
		Expect(parse(session).of("leaked").Eligible).To(BeTrue())
	})

	DescribeTable("for the target: of --target, WEEDER_TARGET and GAOL_TARGET the first that is given counts:",
		func(flag, weederTarget, gaolTarget string, reached bool) {
			w := emptyWorker()
			at := map[string]string{"here": w.Target, "nowhere": "unix:///nowhere/garden.sock"}
			args := []string{"ping"}
			if flag != "" {
				args = append(args, "--target", at[flag])
			}
			ping := command(nil, args...)
			if weederTarget != "" {
				ping.Env = append(ping.Env, "WEEDER_TARGET="+at[weederTarget])
			}
			if gaolTarget != "" {
				ping.Env = append(ping.Env, "GAOL_TARGET="+at[gaolTarget])
			}
			session := finish(ping)
			Expect(session.ExitCode() == 0).To(Equal(reached), stderr(session))
			Expect(w.calls()["ping"] == 1).To(Equal(reached))
		},
		Entry("gaol's", "", "", "here", true),
		Entry("gaol's, which is wrong", "", "", "nowhere", false),
		Entry("weeder's and gaol's", "", "here", "nowhere", true),
		Entry("weeder's, which is wrong, and gaol's", "", "nowhere", "here", false),
		Entry("the option and weeder's", "here", "nowhere", "", true),
		Entry("the option and gaol's", "here", "", "nowhere", true),
		Entry("the option and both", "here", "nowhere", "nowhere", true),
		Entry("the option, which is wrong, and both", "nowhere", "here", "here", false),
	)
})

// said is all that a session had to say, with its exit status.
func said(session *gexec.Session) string {
	if stdout(session) == "" {
		return fmt.Sprintf("%s\x00nothing on stdout", stderr(session))
	}
	return fmt.Sprintf("%s%s\x00exit status %d", stdout(session), stderr(session), session.ExitCode())
}
