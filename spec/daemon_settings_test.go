package spec

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("daemon --check", func() {
	// settings are what it prints, by option.
	settings := func(session *gexec.Session) map[string]string {
		GinkgoHelper()
		Expect(session).To(gexec.Exit(0), stderr(session))
		text, good := strings.CutSuffix(stdout(session), "the configuration is good\n")
		Expect(good).To(BeTrue(), stdout(session))
		found := map[string]string{}
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
			found[name] = strings.TrimSpace(value)
		}
		return found
	}
	checked := func(w *worker, variables []string, args ...string) *gexec.Session {
		GinkgoHelper()
		command := command(w, append([]string{"daemon", "--check"}, args...)...)
		command.Env = append(command.Env, variables...)
		return finish(command)
	}

	It("shows what weeder makes of the configuration", func() {
		w := emptyWorker()
		Expect(os.Mkdir(w.Journal, 0o755)).To(Succeed())
		session := checked(w, []string{"WEEDER_PROTECT=a*,team=main"}, "--protect=b", "--depot", w.Depot, "--dry-run", "--grace=1h")
		Expect(stderr(session)).To(BeEmpty())
		Expect(settings(session)).To(Equal(map[string]string{
			"target":       w.Target + " (from WEEDER_TARGET)",
			"volumes":      w.Volumes,
			"depot":        w.Depot,
			"containerd":   "none",
			"baggageclaim": w.Baggageclaim,
			"journal":      w.Journal,
			"listen":       "127.0.0.1:7790",
			"interval":     "30s",
			"grace":        "1h0m0s",
			"busy-grace":   "24h0m0s",
			"protect":      "a*, b, team=main",
			"dry-run":      "true",
		}))
		Expect(stdout(session)).To(HavePrefix("target        " + w.Target + " (from WEEDER_TARGET)\nvolumes       "))
	})

	It("tells what is not there, which is no mistake", func() {
		place := GinkgoT().TempDir()
		in := func(name string) string { return filepath.Join(place, name) }
		Expect(settings(checked(nil, nil, "--volumes", in("volumes"), "--depot", in("depot"), "--containerd", in("c.sock"),
			"--containerd-namespace=theirs", "--journal", in("journal")))).To(SatisfyAll(
			HaveKeyWithValue("target", "127.0.0.1:7777 (the default)"),
			HaveKeyWithValue("volumes", in("volumes")+" (not there now)"),
			HaveKeyWithValue("depot", in("depot")+" (not there now)"),
			HaveKeyWithValue("containerd", in("c.sock")+" (namespace theirs, not there now)"),
			HaveKeyWithValue("journal", in("journal")+" (not there now)"),
		))
	})

	It("tells what can't be looked at", func() {
		place := GinkgoT().TempDir()
		Expect(os.Chmod(place, 0)).To(Succeed())
		DeferCleanup(os.Chmod, place, os.FileMode(0o755))
		session := unprivileged(nil, "daemon", "--check", "--journal", filepath.Join(place, "journal"))
		Expect(settings(session)).To(HaveKeyWithValue("journal", HaveSuffix(" (can't be looked at: permission denied)")))
	})

	It("tells what is left out, and where weeder finds it then", func() {
		found := settings(checked(nil, nil, "--containerd=", "--baggageclaim=", "--listen="))
		Expect(found).To(SatisfyAll(
			HaveKeyWithValue("depot", "where Garden says"), HaveKeyWithValue("containerd", "none"),
			HaveKeyWithValue("baggageclaim", "none"), HaveKeyWithValue("listen", "none"), HaveKeyWithValue("protect", "none"),
			HaveKeyWithValue("volumes", Or(HavePrefix("/"), HavePrefix("none yet (none of Concourse's usual places is there")))))
	})

	DescribeTable("tells that whoever is elsewhere reads, too",
		func(listen string, beyond bool) {
			Expect(strings.Contains(settings(checked(nil, nil, "--listen", listen))["listen"], "beyond this machine")).To(Equal(beyond))
		},
		Entry("on all addresses", ":7790", true),
		Entry("on one of the network", "10.0.0.1:7790", true),
		Entry("not on loopback", "[::1]:7790", false),
	)

	It("warns of variables that are no options, as the daemon itself does", func() {
		w := emptyWorker()
		variables := []string{"WEEDER_DRYRUN=true", "WEEDER_GRACETIME=1h", "WEEDER_QUX=", "WEEDER_SINCE=1h",
			"WEEDER_PORT=tcp://10.0.0.1:7790", "WEEDER_SERVICE_HOST=10.0.0.1", "WEEDER_METRICS_PORT_7790_TCP=tcp://10.0.0.1:7790"}
		warnings := "warning: WEEDER_DRYRUN is no option: did you mean WEEDER_DRY_RUN?\n" +
			"warning: WEEDER_GRACETIME is no option: did you mean WEEDER_GRACE?\n" +
			"warning: WEEDER_QUX is no option: see weeder daemon --help\n"
		session := checked(w, variables)
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(Equal(warnings))

		command := command(w, "daemon", "--listen=127.0.0.1:0")
		command.Env = append(command.Env, variables...)
		session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		d := &daemon{Session: session, worker: w}
		Eventually(func() []logLine { return d.logged("started") }).Should(HaveLen(1))
		d.end()
		Expect(stderr(session)).To(Equal(warnings))
	})

	It("is what the daemon's log begins with", func() {
		w := emptyWorker()
		d := startDaemon(w, "--protect=a*,b", "--depot", w.Depot, "--busy-grace=2h")
		Eventually(func() []logLine { return d.logged("started") }).Should(HaveLen(1))
		Expect(d.logged("started")[0].Data).To(SatisfyAll(
			HaveKeyWithValue("target", w.Target), HaveKeyWithValue("volumes", w.Volumes), HaveKeyWithValue("depot", w.Depot),
			HaveKeyWithValue("containerd", ""), HaveKeyWithValue("baggageclaim", w.Baggageclaim), HaveKeyWithValue("journal", w.Journal),
			HaveKeyWithValue("listen", "127.0.0.1:0"), HaveKeyWithValue("interval", "5s"), HaveKeyWithValue("grace", "1m0s"),
			HaveKeyWithValue("busy-grace", "2h0m0s"), HaveKeyWithValue("protect", ConsistOf("a*", "b")), HaveKeyWithValue("dry-run", false),
		))
	})
})
