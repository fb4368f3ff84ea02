package spec

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// The traps of the design about what Garden knows and is asked, by its
// numbers. Trap 1 has a file of its own.
var _ = Describe("garden trap", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("healthy")
	})

	listed := func() []string {
		GinkgoHelper()
		return strings.Fields(stdout(weeder(w, "list")))
	}

	Describe("7: a list that shows nothing is not no containers", func() {
		BeforeEach(func() { w.orphan("leaked") })

		DescribeTable("judges nothing when a list fails", func(fault string) {
			w.fault(fault)
			session := weeder(w, "scan", "--json")
			Expect(session).To(gexec.Exit(1))
			Expect(parse(session).interlocks()).To(ConsistOf("garden-unreachable"))
			Expect(parse(session).Summary).To(HaveKeyWithValue("containers", BeNil()))
			Expect(stderr(session)).To(ContainSubstring("error: garden-unreachable: list containers"))

			result, status := reap(w)
			Expect(status).To(Equal(1))
			Expect(result.Destroyed).To(BeEmpty())
			Expect(w.destroyed()).To(BeEmpty())
		},
			Entry("the plain one", "list-fails"),
			Entry("the one of all", "all-list-fails"),
		)

		It("finds in the depot what an empty list lacks", func() {
			w.fault("list-empty")
			Expect(listed()).To(BeEmpty())
			found := scan(w, "--depot", w.Depot)
			Expect(found.of("healthy").Verdict).To(Equal("live"))
			Expect(found.of("leaked").Verdict).To(Equal("orphan"))

			By("saying so")
			Expect(stderr(weeder(w, "scan", "--depot", w.Depot))).To(HavePrefix("warning: garden at " + w.Target + " lists no container: "))
		})

		It("takes a handle that was asked for as unknown, not as gone", func() {
			w.fault("list-empty")
			session := weeder(w, "reap", "--yes", "leaked")
			Expect(session).To(gexec.Exit(1))
			Expect(stderr(session)).To(ContainSubstring("unknown handle: leaked: nothing was destroyed"))
			Expect(w.destroyed()).To(BeEmpty())
		})
	})

	Describe("8: bulk calls may be absent, and lists incomplete", func() {
		It("asks each container once where bulk_info is not implemented", func() {
			w.create(body{"handle": "ours", "age": "6h", "properties": map[string]string{"concourse:volumes": `["missing"]`}})
			w.fault("bulk-not-implemented")
			Expect(scan(w).of("ours").codes()).To(ConsistOf("volume-missing"))
			Expect(w.asked("properties")).To(Equal(map[string]int{"healthy": 1, "ours": 1}))
		})

		It("has any other error of bulk_info for an error, and asks no container", func() {
			w.fault("bulk-info-fails")
			session := weeder(w, "scan", "--json")
			Expect(session).To(gexec.Exit(1))
			Expect(parse(session).interlocks()).To(ConsistOf("garden-unreachable"))
			Expect(w.asked("properties")).To(BeEmpty())
			Expect(w.asked("info")).To(BeEmpty())
		})

		// All of them refer to a root volume that is missing.
		DescribeTable("finds and reaps what the plain list lacks or bulk_info refuses", func(kind string, inList bool, faults ...string) {
			w.create(body{"handle": "c", "root_volume": "missing", "age": "6h", kind: true})
			for _, fault := range faults {
				w.fault(fault)
			}
			Expect(listed()).To(ContainElement("healthy"))
			if inList {
				Expect(listed()).To(ContainElement("c"))
			} else {
				Expect(listed()).NotTo(ContainElement("c"))
			}

			c := scan(w).of("c")
			Expect(c.Verdict).To(Equal("orphan"))
			Expect(c.codes()).To(ConsistOf("volume-missing"))
			Expect(c.volume("missing").Sources).To(ConsistOf("bundle"))

			result, status := reap(w)
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(ConsistOf("c"))
			Expect(w.destroyed()).To(ConsistOf("c"))
		},
			Entry("half-created, on a Guardian that lists no such ones", "hidden", false, "all-list-empty"),
			Entry("known from the depot alone", "depot_only", false),
			Entry("a zombie, of which bulk_info knows nothing", "zombie", true),
		)

		It("finds what garden.state=all lists alone", func() {
			w.create(body{
				"handle": "c", "hidden": true, "no_bundle": true, "age": "6h",
				"properties": map[string]string{"concourse:volumes": `["missing"]`},
			})
			Expect(listed()).To(ConsistOf("healthy"))
			Expect(scan(w).of("c").codes()).To(ConsistOf("volume-missing"))

			result, status := reap(w)
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(ConsistOf("c"))
		})

		It("needs --depot where no container tells where the depot is", func() {
			w = emptyWorker()
			w.volume("there", "live", nil)
			w.create(body{"handle": "zombie", "root_volume": "missing", "volumes": map[string]string{"there": "/there"}, "age": "6h", "zombie": true})
			Expect(scan(w).of("zombie").codes()).To(ConsistOf("source-unreadable"))
			Expect(scan(w, "--depot", w.Depot).of("zombie").codes()).To(ConsistOf("volume-missing"))
		})

		It("does not tell that what Garden does not know is destroyed while the depot shows it", func() {
			w.orphan("c")
			Expect(os.CopyFS(filepath.Join(w.Depot, "left"), os.DirFS(filepath.Join(w.Depot, "c")))).To(Succeed())
			result, status := reap(w, "--grace=0s", "--busy-grace=0s")
			Expect(status).To(Equal(1))
			Expect(result.Destroyed).To(ConsistOf("c"))
			Expect(result.Failed).To(ConsistOf(And(HaveField("Handle", "left"), HaveField("Error", And(
				ContainSubstring("unknown handle: left"), ContainSubstring(filepath.Join(w.Depot, "left")+" is there"))))))
			Expect(w.told("left")()).To(Equal([]string{"destroying", "destroy-failed"}))
		})

		It("does not have a handle for gone that only the lists lack", func() {
			w.create(body{"handle": "c", "root_volume": "missing", "age": "6h", "depot_only": true})
			w.fault("destroy-fails")
			result, status := reap(w)
			Expect(status).To(Equal(1))
			Expect(result.Gone).To(BeEmpty())
			Expect(result.Failed).To(ConsistOf(SatisfyAll(
				HaveField("Handle", "c"), HaveField("Error", ContainSubstring("container init still running")))))
		})

		It("gets by with what Concourse's containerd backend answers", func() {
			w.create(body{"handle": "ours", "age": "6h", "properties": map[string]string{"concourse:volumes": `["missing"]`}})
			w.fault("containerd")

			Expect(stderr(weeder(w, "scan", "--max-containers=0"))).To(HavePrefix("2 slots used: 2 containers listed"), "0 is not known")
			found := scan(w, "--max-containers", "77")
			Expect(found.of("ours").codes()).To(ConsistOf("volume-missing"))
			Expect(found.of("healthy").codes()).To(ConsistOf("no-source"))
			Expect(found.Summary).To(HaveKeyWithValue("max_containers", HaveValue(Equal(77))))

			result, status := reap(w)
			Expect(status).To(BeZero())
			Expect(result.heldBy("ours")).To(ContainElement("age"))

			session := weeder(w, "destroy", "no-such")
			Expect(session).To(gexec.Exit(1))
			Expect(stderr(session)).To(ContainSubstring("unknown handle: no-such"))
			Expect(weeder(w, "capacity")).To(gexec.Exit(1))
			Expect(weeder(w, "destroy", "ours")).To(gexec.Exit(0))
			Expect(w.destroyed()).To(ConsistOf("ours"))
		})
	})

	Describe("9: bulk_info is dear", func() {
		BeforeEach(func() {
			w.orphan("leaked")
			w.orphan("guarded")
			for _, kind := range []string{"hidden", "zombie", "depot_only"} {
				w.create(body{"handle": kind, "root_volume": "healthy-root", "age": "6h", kind: true})
			}
		})

		each := func(times int) map[string]int {
			return map[string]int{"healthy": times, "leaked": times, "guarded": times, "hidden": times, "zombie": times, "depot_only": times}
		}

		perHandle := func() {
			GinkgoHelper()
			for _, kind := range []string{"properties", "property", "info", "metrics", "limits"} {
				Expect(w.asked(kind)).To(BeEmpty(), kind)
			}
		}

		It("is asked for each handle once in a scan, and metrics for what may be reaped", func() {
			Expect(scan(w, "--protect=guarded").of("guarded").HeldBy).To(ConsistOf("protected"))
			Expect(w.asked("bulk-info")).To(Equal(each(1)))
			Expect(w.asked("bulk-metrics")).To(Equal(map[string]int{"leaked": 1}))
			perHandle()
		})

		It("is asked once more in a reap, right before a destroy", func() {
			_, status := reap(w, "leaked")
			Expect(status).To(BeZero())
			expected := each(1)
			expected["leaked"]++
			Expect(w.asked("bulk-info")).To(Equal(expected))
			perHandle()
		})
	})
})

// asked tells how often Garden was asked about each handle by a kind of call.
func (w *worker) asked(kind string) map[string]int {
	GinkgoHelper()
	var calls struct{ Handles map[string]map[string]int }
	Expect(json.Unmarshal(w.control(http.MethodGet, "/calls", nil), &calls)).To(Succeed())
	return calls.Handles[kind]
}
