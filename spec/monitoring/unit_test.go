package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// settings are those of a unit: each with its values in order.
func settings() map[string][]string {
	GinkgoHelper()
	all := map[string][]string{}
	for line := range strings.Lines(read(homesDir, "weeder.service")) {
		if key, value, is := strings.Cut(strings.TrimSpace(line), "="); is && !strings.HasPrefix(key, "#") {
			all[key] = append(all[key], value)
		}
	}
	return all
}

// systemdAnalyze runs it on the unit, whose program is the one that was built.
func systemdAnalyze(args ...string) *gexec.Session {
	GinkgoHelper()
	need("systemd", "systemd-analyze")
	unit := filepath.Join(GinkgoT().TempDir(), "weeder.service")
	text := strings.ReplaceAll(read(homesDir, "weeder.service"), "/usr/local/bin/weeder", built.Weeder)
	Expect(os.WriteFile(unit, []byte(text), 0o644)).To(Succeed())
	session, err := gexec.Start(exec.Command("systemd-analyze", append(args, unit)...), GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	Eventually(session).Should(gexec.Exit())
	return session
}

var _ = Describe("weeder.service", func() {
	It("is right for systemd", func() {
		session := systemdAnalyze("verify", "--man=no")
		Expect(session).To(gexec.Exit(0))
		Expect(session.Out.Contents()).To(BeEmpty())
		Expect(session.Err.Contents()).To(BeEmpty())
	})

	It("exposes little", func() {
		Expect(systemdAnalyze("security", "--offline=true", "--no-pager", "--threshold=25")).To(gexec.Exit(0))
	})

	// What hardens a service and would blind this one, or keep it from its worker.
	DescribeTable("leaves out",
		func(key string) { Expect(settings()).NotTo(HaveKey(key)) },
		Entry("what keeps later mounts from it", "MountFlags"),
		Entry("another root, where they don't show", "RootDirectory"),
		Entry("what hides Guardian's socket", "PrivateTmp"),
		Entry("what hides the worker's directories", "InaccessiblePaths"),
		Entry("what lays empty directories over them", "TemporaryFileSystem"),
		Entry("what hides processes", "ProtectProc"),
		Entry("what hides the rest of /proc", "ProcSubset"),
		Entry("what hides the machine's loopback", "PrivateNetwork"),
		Entry("what keeps Prometheus out", "IPAddressDeny"),
		Entry("what makes the worker's files nobody's", "PrivateUsers"),
		Entry("another user, who can't use containerd's socket", "DynamicUser"),
		Entry("what takes a crash for a mistake in the configuration", "RestartPreventExitStatus"),
	)

	It("runs weeder as it wants to be run", func() {
		all := settings()
		Expect(all).To(HaveKeyWithValue("ExecStart", ConsistOf("/usr/local/bin/weeder daemon")))
		Expect(all).To(HaveKeyWithValue("ExecReload", ConsistOf("/bin/kill -HUP $MAINPID")))
		Expect(all).To(HaveKeyWithValue("Restart", ConsistOf("always")))
		Expect(all).To(HaveKeyWithValue("StartLimitIntervalSec", ConsistOf("0")))
		Expect(all).To(HaveKeyWithValue("TimeoutStopSec", ConsistOf("15")), "it ends within 10 s")
		Expect(all).To(HaveKeyWithValue("ProtectHome", ConsistOf("read-only")))
		Expect(all).To(HaveKeyWithValue("StateDirectory", ConsistOf("weeder")))
		Expect(all).To(HaveKeyWithValue("Environment", ConsistOf("WEEDER_JOURNAL=/var/lib/weeder/journal")), "the journal is in it")
		Expect(all).To(HaveKeyWithValue("EnvironmentFile", ConsistOf("-/etc/default/weeder")))
	})
})

var _ = Describe("weeder.default", func() {
	// given are its variables, those included that are commented out.
	given := func(which string) []string {
		var variables []string
		for _, found := range regexp.MustCompile(`(?m)^`+which+`(WEEDER_\w+=\S+)$`).FindAllStringSubmatch(read(homesDir, "weeder.default"), -1) {
			variables = append(variables, found[1])
		}
		return variables
	}

	It("begins with a dry run", func() {
		Expect(given("")).To(ConsistOf("WEEDER_DRY_RUN=true"))
	})

	It("has variables that weeder knows, with values that it takes", func() {
		help, err := exec.Command(built.Weeder, "daemon", "--help").Output()
		Expect(err).NotTo(HaveOccurred())
		Expect(given("#?")).To(HaveLen(6))
		for _, variable := range given("#?") {
			name, _, _ := strings.Cut(variable, "=")
			Expect(string(help)).To(ContainSubstring("[$" + name + "]"))
		}
		check := exec.Command(built.Weeder, "daemon", "--check")
		check.Env = append(os.Environ(), given("#?")...)
		said, err := check.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(said))
	})
})
