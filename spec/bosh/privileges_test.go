package bosh_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// What the job's spec says of privileges.
var _ = Describe("the job's privileges", func() {
	// nobody is a user whose files root reads by a capability alone.
	const nobody = 65534

	var w *worker
	var s *stemcell

	// with runs the job's weeder with some capabilities, by names as setpriv's, to
	// its end.
	with := func(capabilities string, args ...string) *gexec.Session {
		GinkgoHelper()
		least := []string{"setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all" + capabilities}
		session := s.start(append(append(least, "/var/vcap/jobs/weeder/bin/weeder"), args...)...)
		Eventually(session).Should(gexec.Exit())
		return session
	}

	BeforeEach(func() {
		w = startWorker()
		s = startStemcell(w.properties(nil))
	})

	It("are two capabilities, and no others to gain", func() {
		Eventually(s.start(ctl, "start")).Should(gexec.Exit(0))
		Eventually(s.runs).Should(Equal(1))
		status := s.sh(fmt.Sprintf("cat /proc/%d/status", s.pid()))
		const readSearch, ptrace = 1 << 2, 1 << 19
		for name, value := range map[string]int{
			"CapInh": 0, "CapAmb": 0, "CapPrm": readSearch | ptrace, "CapEff": readSearch | ptrace, "CapBnd": readSearch | ptrace,
		} {
			Expect(status).To(MatchRegexp(`(?m)^%s:\t%016x$`, name, value))
		}
		Expect(status).To(MatchRegexp(`(?m)^NoNewPrivs:\t1$`))
	})

	It("are those that the specs here leave out one of", func() {
		Expect(rendered(object{})["bin/ctl"]).To(ContainSubstring(
			`(setpriv --no-new-privs --inh-caps=-all "--bounding-set=-all,+dac_read_search,+sys_ptrace")`))
	})

	It("need be none for a depot and volumes of root's", func() {
		for _, path := range []string{w.Depot, w.Volumes} {
			Expect(os.Chmod(path, 0o700)).To(Succeed())
		}
		session := with("", "scan", "--only=orphan")
		Expect(session).To(gexec.Exit(0))
		Expect(string(session.Out.Contents())).To(MatchRegexp(`(?m)^%s +orphan `, leak))
	})

	It("need be none for a socket of root's", func() {
		socket := filepath.Join(GinkgoT().TempDir(), "garden.sock")
		w = startWorker("--listen", socket)
		Expect(os.Chmod(socket, 0o660)).To(Succeed())
		s.put(rendered(w.properties(nil)))
		session := with("", "list")
		Expect(session).To(gexec.Exit(0))
		Expect(string(session.Out.Contents())).To(ContainSubstring(leak))
	})

	DescribeTable("need be CAP_DAC_READ_SEARCH for a volumes directory of another's",
		func(capabilities string, expected string) {
			Expect(os.Chown(filepath.Join(w.Volumes, "live"), nobody, nobody)).To(Succeed())
			Expect(os.Chmod(filepath.Join(w.Volumes, "live"), 0o700)).To(Succeed())
			Expect(string(with(capabilities, "scan").Err.Contents())).To(ContainSubstring(expected))
		},
		Entry("with it", ",+dac_read_search", "1 orphan, 1 live; 1 to reap now"),
		Entry("without", ",+sys_ptrace", "volumes-dir-unusable"),
	)

	DescribeTable("need be both to tell which FIFOs processes have open",
		func(capabilities, status string) {
			By("having a worker's process of another user, with a FIFO open, and one that nobody has")
			for _, id := range []string{"1", "2"} {
				directory := filepath.Join(s.run, "containerd/fifo", id)
				Expect(os.MkdirAll(directory, 0o755)).To(Succeed())
				s.sh(fmt.Sprintf("mkfifo -m 0666 /run/containerd/fifo/%s/task-%s-stdin", id, id))
			}
			s.sh("cp $(readlink -f $(command -v sleep)) /run/containerd/containerd")
			s.sh("setpriv --reuid=65534 --regid=65534 --clear-groups " +
				"/run/containerd/containerd 1000 <>/run/containerd/fifo/1/task-1-stdin >/dev/null 2>&1 &")
			Eventually(func() string { return s.sh("cat /proc/[0-9]*/comm") }).Should(MatchRegexp(`(?m)^containerd$`))

			session := with(capabilities, "leftovers", "--json", "--older-than=1ms")
			var report struct {
				Leftovers []struct {
					Kind, Status string
					Count        *int
				}
			}
			Expect(json.Unmarshal(session.Out.Contents(), &report)).To(Succeed())
			for _, found := range report.Leftovers {
				if found.Kind != "fifos" {
					continue
				}
				Expect(found.Status).To(Equal(status), string(session.Err.Contents()))
				if status == "judged" {
					Expect(found.Count).To(HaveValue(Equal(1)))
				}
				return
			}
			Fail("nothing is said of FIFOs: " + string(session.Out.Contents()))
		},
		Entry("with both", ",+dac_read_search,+sys_ptrace", "judged"),
		Entry("without CAP_SYS_PTRACE", ",+dac_read_search", "not-judged"),
		Entry("without CAP_DAC_READ_SEARCH", ",+sys_ptrace", "not-judged"),
	)
})
