package bosh_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// monitrc is what a stemcell's monit has besides the jobs' files, but for the wait
// between two looks, which is 10 s there.
const monitrc = `set daemon 1
set logfile /var/vcap/monit/monit.log
set idfile /var/vcap/monit/monit.id
set statefile /var/vcap/monit/monit.state
set pidfile /var/vcap/monit/monit.pid
set httpd unixsocket /var/vcap/monit/monit.sock allow weeder:weeder
include /var/vcap/monit/job/*.monitrc
`

var _ = Describe("monit", func() {
	var w *worker
	var s *stemcell

	monit := func(args ...string) {
		GinkgoHelper()
		Eventually(s.start(append([]string{"monit", "-c", "/var/vcap/monit/monitrc"}, args...)...)).Should(gexec.Exit(0))
	}
	// place writes a file for monit, which insists on the mode.
	place := func(name, text string) {
		GinkgoHelper()
		path := filepath.Join(s.vcap, "monit", name)
		Expect(os.MkdirAll(filepath.Dir(path), 0o700)).To(Succeed())
		Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
	}
	// monitored starts monit on a stemcell with the job.
	monitored := func(properties object) {
		GinkgoHelper()
		need("monit")
		s = startStemcell(w.properties(properties))
		place("monitrc", monitrc)
		place("job/0001_weeder.monitrc", s.read("jobs/weeder/monit"))
		Eventually(s.start("/var/vcap/jobs/weeder/bin/pre-start")).Should(gexec.Exit(0))
		// A daemon that runs would write its own over it.
		s.remember()
		s.start("monit", "-I", "-c", "/var/vcap/monit/monitrc")
		Eventually(func() error {
			_, err := os.Stat(filepath.Join(s.vcap, "monit/monit.sock"))
			return err
		}).Should(Succeed())
	}
	// runsAs waits until the daemon that monit watches is another than before.
	runsAs := func(before int) int {
		GinkgoHelper()
		Eventually(func(g Gomega) {
			g.Expect(s.pid()).NotTo(Or(BeZero(), Equal(before)))
			g.Expect(s.running()).To(ConsistOf(strconv.Itoa(s.pid())))
			g.Expect(s.sh("monit -c /var/vcap/monit/monitrc summary")).To(MatchRegexp(`(?i)weeder'?\s+(OK|Running)`))
		}).WithTimeout(30 * time.Second).Should(Succeed())
		return s.pid()
	}
	isStopped := func() {
		GinkgoHelper()
		// ctl takes the pidfile away when it has seen the daemon gone.
		Eventually(s.pid).WithTimeout(30 * time.Second).Should(BeZero())
		Expect(s.running()).To(BeEmpty())
	}

	BeforeEach(func() { w = startWorker() })

	It("starts the daemon, brings it back when it was killed, restarts and stops it", func() {
		monitored(nil)
		first := runsAs(0)

		s.sh(fmt.Sprintf("kill -9 %d", first))
		second := runsAs(first)

		monit("restart", "weeder")
		runsAs(second)
		// It shows as running before it has told so.
		Eventually(s.runs).Should(Equal(3))
		Expect(strings.Count(s.read(stdout), `"message":"weeder.stopped"`)).To(Equal(1), "the restart's")

		monit("-g", "vcap", "stop", "all")
		isStopped()
	})

	It("runs a daemon that journals a leak, and reaps it when it is told to", func() {
		monitored(nil)
		Eventually(s.told(leak)).WithTimeout(40 * time.Second).Should(ContainElement("would-destroy"))
		Expect(w.destroyed()).To(BeEmpty())

		By("deploying it without dry run")
		before := s.pid()
		monit("stop", "weeder")
		isStopped()
		s.put(rendered(w.properties(object{"dry_run": false})))
		Eventually(s.start("/var/vcap/jobs/weeder/bin/pre-start")).Should(gexec.Exit(0))
		monit("start", "weeder")
		runsAs(before)
		Eventually(w.destroyed).WithTimeout(40 * time.Second).Should(Equal([]string{leak}))
		Eventually(s.told(leak)).Should(ContainElements("destroying", "destroyed"))
		Expect(s.sh("/var/vcap/jobs/weeder/bin/weeder history")).To(ContainSubstring("destroyed"))
	})
})
