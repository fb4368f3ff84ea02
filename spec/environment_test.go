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

	It("protects in spite of spaces: WEEDER_PROTECT", func() {
		Expect(parse(with("WEEDER_PROTECT=xyz-*, prot-*", "scan", "--json")).of("prot-1").HeldBy).To(ConsistOf("protected"))
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
