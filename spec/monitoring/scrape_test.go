package monitoring

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// run starts a program that is told to end after the spec.
func run(command *exec.Cmd) *gexec.Session {
	GinkgoHelper()
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		session.Terminate()
		Eventually(session).Should(gexec.Exit())
	})
	return session
}

// worker is a running sandbox, as weeder's environment has it.
type worker struct {
	Target       string `json:"target"`
	Baggageclaim string `json:"baggageclaim"`
	Volumes      string `json:"volumes"`
}

func startWorker() worker {
	GinkgoHelper()
	ready := filepath.Join(GinkgoT().TempDir(), "ready.json")
	session := run(exec.Command(built.Sandbox, "--ready-file="+ready))
	var w worker
	Eventually(func() error {
		if session.ExitCode() >= 0 {
			return StopTrying(fmt.Sprintf("the sandbox exited %d", session.ExitCode()))
		}
		text, err := os.ReadFile(ready)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &w)
	}).Should(Succeed())
	return w
}

// environment points weeder at the worker, with a journal of its own.
func (w worker) environment() []string {
	return append(os.Environ(), "WEEDER_TARGET="+w.Target, "WEEDER_BAGGAGECLAIM="+w.Baggageclaim, "WEEDER_VOLUMES="+w.Volumes,
		"WEEDER_CONTAINERD=", "WEEDER_JOURNAL="+filepath.Join(GinkgoT().TempDir(), "journal"), "WEEDER_LISTEN=127.0.0.1:0")
}

var listening = regexp.MustCompile(`"weeder.listening".*"address":"([^"]+)"`)

// address waits until a daemon listens, and is where.
func address(session *gexec.Session) (found string) {
	GinkgoHelper()
	Eventually(func() error {
		if session.ExitCode() >= 0 {
			return StopTrying(fmt.Sprintf("the daemon exited %d", session.ExitCode()))
		}
		told := listening.FindSubmatch(session.Out.Contents())
		if told == nil {
			return errors.New("it does not listen yet")
		}
		found = string(told[1])
		return nil
	}).Should(Succeed())
	return found
}

// prometheus is one that scrapes a target each second.
type prometheus struct{ address string }

func startPrometheus(target string) prometheus {
	GinkgoHelper()
	rules, err := filepath.Abs(filepath.Join(monitoringDir, "alerts.yml"))
	Expect(err).NotTo(HaveOccurred())
	dir := GinkgoT().TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	Expect(os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs: [{job_name: weeder, static_configs: [{targets: [%q]}]}]
`, rules, target), 0o644)).To(Succeed())

	// It does not tell which port it got: so it is given one that was free a
	// moment ago, and another if that is not free any more.
	for range 5 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		Expect(err).NotTo(HaveOccurred())
		p := prometheus{listener.Addr().String()}
		Expect(listener.Close()).To(Succeed())
		session := run(exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
			"--web.listen-address="+p.address, "--log.level=warn"))
		ready := func() bool {
			answer, err := http.Get("http://" + p.address + "/-/ready")
			if err != nil {
				return false
			}
			answer.Body.Close()
			return answer.StatusCode == http.StatusOK
		}
		Eventually(func() bool { return session.ExitCode() >= 0 || ready() }).Should(BeTrue())
		if session.ExitCode() < 0 {
			return p
		}
	}
	Fail("Prometheus does not start")
	return prometheus{}
}

// get asks Prometheus for something.
func (p prometheus) get(path string, into any) error {
	answer, err := http.Get("http://" + p.address + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	content := struct {
		Error string
		Data  any
	}{Data: into}
	if err := json.NewDecoder(answer.Body).Decode(&content); err != nil {
		return err
	}
	if content.Error != "" {
		return errors.New(content.Error)
	}
	return nil
}

// series is how many an expression has now.
func (p prometheus) series(text string) (int, error) {
	var data struct{ Result []any }
	err := p.get("/api/v1/query?query="+url.QueryEscape(text), &data)
	return len(data.Result), err
}

var _ = Describe("a Prometheus that scrapes a daemon", Label("long"), func() {
	It("has an answer to every query of the dashboard and takes every alert", func() {
		need("prometheus", "prometheus")
		weeder := exec.Command(built.Weeder, "daemon", "--interval=5s", "--grace=1m")
		weeder.Env = startWorker().environment()
		p := startPrometheus(address(run(weeder)))

		Eventually(func() (int, error) { return p.series(`count_over_time(weeder_leftovers[1m]) > 3`) }).ShouldNot(BeZero())
		for name, text := range readDashboard().queries() {
			Eventually(func() (int, error) { return p.series(text) }).ShouldNot(BeZero(), "%s: %s", name, text)
		}

		By("recording and asking what alerts.yml says")
		type group struct {
			Rules []struct{ Name, Health, LastError, State string }
		}
		evaluated := func() ([]string, error) {
			var data struct{ Groups []group }
			err := p.get("/api/v1/rules", &data)
			var good []string
			for _, g := range data.Groups {
				for _, r := range g.Rules {
					if r.Health == "ok" {
						good = append(good, r.Name)
					}
				}
			}
			return good, err
		}
		Eventually(evaluated).WithTimeout(30 * time.Second).Should(HaveLen(len(rules())))
		for _, r := range rules() {
			if r.Record != "" {
				Eventually(func() (int, error) { return p.series(r.Record) }).ShouldNot(BeZero(), r.Record)
			}
		}

		By("firing nothing at a worker that is well")
		Expect(p.series(`ALERTS{alertstate="firing"}`)).To(BeZero())
	})

	It("serves what promtool finds nothing wrong with", func() {
		need("prometheus", "promtool")
		command := exec.Command("promtool", "check", "metrics")
		stdin, err := command.StdinPipe()
		Expect(err).NotTo(HaveOccurred())
		text := everything()
		go func() {
			defer GinkgoRecover()
			defer stdin.Close()
			_, err := stdin.Write([]byte(text))
			Expect(err).NotTo(HaveOccurred())
		}()
		output, err := command.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), string(output))
	})
})
