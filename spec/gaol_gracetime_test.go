package spec

import (
	"encoding/json"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("set-gracetime", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.create(body{"handle": "kept", "grace_time": "1h"})
	})

	// graceTime is what Garden keeps.
	graceTime := func(handle string) string {
		GinkgoHelper()
		var containers []struct {
			Handle     string
			Properties map[string]string
		}
		Expect(json.Unmarshal(w.control(http.MethodGet, "/containers", nil), &containers)).To(Succeed())
		for _, container := range containers {
			if container.Handle == handle {
				return container.Properties["garden.grace-time"]
			}
		}
		Fail("no container " + handle)
		return ""
	}

	It("sets it, and prints nothing", func() {
		printsExactly(w, "", "set-gracetime", "-g", "90m", "kept")
		Expect(graceTime("kept")).To(Equal("5400000000000"))
		printsExactly(w, "", "set-gracetime", "kept", "--grace=2h")
		Expect(graceTime("kept")).To(Equal("7200000000000"))
		Expect(w.destroyed()).To(BeEmpty())
	})

	It("starts Garden's countdown anew", func() {
		printsExactly(w, "", "set-gracetime", "--grace", "300ms", "kept")
		Eventually(w.destroyed).Should(ConsistOf("kept"))
	})

	It("does not take weeder's own grace for it", func() {
		without := command(w, "set-gracetime", "kept")
		without.Env = append(without.Env, "WEEDER_GRACE=10m")
		complains(finish(without), 2, "--grace", "was not specified")
		Expect(graceTime("kept")).To(Equal("3600000000000"))
	})

	It("says that a handle is not known, as Garden does not", func() {
		complains(weeder(w, "set-gracetime", "-g", "1h", "nobody"), 1, "unknown handle: nobody")
		complains(weeder(w, "set-gracetime", "-g", "0", "--yes", "nobody"), 1, "unknown handle: nobody")
		Expect(w.calls()).NotTo(HaveKey("set-grace-time"))
		complains(weeder(w, "set-gracetime", "-g", "1h", "kept?x"), 1, "not a handle that can safely be sent to garden")
	})

	DescribeTable("refuses", func(args []string, texts ...string) {
		complains(weeder(w, append([]string{"set-gracetime", "kept"}, args...)...), 2, texts...)
		Expect(w.calls()).To(BeEmpty())
		Expect(w.destroyed()).To(BeEmpty())
	},
		Entry("a negative one, at which Garden destroys", []string{"--grace=-1s"}, "--grace", "destroy the container at once"),
		Entry("a negative one even with --yes", []string{"--grace=-1ns", "--yes"}, "--grace"),
		Entry("none", []string{}, "--grace", "was not specified"),
		Entry("no duration", []string{"-g", "300"}, "--grace", `"300": want a duration such as 30s, 10m or 24h: see`),
		Entry("0 with nobody to ask", []string{"-g", "0"}, "destroy the container at once", "no terminal to ask on", "--yes"),
		Entry("0 in other words", []string{"-g", "0h"}, "--yes"),
		Entry("a second handle", []string{"-g", "1h", "other"}, `unexpected argument "other"`),
	)

	It("destroys the container with 0 and --yes", func() {
		printsExactly(w, "", "set-gracetime", "-g", "0", "--yes", "kept")
		Eventually(w.destroyed).Should(ConsistOf("kept"))
	})

	Context("to 0 on a terminal", func() {
		It("asks, and destroys after a yes", func() {
			t := onTerminal(w, "set-gracetime", "-g", "0", "kept")
			Eventually(t.Screen).Should(gbytes.Say(`a grace time of 0 has Garden destroy kept of \S+ at once, and all that runs in it: destroy it\? \[y/N\] `))
			Expect(w.calls()).NotTo(HaveKey("set-grace-time"))
			t.press("y\n")
			Eventually(t.exited).Should(Receive(BeZero()))
			Eventually(w.destroyed).Should(ConsistOf("kept"))
			Expect(t.Out.Contents()).To(BeEmpty())
		})

		DescribeTable("changes nothing after anything else", func(keys string, status int, text string) {
			t := onTerminal(w, "set-gracetime", "-g", "0", "kept")
			Eventually(t.Screen).Should(gbytes.Say(`\[y/N\] `))
			t.press(keys)
			Eventually(t.exited).Should(Receive(Equal(status)))
			Eventually(t.Screen).Should(gbytes.Say(text))
			Expect(w.calls()).NotTo(HaveKey("set-grace-time"))
			Expect(graceTime("kept")).To(Equal("3600000000000"))
		},
			Entry("no", "n\n", 0, "nothing was changed"),
			Entry("the return key", "\n", 0, "nothing was changed"),
			Entry("an end", "\x04", 1, "no answer: nothing was changed"),
			Entry("an interrupt", "\x03", 1, "interrupted: nothing was changed"),
		)

		It("asks nothing about an unknown handle", func() {
			t := onTerminal(w, "set-gracetime", "-g", "0", "nobody")
			Eventually(t.exited).Should(Receive(Equal(1)))
			Eventually(t.Screen).Should(gbytes.Say("unknown handle: nobody"))
			Expect(string(t.Screen.Contents())).NotTo(ContainSubstring("[y/N]"))
		})

		It("asks nothing about another grace time", func() {
			t := onTerminal(w, "set-gracetime", "-g", "1h", "kept")
			Eventually(t.exited).Should(Receive(BeZero()))
			Expect(string(t.Screen.Contents())).To(BeEmpty())
		})
	})

	It("does not believe a Garden that keeps another", func() {
		garden := fakeGarden(func(answer http.ResponseWriter, request *http.Request) {
			switch request.Method + " " + request.URL.Path {
			case "GET /containers":
				_, _ = answer.Write([]byte(`{"Handles":["kept"]}`))
			case "GET /containers/bulk_info":
				_, _ = answer.Write([]byte(`{"kept":{"Info":{"Properties":{"garden.grace-time":"300000000000"}}}}`))
			default:
				_, _ = answer.Write([]byte(`{}`))
			}
		})
		complains(weeder(garden, "set-gracetime", "-g", "1h", "kept"), 1, "garden says that it is set, but keeps 5m0s")
		Expect(weeder(garden, "set-gracetime", "-g", "5m", "kept")).To(gexec.Exit(0))
	})
})
