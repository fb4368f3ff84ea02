package page

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/spec/browser"
)

// contrast.js finds the texts that are hard to read.
//
//go:embed contrast.js
var contrast string

var windows = map[string]browser.Window{
	"at a desk":              {Width: 1280, Height: 900},
	"at a desk in the dark":  {Width: 1280, Height: 900, Dark: true},
	"on a phone":             {Width: 360, Height: 740, Phone: true},
	"on a phone in the dark": {Width: 360, Height: 740, Phone: true, Dark: true},
}

// readable checks what has to hold of each page in each window.
func readable(ctx context.Context, address string) {
	GinkgoHelper()
	for name, window := range windows {
		page := look(ctx, address, window)
		Expect(page.Complaints()).To(BeEmpty(), name)
		Expect(page.Requests()).To(HaveEach(HavePrefix(address)), name)
		Expect(page.Requests()).NotTo(BeEmpty())

		var wide struct{ Scroll, Inner int }
		Expect(page.Evaluate(ctx, `({scroll: document.documentElement.scrollWidth, inner: document.documentElement.clientWidth})`, &wide)).To(Succeed())
		Expect(wide.Inner).To(Equal(window.Width))
		Expect(wide.Scroll).To(BeNumerically("<=", wide.Inner), name+": nothing sticks out")

		var texts struct {
			Seen  int
			Faint []struct {
				Text  string
				Ratio float64
			}
			Cut []string
		}
		Expect(page.Evaluate(ctx, contrast, &texts)).To(Succeed())
		Expect(texts.Seen).To(BeNumerically(">", 30), name)
		Expect(texts.Faint).To(BeEmpty(), name)
		Expect(texts.Cut).To(BeEmpty(), name)

		var colour string
		Expect(page.Evaluate(ctx, `getComputedStyle(document.body).backgroundColor`, &colour)).To(Succeed())
		Expect(colour == "rgb(255, 255, 255)").To(Equal(!window.Dark), name)
		if dir := os.Getenv("PICTURES"); dir != "" {
			picture, err := page.Picture(ctx, 0)
			Expect(err).NotTo(HaveOccurred())
			file := strings.NewReplacer(" ", "-", "/", "-").Replace(CurrentSpecReport().LeafNodeText + " " + name)
			Expect(os.WriteFile(fmt.Sprintf("%s/%s.png", dir, file), picture, 0o644)).To(Succeed())
		}
	}
}

var _ = Describe("the daemon's page", func() {
	BeforeEach(needBrowser)

	// nodes are what a screen reader finds on a phone, where tables turn into
	// blocks.
	nodes := func(ctx context.Context, address string) []browser.Node {
		GinkgoHelper()
		nodes, err := look(ctx, address, windows["on a phone"]).Nodes(ctx)
		Expect(err).NotTo(HaveOccurred())
		return nodes
	}
	named := func(nodes []browser.Node) (names []string) {
		for _, node := range nodes {
			names = append(names, node.Name)
		}
		return names
	}
	count := func(nodes []browser.Node, role string) (n int) {
		for _, node := range nodes {
			if node.Role == role {
				n++
			}
		}
		return n
	}

	It("is readable with a thousand containers", func(ctx context.Context) {
		address := startWorker("--containers=1000", "--leaked=120").watch("--dry-run")
		readable(ctx, address)
		found := nodes(ctx, address)
		for _, node := range []browser.Node{
			{Role: "heading", Name: "weeder"}, {Role: "heading", Name: "Orphans"}, {Role: "region", Name: "Orphans"},
			{Role: "StaticText", Name: "and 70 more: "}, {Role: "navigation", Name: "For machines"}, {Role: "link", Name: "metrics"},
			{Role: "image", Name: "Containers by verdict over the last day, against the slots there are"},
		} {
			Expect(slices.Contains(found, node)).To(BeTrue(), "%v", node)
		}
		Expect(count(found, "table")).To(Equal(2))
		Expect(count(found, "rowheader")).To(Equal(50 + 20))
		response, err := http.Get(address)
		Expect(err).NotTo(HaveOccurred())
		defer response.Body.Close()
		Expect(response.Header.Get("Content-Security-Policy")).To(HavePrefix("default-src 'none'; style-src 'sha256-"))
	})

	It("is readable with names of people who mean ill", func(ctx context.Context) {
		address := hostileWorker().watch()
		readable(ctx, address)
		Expect(named(nodes(ctx, address))).To(ContainElement(ContainSubstring("<img src=%%evil.example%x onerror=alert(1)>")))
		page := look(ctx, address, browser.Window{Width: 1280, Height: 900, Scripts: true})
		Expect(page.Complaints()).To(BeEmpty())
		Expect(page.Requests()).To(Equal([]string{address}))
	})

	It("is readable with an interlock on", func(ctx context.Context) {
		w := startWorker("--containers=20", "--leaked=6")
		w.control(http.MethodPut, "/faults/list-fails", nil)
		address := w.watch()
		readable(ctx, address)
		Expect(named(nodes(ctx, address))).To(ContainElements(
			ContainSubstring("Garden does not answer, so nobody can tell which containers there are."), Equal("garden-unreachable")))
	})

	It("is readable with nothing at all", func(ctx context.Context) {
		address := startWorker("--containers=0", "--leaked=0").watch()
		readable(ctx, address)
		Expect(named(nodes(ctx, address))).To(ContainElement("There is none."))
	})

	It("loads itself anew, without a script", func(ctx context.Context) {
		address := startWorker("--containers=3", "--leaked=1").watch()
		page := look(ctx, address, windows["on a phone"])
		Expect(page.Requests()).To(HaveLen(1))
		Eventually(page.Requests).WithTimeout(25 * 1e9).Should(HaveLen(2))
	})
})

var _ = Describe("what checks the page", func() {
	BeforeEach(needBrowser)

	It("finds what it looks for", func(ctx context.Context) {
		server := serve(`<!DOCTYPE html><body style="background:#fff"><p style="color:#888">faint</p><p style="color:#000">plain</p>
			<p style="color:#777;background:#777">none</p><p hidden style="color:#fff">hidden</p>
			<svg><text y="10" style="fill:#999">drawn</text></svg><img src="http://127.0.0.2:9/x"><p style="width:3000px">wide</p>`)
		page := look(ctx, server, windows["at a desk"])
		var texts struct {
			Seen  int
			Faint []struct{ Text string }
		}
		Expect(page.Evaluate(ctx, contrast, &texts)).To(Succeed())
		Expect(texts.Seen).To(Equal(5))
		Expect(texts.Faint).To(HaveExactElements(HaveField("Text", "faint"), HaveField("Text", "none"), HaveField("Text", "drawn")))
		Expect(page.Complaints()).NotTo(BeEmpty())
		Expect(page.Requests()).To(ContainElement("http://127.0.0.2:9/x"))
		var wide bool
		Expect(page.Evaluate(ctx, `document.documentElement.scrollWidth > document.documentElement.clientWidth`, &wide)).To(Succeed())
		Expect(wide).To(BeTrue())
	})
})
