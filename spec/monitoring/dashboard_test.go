package monitoring

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// source is what a panel or a variable of Grafana's gets its data from.
type source struct{ Type, UID string }

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  *source
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		RefID      string `json:"refId"`
		Datasource source
		Expr       string
	}
}

type dashboard struct {
	UID        string
	Title      string
	Panels     []panel
	Templating struct {
		List []struct {
			Name       string
			Type       string
			Multi      bool
			IncludeAll bool
			AllValue   string
			Definition string
			Datasource *source
		}
	}
}

func readDashboard() dashboard {
	GinkgoHelper()
	var d dashboard
	Expect(json.Unmarshal([]byte(read(monitoringDir, "dashboard.json")), &d)).To(Succeed())
	return d
}

// variables are Grafana's with what it puts in their place when all workers are
// chosen.
var variables = strings.NewReplacer("$instance", ".+", "$__rate_interval", "1m")

// queries are those of all panels, by the panel's title and the query's name.
func (d dashboard) queries() map[string]string {
	GinkgoHelper()
	all := map[string]string{}
	for _, p := range d.Panels {
		for _, t := range p.Targets {
			name := fmt.Sprintf("%s, %s", p.Title, t.RefID)
			Expect(all).NotTo(HaveKey(name))
			all[name] = variables.Replace(t.Expr)
		}
	}
	Expect(all).NotTo(BeEmpty())
	return all
}

var _ = Describe("dashboard.json", func() {
	It("asks for what weeder serves", func() {
		all := known(nil)
		for name, text := range readDashboard().queries() {
			Expect(text).NotTo(ContainSubstring("$"), name)
			Expect(all.check(text)).To(BeEmpty(), name)
		}
	})

	It("has queries that are right for Prometheus", func() {
		var all []string
		for _, text := range readDashboard().queries() {
			all = append(all, text)
		}
		checkedByPromtool(all)
	})

	It("shows all that weeder serves", func() {
		asked := map[string]bool{}
		histogram := regexp.MustCompile(`_bucket$`)
		for _, text := range readDashboard().queries() {
			for _, s := range parse(text).selectors {
				asked[histogram.ReplaceAllString(s.name, "")] = true
			}
		}
		for _, name := range families(everything()) {
			Expect(asked).To(HaveKey(name))
		}
	})

	It("lets everything be limited to some workers", func() {
		for _, p := range readDashboard().Panels {
			for _, t := range p.Targets {
				for _, s := range parse(t.Expr).selectors {
					Expect(s.matchers).To(ContainElement(matcher{"instance", "=~", "$instance"}), "%s: %s", p.Title, t.Expr)
				}
			}
		}
	})

	It("has a data source and workers to choose from", func() {
		list := readDashboard().Templating.List
		Expect(list).To(HaveLen(2))
		Expect(list[0].Name).To(Equal("datasource"))
		Expect(list[0].Type).To(Equal("datasource"))
		workers := list[1]
		Expect(workers.Name).To(Equal("instance"))
		Expect(workers.Multi).To(BeTrue())
		Expect(workers.IncludeAll).To(BeTrue())
		Expect(workers.Datasource).To(HaveValue(Equal(source{"prometheus", "${datasource}"})))
		Expect(workers.AllValue).To(Equal(".+"))
		asked := regexp.MustCompile(`^label_values\((\w+), instance\)$`).FindStringSubmatch(workers.Definition)
		Expect(asked).NotTo(BeNil())
		Expect(known(nil)).To(HaveKey(asked[1]))
	})

	It("has panels that Grafana can lay out and people can read", func() {
		ids := map[int]bool{}
		taken := map[[2]int]string{}
		for _, p := range readDashboard().Panels {
			By(p.Title)
			Expect(ids).NotTo(HaveKey(p.ID))
			ids[p.ID] = true
			at := p.GridPos
			Expect(at.X + at.W).To(BeNumerically("<=", 24))
			for x := at.X; x < at.X+at.W; x++ {
				for y := at.Y; y < at.Y+at.H; y++ {
					Expect(taken).NotTo(HaveKey([2]int{x, y}))
					taken[[2]int{x, y}] = p.Title
				}
			}
			if p.Type == "row" {
				continue
			}
			Expect(p.Description).NotTo(BeEmpty())
			Expect(p.Targets).NotTo(BeEmpty())
			Expect(p.Datasource).To(HaveValue(Equal(source{"prometheus", "${datasource}"})))
			for _, t := range p.Targets {
				Expect(t.Datasource).To(Equal(*p.Datasource))
			}
		}
	})
})
