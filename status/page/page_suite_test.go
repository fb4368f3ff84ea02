package page_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/net/html"

	"weeder/reaper"
	"weeder/spec/goroutines"
	"weeder/status/page"
	"weeder/status/trend"
)

var _ = goroutines.CheckEachSpec()

func TestPage(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Page Suite")
}

// now is when the page is looked at: half past four by the worker's clock.
var now = time.Date(2016, 10, 21, 16, 29, 14, 0, time.FixedZone("CEST", 2*60*60))

var errFull = errors.New("no space left on device")

// quiet is a daemon on a worker where nothing is wrong.
func quiet(findings ...reaper.Finding) page.View {
	return page.View{
		At: now, Started: now.Add(-3 * time.Hour), Version: "1.2.3", Target: "127.0.0.1:7777", VolumesDir: "/volumes",
		Interval: 30 * time.Second, MaxContainers: 250,
		Last: &reaper.Report{At: now.Add(-12 * time.Second), Judged: true, Findings: findings},
	}
}

func found(handle string, verdict reaper.Verdict) reaper.Finding {
	return reaper.Finding{Container: reaper.Container{Handle: handle}, Judgement: reaper.Judgement{Verdict: verdict}}
}

// orphan is one since so long.
func orphan(handle string, since time.Duration, holds ...reaper.Hold) reaper.Finding {
	finding := found(handle, reaper.Orphan)
	finding.Since = now.Add(-since)
	finding.Reasons = []reaper.Reason{{Code: reaper.VolumeIsMissing, Volume: handle + "-root"}}
	finding.Holds = holds
	return finding
}

// stuck is one that destroys have failed of.
func stuck(handle, why string) reaper.Finding {
	finding := orphan(handle, time.Hour)
	finding.Failures, finding.LastError = 7, why
	return finding
}

// samples are those of the last hours, each with so many of each verdict.
func samples(hours float64, sample trend.Sample) []trend.Sample {
	var list []trend.Sample
	for ago := time.Duration(hours * float64(time.Hour)); ago >= 0; ago -= trend.Step {
		sample.At = now.Add(-ago)
		list = append(list, sample)
	}
	return list
}

func rendered(view page.View) string {
	GinkgoHelper()
	var text strings.Builder
	Expect(page.Render(&text, view)).To(Succeed())
	return text.String()
}

// document is a page as a browser reads it.
type document struct{ *html.Node }

func read(view page.View) document {
	GinkgoHelper()
	root, err := html.Parse(strings.NewReader(rendered(view)))
	Expect(err).NotTo(HaveOccurred())
	return document{root}
}

func attribute(node *html.Node, key string) string {
	for _, attribute := range node.Attr {
		if attribute.Key == key {
			return attribute.Val
		}
	}
	return ""
}

// all are the elements that have a name.
func (d document) all(name string) (found []document) {
	for node := range d.Descendants() {
		if node.Type == html.ElementNode && node.Data == name {
			found = append(found, document{node})
		}
	}
	return found
}

// text is what a person reads in an element, with single spaces.
func (d document) text() string {
	var out strings.Builder
	for node := range d.Descendants() {
		hidden := node.Parent.Data == "style" || node.Parent.Data == "desc" || node.Parent.Data == "title"
		if node.Type == html.TextNode && !hidden {
			out.WriteString(node.Data + " ")
		}
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	return strings.NewReplacer(" .", ".", " ,", ",", " ;", ";", " :", ":", "( ", "(", " )", ")").Replace(text)
}

// part is the section that a heading leads. It is empty where there is none.
func (d document) part(heading string) document {
	for _, section := range d.all("section") {
		if headings := section.all("h2"); len(headings) > 0 && headings[0].text() == heading {
			Expect(attribute(section.Node, "aria-labelledby")).To(Equal(attribute(headings[0].Node, "id")))
			return section
		}
	}
	return document{&html.Node{}}
}

// rows are those of a table's body, by their columns' headers.
func (d document) rows() (rows []map[string]string) {
	GinkgoHelper()
	if len(d.all("table")) == 0 {
		return nil
	}
	var columns []string
	for _, cell := range d.all("thead")[0].all("th") {
		Expect(attribute(cell.Node, "scope")).To(Equal("col"))
		columns = append(columns, cell.text())
	}
	for _, line := range d.all("tbody")[0].all("tr") {
		row, at := map[string]string{}, 0
		for cell := range line.ChildNodes() {
			if cell.Type == html.ElementNode {
				row[columns[at]] = document{cell}.text()
				at++
			}
		}
		Expect(at).To(Equal(len(columns)))
		Expect(line.all("th")).To(HaveLen(1), "each row has its header")
		Expect(attribute(line.all("th")[0].Node, "scope")).To(Equal("row"))
		rows = append(rows, row)
	}
	return rows
}

// items are the texts of a list's.
func (d document) items() (texts []string) {
	for _, item := range d.all("li") {
		texts = append(texts, item.text())
	}
	return texts
}

// figures are those at the top, by their names.
func (d document) figures() map[string]string {
	figures := map[string]string{}
	for _, pair := range d.all("dl")[0].all("div") {
		figures[pair.all("dt")[0].text()] = pair.all("dd")[0].text()
	}
	return figures
}

// troubles are what is told first: each whether it is wrong, and what.
func (d document) troubles() []string {
	for _, list := range d.all("ul") {
		if attribute(list.Node, "class") == "troubles" {
			return list.items()
		}
	}
	return nil
}
