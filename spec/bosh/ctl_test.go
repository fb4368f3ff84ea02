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

const ctl = "/var/vcap/jobs/weeder/bin/ctl"

var _ = Describe("ctl", func() {
	var s *stemcell

	// starts starts the daemon, and waits until it runs.
	starts := func(command ...string) {
		GinkgoHelper()
		runs := s.runs()
		Eventually(s.start(append(command, ctl, "start")...)).Should(gexec.Exit(0))
		Eventually(s.runs).Should(Equal(runs+1), func() string { return s.read(stderr) })
	}
	isGone := func() {
		GinkgoHelper()
		Eventually(s.running).Should(BeEmpty())
	}
	stops := func() {
		GinkgoHelper()
		Eventually(s.start(ctl, "stop")).Should(gexec.Exit(0))
	}

	BeforeEach(func() { s = startStemcell(startWorker().properties(nil)) })

	It("becomes the daemon, which monit finds by its pidfile", func() {
		starts()
		Expect(s.running()).To(ConsistOf(strconv.Itoa(s.pid())))
		Expect(s.sh(fmt.Sprintf("tr '\\0' ' ' </proc/%d/cmdline", s.pid()))).To(Equal("/var/vcap/packages/weeder/bin/weeder daemon"))

		By("keeping a log of JSON alone")
		for line := range strings.Lines(s.read(stdout)) {
			Expect(line).To(HavePrefix("{"))
		}
		Expect(s.read(stderr)).To(BeEmpty())

		By("ending it by a SIGTERM")
		stops()
		Expect(s.running()).To(BeEmpty())
		Expect(s.read(stdout)).To(ContainSubstring(`"message":"weeder.stopped"`))
		Expect(filepath.Glob(filepath.Join(s.vcap, "sys/run/weeder/*"))).To(BeEmpty())
	})

	It("starts no second one", func() {
		starts()
		pid := s.pid()
		Eventually(s.start(ctl, "start")).Should(gexec.Exit(0))
		Expect(s.pid()).To(Equal(pid))
		Expect(s.runs()).To(Equal(1))
		Expect(s.read(stderr)).To(HaveSuffix(fmt.Sprintf("ctl: weeder runs already, with pid %d\n", pid)))
	})

	It("starts where one was killed, and appends to its log", func() {
		starts()
		s.sh(fmt.Sprintf("kill -9 %d", s.pid()))
		isGone()
		starts()
		Expect(s.running()).To(ConsistOf(strconv.Itoa(s.pid())))
	})

	It("takes no other process with the pid of one that is gone for it", func() {
		other := strings.Fields(s.sh("sleep 1000 >/dev/null 2>&1 & echo $!"))[0]
		for name, text := range map[string]string{"weeder.pid": other, "weeder.started": "0"} {
			Expect(os.WriteFile(filepath.Join(s.vcap, "sys/run/weeder", name), []byte(text+"\n"), 0o644)).To(Succeed())
		}
		stops()
		Expect(s.sh("cat /proc/" + other + "/comm")).To(Equal("sleep"))

		Expect(os.WriteFile(filepath.Join(s.vcap, pidfile), []byte(other+"\n"), 0o644)).To(Succeed())
		starts()
		Expect(strconv.Itoa(s.pid())).NotTo(Equal(other))
		stops()
		Expect(s.sh("cat /proc/" + other + "/comm")).To(Equal("sleep"))
	})

	It("starts where the dead one's parent has not asked after it", func() {
		stat := strings.Fields(s.sh(`bash -c 'sleep 0.1 & echo $! >/run/dead; exec sleep 1000' >/dev/null 2>&1 &
			until [ -s /run/dead ] && grep -q " Z " "/proc/$(cat /run/dead)/stat"; do sleep 0.05; done
			cat "/proc/$(cat /run/dead)/stat"`))
		for name, text := range map[string]string{"weeder.pid": stat[0], "weeder.started": stat[21]} {
			Expect(os.WriteFile(filepath.Join(s.vcap, "sys/run/weeder", name), []byte(text+"\n"), 0o644)).To(Succeed())
		}
		starts()
		Expect(strconv.Itoa(s.pid())).NotTo(Equal(stat[0]))
	})

	DescribeTable("starts and stops beside a pidfile that tells no pid",
		func(text string) {
			Expect(os.WriteFile(filepath.Join(s.vcap, pidfile), []byte(text), 0o644)).To(Succeed())
			stops()
			Expect(os.WriteFile(filepath.Join(s.vcap, pidfile), []byte(text), 0o644)).To(Succeed())
			starts()
			Expect(s.running()).To(ConsistOf(strconv.Itoa(s.pid())))
		},
		Entry("but nothing", ""),
		Entry("but -1", "-1\n"),
		Entry("but a path", "self\n"),
	)

	It("stops what does not run", func() {
		stops()
		Expect(s.read(stderr)).To(BeEmpty())
	})

	It("makes its directories, which a VM that starts again lacks", func() {
		for _, name := range []string{"sys/run/weeder", "sys/log/weeder"} {
			Expect(os.Remove(filepath.Join(s.vcap, name))).To(Succeed())
		}
		starts()
		info, err := os.Stat(filepath.Join(s.vcap, stdout))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode().Perm()&0o007).To(BeZero(), "handles are nobody's who is not on this VM for it")
	})

	It("starts without setpriv, and says so", func() {
		Expect(os.WriteFile(filepath.Join(s.run, "setpriv"), []byte("#!/bin/sh\nexit 127\n"), 0o755)).To(Succeed())
		starts("env", "PATH=/run:/bin:/usr/bin")
		Expect(s.read(stderr)).To(HaveSuffix("ctl: no setpriv here that drops privileges: weeder runs with all of root's\n"))
	})

	It("does nothing else", func() {
		for _, args := range [][]string{{ctl}, {ctl, "restart"}} {
			Eventually(s.start(args...)).Should(gexec.Exit(1))
		}
		Expect(s.read(stderr)).To(ContainSubstring("ctl: usage: /var/vcap/jobs/weeder/bin/ctl start|stop\n"))
		Expect(s.running()).To(BeEmpty())
	})

	It("kills what does not end, within the time that monit gives", Label("long"), func() {
		starts()
		pid := s.pid()
		s.sh(fmt.Sprintf("kill -STOP %d", pid))
		begun := time.Now()
		Eventually(s.start(ctl, "stop")).WithTimeout(30 * time.Second).Should(gexec.Exit(0))
		Expect(time.Since(begun)).To(BeNumerically("~", 15*time.Second, 4*time.Second))
		Expect(s.read(stderr)).To(HaveSuffix(fmt.Sprintf("ctl: weeder, with pid %d, did not end within 15 s: killing it\n", pid)))
		Expect(s.running()).To(BeEmpty())
	})
})

var _ = Describe("pre-start", func() {
	const preStart = "/var/vcap/jobs/weeder/bin/pre-start"

	It("lets a good configuration pass, and makes the journal's directory", func() {
		s := startStemcell(startWorker().properties(nil))
		session := s.start(preStart)
		Eventually(session).Should(gexec.Exit(0))
		Expect(session.Out.Contents()).To(BeEmpty())
		info, err := os.Stat(filepath.Join(s.vcap, "data/weeder/journal"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o750)))
		Eventually(s.start(preStart)).Should(gexec.Exit(0), "again")
	})

	It("fails for a bad one, and tells all that is wrong with it", func() {
		s := startStemcell(object{"protect": []string{"[", "=x"}, "target": "nowhere"})
		session := s.start(preStart)
		Eventually(session).Should(gexec.Exit(1))
		Expect(string(session.Err.Contents())).To(SatisfyAll(
			HavePrefix("weeder can't run with this configuration (--max-in-flight is the property max_in_flight, and so on):\n"),
			ContainSubstring(`error: --protect (from WEEDER_PROTECT) "[": `), ContainSubstring(`error: --protect (from WEEDER_PROTECT) "=x": `), ContainSubstring("error: --target (from WEEDER_TARGET): "),
		))
		Expect(s.running()).To(BeEmpty())
	})
})

var _ = Describe("weeder in the job", func() {
	It("looks at the worker with the job's configuration", func() {
		w := startWorker()
		s := startStemcell(w.properties(object{"log_level": "debug", "protect": []string{leak}}))
		session := s.start("/var/vcap/jobs/weeder/bin/weeder", "explain", leak)
		Eventually(session).Should(gexec.Exit(0))
		Expect(string(session.Out.Contents())).To(SatisfyAll(ContainSubstring("volume-missing"), ContainSubstring("protected")))
		Expect(session.Err.Contents()).To(BeEmpty())
		Expect(w.destroyed()).To(BeEmpty())
	})

	It("destroys nothing by hand in dry run", func() {
		w := startWorker()
		s := startStemcell(w.properties(nil))
		Eventually(s.start("/var/vcap/jobs/weeder/bin/weeder", "reap", "--yes")).Should(gexec.Exit(0))
		Expect(w.destroyed()).To(BeEmpty())
	})
})
