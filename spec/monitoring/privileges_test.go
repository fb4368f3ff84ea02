package monitoring

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// systemCalls are those that a filter of systemd's lets through or takes away: names,
// and sets of them.
func systemCalls(names string) map[string]bool {
	GinkgoHelper()
	all := map[string]bool{}
	for _, name := range strings.Fields(names) {
		if !strings.HasPrefix(name, "@") {
			all[name] = true
			continue
		}
		text, err := exec.Command("systemd-analyze", "syscall-filter", "--no-pager", name).Output()
		Expect(err).NotTo(HaveOccurred())
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "#") || line == name || line == "" {
				continue
			}
			for call := range systemCalls(line) {
				all[call] = true
			}
		}
	}
	return all
}

// health is the status that a daemon answers with.
func health(address string) func() (int, error) {
	return func() (int, error) {
		answer, err := http.Get("http://" + address + "/healthz")
		if err != nil {
			return 0, err
		}
		answer.Body.Close()
		return answer.StatusCode, nil
	}
}

// metrics are those that a daemon serves.
func metrics(address string) func() (string, error) {
	return func() (string, error) {
		answer, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			return "", err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		return string(text), err
	}
}

var _ = Describe("what weeder.service lets weeder do", Label("long"), func() {
	It("has every system call that weeder makes in it", func() {
		need("systemd", "systemd-analyze")
		need("strace", "strace")
		trace := filepath.Join(GinkgoT().TempDir(), "trace")
		// With -D it is weeder that is told to end.
		weeder := exec.Command("strace", "-D", "-f", "-o", trace, built.Weeder, "daemon", "--interval=5s", "--grace=1m")
		weeder.Env = startWorker().environment()
		session := run(weeder)
		Eventually(metrics(address(session))).Should(ContainSubstring("weeder_leftovers{"))
		Eventually(metrics(address(session))).Should(ContainSubstring("weeder_containers{"))
		session.Terminate()
		Eventually(session).Should(gexec.Exit(0))
		Eventually(func() string { return read(trace) }).Should(MatchRegexp(`(?m)^%d +\+\+\+ exited with 0`, session.Command.Process.Pid))

		filters := settings()["SystemCallFilter"]
		Expect(filters).To(HaveLen(2))
		let, not := systemCalls(filters[0]), systemCalls(strings.TrimPrefix(filters[1], "~"))
		made := map[string]bool{}
		for _, call := range regexp.MustCompile(`(?m)^\d+ +(\w+)\(`).FindAllStringSubmatch(read(trace), -1) {
			made[call[1]] = true
		}
		Expect(made).To(HaveKey("openat"))
		for call := range made {
			Expect(let).To(HaveKey(call))
			Expect(not).NotTo(HaveKey(call))
		}
	})

	// inUnit runs a script in a mount namespace that the machine does not see, and in
	// it $UNIT in one of its own as ProtectSystem=strict makes it, with the
	// capabilities of the unit.
	inUnit := func(propagation, script string, environment []string) *gexec.Session {
		GinkgoHelper()
		needRoot("make a mount namespace")
		need("util-linux", "unshare", "setpriv")
		var capabilities []string
		for _, name := range strings.Fields(settings()["CapabilityBoundingSet"][0]) {
			capabilities = append(capabilities, "+"+strings.ToLower(strings.TrimPrefix(name, "CAP_")))
		}
		bounding := "-all," + strings.Join(capabilities, ",")
		path := filepath.Join(GinkgoT().TempDir(), "unit.sh")
		Expect(os.WriteFile(path, fmt.Appendf(nil, `set -e
mount --rbind "$STATE" "$STATE"
mount -o remount,bind,ro /
exec setpriv --no-new-privs --bounding-set=%s --inh-caps=-all %s daemon --interval=5s --grace=1m
`, bounding, built.Weeder), 0o644)).To(Succeed())
		command := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-ec", script)
		command.Env = append(environment, "UNIT=exec unshare --mount --propagation "+propagation+" sh "+path)
		return run(command)
	}

	DescribeTable("shows volumes that are mounted later",
		func(propagation string, sees bool) {
			w := startWorker()
			volumes, point := w.Volumes, filepath.Join(GinkgoT().TempDir(), "volumes")
			Expect(os.Mkdir(point, 0o755)).To(Succeed())
			w.Volumes = point
			mount := filepath.Join(GinkgoT().TempDir(), "mount")
			state := GinkgoT().TempDir()
			session := inUnit(propagation, `mount --make-rshared /
($UNIT) & unit=$!
trap 'kill $unit' TERM
until [ -e "$MOUNT" ]; do sleep 0.1; done
mount --bind "$FROM" "$ONTO"
wait $unit || wait $unit`,
				append(w.environment(), "FROM="+volumes, "ONTO="+point, "MOUNT="+mount, "STATE="+state,
					"WEEDER_JOURNAL="+filepath.Join(state, "journal")))
			at := address(session)
			Eventually(health(at)).Should(Equal(http.StatusServiceUnavailable))
			Expect(os.WriteFile(mount, nil, 0o644)).To(Succeed())
			if sees {
				Eventually(metrics(at)).Should(MatchRegexp(`weeder_volumes\{state="live"\} [1-9]`))
				Expect(read(state, "journal", "journal.jsonl")).NotTo(BeEmpty(), "it can write its journal")
				return
			}
			Consistently(health(at), "8s").Should(Equal(http.StatusServiceUnavailable))
		},
		Entry("as a slave of the machine's, which systemd makes it", "slave", true),
		Entry("but not on its own, as with MountFlags=private", "private", false),
	)
})
