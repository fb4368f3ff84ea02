package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.yaml.in/yaml/v3"
)

// rule is one of a rules file.
type rule struct {
	Alert       string            `yaml:"alert,omitempty"`
	Record      string            `yaml:"record,omitempty"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

type ruleGroup struct {
	Name  string `yaml:"name"`
	Rules []rule `yaml:"rules"`
}

type ruleFile struct {
	Groups []ruleGroup `yaml:"groups"`
}

// rules are those of alerts.yml.
func rules() []rule {
	GinkgoHelper()
	var file ruleFile
	Expect(yaml.Unmarshal([]byte(read(monitoringDir, "alerts.yml")), &file)).To(Succeed())
	var all []rule
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

func alerts() []rule {
	GinkgoHelper()
	var found []rule
	for _, r := range rules() {
		if r.Alert != "" {
			found = append(found, r)
		}
	}
	Expect(found).NotTo(BeEmpty())
	return found
}

// promtool runs it in the directory of the rules.
func promtool(args ...string) {
	GinkgoHelper()
	need("prometheus", "promtool")
	command := exec.Command("promtool", args...)
	command.Dir = monitoringDir
	output, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
}

// ruleTest is one of a file for promtool test rules.
type ruleTest struct {
	Name   string `yaml:"name"`
	Series []struct {
		Series string `yaml:"series"`
	} `yaml:"input_series"`
	Alerts []struct {
		Alert    string           `yaml:"alertname"`
		Expected []map[string]any `yaml:"exp_alerts"`
	} `yaml:"alert_rule_test"`
}

var testFiles = []string{"alerts_test.yml", "alerts_hours_test.yml"}

func ruleTests() []ruleTest {
	GinkgoHelper()
	var all []ruleTest
	for _, name := range testFiles {
		var file struct {
			Tests []ruleTest `yaml:"tests"`
		}
		Expect(yaml.Unmarshal([]byte(read(monitoringDir, name)), &file)).To(Succeed())
		all = append(all, file.Tests...)
	}
	return all
}

var _ = Describe("alerts.yml", func() {
	It("is right for Prometheus", func() { promtool("check", "rules", "alerts.yml") })

	It("fires when it should, and not when it nearly should", func() {
		promtool(append([]string{"test", "rules"}, testFiles...)...)
	})

	It("has every alert fire in a test, and another worker for which it does not", func() {
		fires, quiet := map[string]bool{}, map[string]bool{}
		worker := regexp.MustCompile(`instance="([^"]+)"`)
		for _, test := range ruleTests() {
			workers := map[string]bool{}
			for _, s := range test.Series {
				workers[worker.FindStringSubmatch(s.Series)[1]] = true
			}
			for _, at := range test.Alerts {
				fires[at.Alert] = fires[at.Alert] || len(at.Expected) > 0
				quiet[at.Alert] = quiet[at.Alert] || len(at.Expected) < len(workers)
			}
		}
		for _, a := range alerts() {
			Expect(fires).To(HaveKeyWithValue(a.Alert, true))
			Expect(quiet).To(HaveKeyWithValue(a.Alert, true))
		}
	})

	It("tests with metrics that weeder serves", func() {
		all := known(rules())
		for _, test := range ruleTests() {
			for _, s := range test.Series {
				if !strings.Contains(s.Series, `job="node"`) {
					name, labels, _ := strings.Cut(s.Series, "{")
					labels = regexp.MustCompile(`(job|instance|version|goversion)="[^"]*"(, )?`).ReplaceAllString(labels, "")
					Expect(all.check(name+"{"+labels)).To(BeEmpty(), s.Series)
				}
			}
		}
	})

	It("asks for what weeder serves", func() {
		all := known(rules())
		for _, r := range rules() {
			Expect(all.check(r.Expr)).To(BeEmpty(), r.Alert+r.Record)
		}
	})

	It("says how bad it is, what is wrong and where, and what to do", func() {
		headings := regexp.MustCompile(`(?m)^### (\S+)$`)
		runbook := map[string]bool{}
		for _, found := range headings.FindAllStringSubmatch(read(monitoringDir, "runbook.md"), -1) {
			Expect(runbook).NotTo(HaveKey(found[1]))
			runbook[found[1]] = true
		}
		known := map[string]bool{}
		for _, a := range alerts() {
			By(a.Alert)
			Expect(known).NotTo(HaveKey(a.Alert))
			known[a.Alert] = true
			Expect(a.Labels).To(HaveKeyWithValue("severity", BeElementOf("info", "warning", "critical")))
			Expect(a.For).NotTo(BeEmpty(), "one scrape fires nothing")
			Expect(a.Annotations).To(HaveLen(3))
			if a.Alert != "WeederAbsent" {
				Expect(a.Annotations["summary"]).To(ContainSubstring("{{ $labels.instance }}"))
				Expect(a.Annotations["description"]).To(ContainSubstring("{{ $labels.instance }}"))
			}
			Expect(a.Annotations["runbook"]).To(Equal("runbook.md#" + strings.ToLower(a.Alert)))
			Expect(runbook).To(HaveKey(a.Alert))
		}
		Expect(known).To(HaveLen(len(runbook)), "the runbook has an alert that is no more")
	})

	It("has no link in the runbook that leads nowhere", func() {
		text := read(monitoringDir, "runbook.md")
		for _, link := range regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(text, -1) {
			Expect(strings.ToLower(text)).To(ContainSubstring("\n### " + link[1] + "\n"))
		}
	})
})

// checkedByPromtool has promtool check expressions, as records of a rules file.
func checkedByPromtool(expressions []string) {
	GinkgoHelper()
	group := ruleGroup{Name: "queries"}
	for i, text := range expressions {
		group.Rules = append(group.Rules, rule{Record: "query:" + strings.Repeat("q", i+1), Expr: text})
	}
	text, err := yaml.Marshal(ruleFile{Groups: []ruleGroup{group}})
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(GinkgoT().TempDir(), "queries.yml")
	Expect(os.WriteFile(path, text, 0o644)).To(Succeed())
	promtool("check", "rules", path)
}
