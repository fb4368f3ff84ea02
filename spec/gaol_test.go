package spec

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// Scripts that used gaol go on working: what its commands print on success is
// here to the byte (contraband/gaol, commands/*.go).
var _ = Describe("as gaol", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("c-last")
		w.healthy("a-first")
		w.orphan("b-leaked")
	})

	// prints checks for a success that printed this and nothing else.
	prints := func(text string, args ...string) {
		GinkgoHelper()
		session := weeder(w, args...)
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(Equal(text))
		Expect(stderr(session)).To(BeEmpty())
	}

	// properties are those that Garden has of a container.
	properties := func(handle string) map[string]string {
		GinkgoHelper()
		var containers []struct {
			Handle     string
			Properties map[string]string
		}
		Expect(json.Unmarshal(w.control(http.MethodGet, "/containers", nil), &containers)).To(Succeed())
		for _, container := range containers {
			if container.Handle == handle {
				return container.Properties
			}
		}
		Fail("no container " + handle)
		return nil
	}

	It("ping prints nothing", func() { prints("", "ping") })

	It("list prints Garden's plain list, a handle a line, in Garden's order", func() {
		w.create(body{"handle": "hidden", "hidden": true})
		reply, err := http.Get("http://" + w.Target + "/containers")
		Expect(err).NotTo(HaveOccurred())
		defer reply.Body.Close()
		var listed struct{ Handles []string }
		Expect(json.NewDecoder(reply.Body).Decode(&listed)).To(Succeed())
		Expect(listed.Handles).To(ConsistOf("a-first", "b-leaked", "c-last"))
		prints(strings.Join(listed.Handles, "\n")+"\n", "list")
	})

	It("list prints nothing where there is nothing", func() {
		for _, handle := range []string{"a-first", "b-leaked", "c-last"} {
			w.control(http.MethodDelete, "/containers/"+handle, nil)
		}
		prints("", "list")
	})

	Context("properties", func() {
		BeforeEach(func() {
			w.change("a-first", body{"properties": map[string]string{"user": "<vcap> & \"co\"\tü\u007f\u00a0\nnext", "empty": ""}})
		})

		It("prints a line for each, with a tab, but sorted", func() {
			text := ""
			lines := properties("a-first")
			for _, key := range slices.Sorted(maps.Keys(lines)) {
				text += key + "\t" + lines[key] + "\n"
			}
			Expect(text).To(ContainSubstring("user\t<vcap> & \"co\"\tü\u007f\u00a0\nnext\n"))
			prints(text, "properties", "a-first")
		})

		It("prints JSON with -j and --json, with no line end behind it", func() {
			text, err := json.MarshalIndent(properties("a-first"), "", "  ")
			Expect(err).NotTo(HaveOccurred())
			Expect(string(text)).To(ContainSubstring(`"user": "\u003cvcap\u003e \u0026 \"co\"\tü` + "\u007f\u00a0" + `\nnext"`))
			prints(string(text), "properties", "-j", "a-first")
			prints(string(text), "properties", "a-first", "--json")
		})

		It("leaves the grace time alone, as gaol does not", func() {
			w.create(body{"handle": "graceful", "grace_time": "1500ms"})
			Eventually(func() []string {
				weeder(w, "properties", "graceful")
				return w.destroyed()
			}).WithTimeout(8 * time.Second).Should(ConsistOf("graceful"))
			Expect(w.calls()["properties"]).To(BeZero())
			Expect(w.calls()["info"]).To(BeZero())
			Expect(w.calls()["bulk-info"]).To(BeNumerically(">", 3))
		})

		It("reads them of a container alone where Garden knows no bulk call", func() {
			w.fault("bulk-not-implemented")
			Expect(weeder(w, "properties", "a-first")).To(gexec.Exit(0))
			Expect(w.calls()["properties"]).To(Equal(1))
		})
	})

	DescribeTable("takes a socket for a target:", func(form func(socket string) string) {
		dir := GinkgoT().TempDir()
		w = emptyWorker("--listen", filepath.Join(dir, "garden.sock"))
		w.healthy("healthy")
		w.orphan("leaked")
		target := form(w.Target)
		prints("", "-t", target, "ping")

		gaol := command(nil, "list")
		gaol.Env = append(gaol.Env, "GAOL_TARGET="+target)
		Expect(stdout(finish(gaol))).To(Equal("healthy\nleaked\n"))

		w.Target = target
		result, status := reap(w)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("leaked"))
	},
		Entry("its path", func(socket string) string { return socket }),
		Entry("its path from here", func(socket string) string {
			here, err := os.Getwd()
			Expect(err).NotTo(HaveOccurred())
			path, err := filepath.Rel(here, socket)
			Expect(err).NotTo(HaveOccurred())
			return path
		}),
		Entry("unix://PATH", func(socket string) string { return "unix://" + socket }),
	)

	Context("where gaol has no such command", func() {
		It("capacity prints a table, or JSON", func() {
			prints("memory          24.0 GiB\ndisk            252.0 GiB\nmax containers  250\n", "capacity")
			prints("{\n  \"disk_bytes\": 270582939648,\n  \"max_containers\": 250,\n  \"memory_bytes\": 25769803776\n}\n",
				"capacity", "--json")
		})

		It("capacity says so where Garden does not tell", func() {
			w.fault("containerd")
			complains(weeder(w, "capacity"), 1, "does not tell its capacity", "not implemented")
		})

		It("version prints one line, with no Garden near", func() {
			session := weeder(nil, "version")
			Expect(session).To(gexec.Exit(0))
			Expect(stdout(session)).To(MatchRegexp(`\A\S+\n\z`))
			Expect(stderr(session)).To(BeEmpty())
		})
	})
})
