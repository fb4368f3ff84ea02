package spec

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("a variable that a template left empty or clumsy", func() {
	var w *worker
	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("healthy")
		w.orphan("prot-1")
	})

	// with runs weeder with a variable set.
	with := func(variable string, args ...string) *gexec.Session {
		GinkgoHelper()
		command := command(w, args...)
		command.Env = append(command.Env, variable)
		return finish(command)
	}

	It("does not say yes: WEEDER_YES", func() {
		Expect(with("WEEDER_YES=", "reap")).To(gexec.Exit(2))
		Expect(w.destroyed()).To(BeEmpty())
		Expect(with("WEEDER_YES=true", "reap")).To(gexec.Exit(0))
		Expect(w.destroyed()).To(ConsistOf("prot-1"))
	})

	It("protects in spite of spaces and commas too many: WEEDER_PROTECT", func() {
		Expect(parse(with("WEEDER_PROTECT= xyz-*, ,prot-*,", "scan", "--json")).of("prot-1").HeldBy).To(ConsistOf("protected"))
	})

	It("is not set where nothing is no value", func() {
		for _, variable := range []string{"WEEDER_GRACE=", "WEEDER_MAX_CONTAINERS=", "WEEDER_LOG_LEVEL=", "WEEDER_ONLY=", "WEEDER_JSON="} {
			session := with(variable, "scan")
			Expect(session).To(gexec.Exit(0), variable)
			Expect(stdout(session)).To(MatchRegexp(`(?s)^healthy .*\nprot-1 .*`), variable)
			Expect(stderr(session)).To(MatchRegexp(`^2 of 250 slots used: .*\n$`), variable)
		}
		Expect(with("WEEDER_SINCE=", "history")).To(gexec.Exit(0))
	})

	It("is set where nothing is a value", func() {
		w.Baggageclaim = deadAddress()
		Expect(stderr(weeder(w, "scan"))).To(ContainSubstring("baggageclaim-unreachable"))
		Expect(stderr(with("WEEDER_BAGGAGECLAIM=", "scan"))).To(HavePrefix("2 of 250 slots used: "))
	})

	It("names no target", func() {
		listed := command(nil, "list")
		listed.Env = append(listed.Env, "WEEDER_TARGET=", "GAOL_TARGET="+w.Target)
		Expect(stdout(finish(listed))).To(ContainSubstring("prot-1"))

		empty := command(nil, "list", "--target", w.Target)
		empty.Env = append(empty.Env, "WEEDER_TARGET=", "GAOL_TARGET=")
		Expect(finish(empty)).To(gexec.Exit(0))

		pinged := command(nil, "ping", "--timeout=1s")
		pinged.Env = append(pinged.Env, "WEEDER_TARGET=", "GAOL_TARGET=")
		Expect(stderr(finish(pinged))).NotTo(ContainSubstring("empty target"))
	})

	It("is another command's affair where this one has no such option", func() {
		Expect(with("WEEDER_SINCE=junk", "scan")).To(gexec.Exit(0))
		Expect(with("WEEDER_PORT=tcp://10.0.0.1:7790", "daemon", "--check")).To(gexec.Exit(0))
		complains(with("WEEDER_SINCE=junk", "history"), 2, "`--since' (from WEEDER_SINCE): ", `"junk"`)
	})

	It("does not count where the option is given", func() {
		Expect(with("WEEDER_GRACE=junk", "scan", "--grace=1h")).To(gexec.Exit(0))
	})

	It("can be what a command can't do without", func() {
		complains(weeder(w, "stream-out", "healthy"), 2, "`-s, --source' was not specified")
		Expect(stderr(with("WEEDER_SOURCE=/nowhere", "stream-out", "healthy"))).NotTo(ContainSubstring("was not specified"))
	})

	It("protects beside what is protected on the command line", func() {
		Expect(parse(with("WEEDER_PROTECT=prot-*", "scan", "--json", "--protect=other-*")).of("prot-1").HeldBy).To(ConsistOf("protected"))
	})

	It("holds everything where the daemon's memory can't be read", func() {
		writeFile("", w.Journal, "memory.json", "a-directory-in-its-place")
		session := weeder(w, "scan", "--json")
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(ContainSubstring("counts as first seen now"))
		Expect(parse(session).of("prot-1").HeldBy).To(ConsistOf("grace"))
	})

	It("tells in the plan that processes run in what is named", func() {
		w.volume("busy-root", "live", nil)
		w.create(body{"handle": "busy", "root_volume": "busy-root", "volumes": map[string]string{"gone": "/gone"}, "age": "6h", "processes": 3})
		Expect(stdout(weeder(w, "reap", "--dry-run", "busy"))).To(MatchRegexp(
			`(?m)^busy +would destroy +- +volume-missing gone, though 4 processes run in it$`))
	})
})
