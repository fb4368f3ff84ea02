package spec

import (
	"net"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"weeder/journal"
)

// What a user may not read is not known: it is no sign that something is gone.
var _ = Describe("as a user without permission", func() {
	var w *worker

	BeforeEach(func() {
		// Everything but what a spec forbids may be read.
		dir := GinkgoT().TempDir()
		Expect(os.Chmod(dir, 0o755)).To(Succeed())
		w = emptyWorker("--dir", filepath.Join(dir, "worker"))
		w.Journal = filepath.Join(dir, "journal")
		w.healthy("healthy")
		w.orphan("leaked")
		for _, handle := range []string{"healthy", "leaked"} {
			Expect(os.Chmod(filepath.Join(w.Depot, handle, "config.json"), 0o644)).To(Succeed())
		}
	})

	// allow leaves a path these permissions alone, for the spec.
	allow := func(mode os.FileMode, path ...string) {
		GinkgoHelper()
		name := filepath.Join(path...)
		info, err := os.Stat(name)
		Expect(err).NotTo(HaveOccurred())
		Expect(os.Chmod(name, mode)).To(Succeed())
		DeferCleanup(os.Chmod, name, info.Mode().Perm())
	}

	// forbid takes all permissions off a path, for the spec.
	forbid := func(path ...string) {
		GinkgoHelper()
		allow(0, path...)
	}

	// unprivilegedScan is a scan that could judge.
	unprivilegedScan := func() report {
		GinkgoHelper()
		session := unprivileged(w, "scan", "--json")
		Expect(session).To(gexec.Exit(0), stderr(session))
		return parse(session)
	}

	It("who may read everything, judges and reaps as root does", func() {
		Expect(unprivilegedScan().of("leaked").Eligible).To(BeTrue())
		Expect(unprivileged(w, "reap", "--yes")).To(gexec.Exit(0))
		Expect(w.destroyed()).To(ConsistOf("leaked"))
	})

	DescribeTable("for a directory of the volumes directory: volumes-dir-unusable", func(path ...string) {
		w.volume("dead", "dead", nil)
		w.volume("init", "init", nil)
		forbid(append([]string{w.Volumes}, path...)...)
		for _, command := range [][]string{{"scan"}, {"reap", "--yes"}, {"reap", "--yes", "leaked"}, {"explain", "leaked"}} {
			complains(unprivileged(w, command...), 1, "volumes-dir-unusable", w.Volumes, "permission denied", "as root")
		}
		complains(unprivileged(w, "volumes"), 1, w.Volumes, "permission denied", "as root")
		Expect(w.destroyed()).To(BeEmpty())
	},
		Entry("itself"),
		Entry("live", "live"),
		Entry("init", "init"),
		Entry("dead", "dead"),
	)

	DescribeTable("for a part of a volume: volumes-dir-unusable, ttl-unreadable", func(path ...string) {
		w.volume("healthy-root", "live", &ttl{seconds: 300, expiresAt: expired().expiresAt})
		Expect(unprivilegedScan().of("healthy").codes()).To(ConsistOf("volume-expired"))

		forbid(append([]string{w.Volumes, "live", "healthy-root"}, path...)...)
		found := unprivilegedScan()
		Expect(found.of("healthy").Verdict).To(Equal("unknown"))
		Expect(found.of("healthy").codes()).To(ConsistOf("ttl-unreadable"))
		Expect(found.interlocks()).To(ContainElement("volumes-dir-unusable"))
		Expect(found.of("leaked").HeldBy).To(ContainElement("interlock"))

		session := unprivileged(w, "reap", "--yes")
		Expect(session).To(gexec.Exit(1))
		Expect(stderr(session)).To(SatisfyAll(
			ContainSubstring("warning: volumes-dir-unusable: "), ContainSubstring("healthy-root"), ContainSubstring("as root")))
		Expect(w.destroyed()).To(BeEmpty())
	},
		Entry("its ttl.json", "ttl.json"),
		Entry("its directory"),
	)

	DescribeTable("for what is in a directory that shows its names: does not take a volume for gone", func(state string) {
		allow(0o444, w.Volumes, state)
		found := unprivilegedScan()
		Expect(found.of("leaked").Verdict).To(Equal("unknown"))
		Expect(found.of("leaked").codes()).To(ContainElement("volume-unreadable"))
		Expect(found.interlocks()).To(ConsistOf("volumes-dir-unusable"))

		Expect(unprivileged(w, "reap", "--yes", "--grace=0s", "--busy-grace=0s", "leaked")).To(gexec.Exit(1))
		Expect(w.destroyed()).To(BeEmpty())
	},
		Entry(nil, "init"), Entry(nil, "live"), Entry(nil, "dead"),
	)

	It("for a bundle: source-unreadable", func() {
		forbid(w.Depot, "leaked", "config.json")
		c := unprivilegedScan().of("leaked")
		Expect(c.Verdict).To(Equal("unknown"))
		Expect(c.codes()).To(ConsistOf("source-unreadable"))
		Expect(c.Reasons[0].Detail).To(ContainSubstring("permission denied"))

		Expect(unprivileged(w, "reap", "--yes", "leaked")).To(gexec.Exit(0))
		Expect(w.destroyed()).To(BeEmpty())
	})

	It("for the depot that Garden tells: source-unreadable", func() {
		forbid(w.Depot)
		for _, handle := range []string{"healthy", "leaked"} {
			Expect(unprivilegedScan().of(handle).codes()).To(ConsistOf("source-unreadable"))
		}
		Expect(unprivileged(w, "reap", "--yes")).To(gexec.Exit(0))
		Expect(w.destroyed()).To(BeEmpty())
	})

	It("for all that tells of containers: says that it could judge none, and to run as root", func() {
		warning := "warning: none of Concourse's containers could be judged: "
		forbid(w.Depot, "leaked", "config.json")
		Expect(stderr(unprivileged(w, "scan"))).NotTo(ContainSubstring(warning), "the other one could")

		forbid(w.Depot, "healthy", "config.json")
		blind := warning + "bundle: open " + filepath.Join(w.Depot, "healthy", "config.json") + ": permission denied: run weeder as root\n"
		for _, args := range [][]string{{"scan"}, {"scan", "--json"}, {"explain", "leaked", "--no-logs"}} {
			session := unprivileged(w, args...)
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(HavePrefix(blind), "%v", args)
		}

		By("saying so once")
		complains(unprivileged(w, "explain", "nobody"), 1, "unknown handle")
		w.Containerd = filepath.Join(GinkgoT().TempDir(), "containerd.sock")
		listener, err := net.Listen("unix", w.Containerd)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		forbid(filepath.Dir(w.Containerd))
		Expect(stderr(unprivileged(w, "scan", "--json"))).To(And(HavePrefix(warning+"inspect containers: no answer from containerd"),
			WithTransform(func(text string) int { return strings.Count(text, "run weeder as root") }, Equal(1))))
	})

	It("for the journal: says so and holds what it may hold", func() {
		w.remember("leaked")
		forbid(w.Journal)
		session := unprivileged(w, "scan")
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(MatchRegexp(
			`(?m)^warning: what the daemon remembers can't be read, so every orphan counts as first seen now: .*permission denied$`))
		Expect(unprivilegedScan().of("leaked").HeldBy).To(ConsistOf("grace"))
	})

	It("for a journal to be written: destroys, and tells each destroy on stderr", func() {
		Expect(os.Mkdir(w.Journal, 0o555)).To(Succeed())
		session := unprivileged(w, "reap", "--yes")
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(MatchRegexp(`(?m)^warning: the journal can't be written .*permission denied.* destroyed leaked$`))
		Expect(w.destroyed()).To(ConsistOf("leaked"))
	})

	It("for a daemon's journal: does not start, and says what to try", func() {
		const hint = "permission denied: run weeder as root, or name another directory with --journal\n"
		Expect(os.Mkdir(w.Journal, 0o555)).To(Succeed())
		complains(unprivileged(w, "daemon", "--listen="), 1, filepath.Join(w.Journal, journal.LockName), hint)
		w.Journal = filepath.Join(w.Journal, "journal")
		complains(unprivileged(w, "daemon", "--listen="), 1, "make journal directory: ", w.Journal, hint)
	})

	It("for Garden's socket: says that it is not allowed to connect", func() {
		dir := GinkgoT().TempDir()
		Expect(os.Chmod(dir, 0o755)).To(Succeed())
		socket := filepath.Join(dir, "garden.sock")
		listener, err := net.Listen("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		forbid(socket)

		for _, target := range []string{socket, "unix://" + socket} {
			complains(unprivileged(w, "--target", target, "list"), 1, socket, "not allowed to connect", "permission denied")
			complains(unprivileged(w, "--target", target, "scan"), 1, "garden-unreachable", "not allowed to connect")
		}
	})

	It("for the directory of Garden's socket: does not take its path for a host", func() {
		dir := GinkgoT().TempDir()
		socket := filepath.Join(dir, "garden.sock")
		listener, err := net.Listen("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		forbid(dir)

		session := unprivileged(w, "--target", socket, "list")
		Expect(session.ExitCode()).NotTo(BeZero())
		Expect(stderr(session)).To(ContainSubstring("permission denied"))
		complains(unprivileged(w, "--target", "unix://"+socket, "list"), 1, "not allowed to connect")
	})
})
