package spec

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// The traps of the design about what Garden's answers are worth, by its
// numbers.
var _ = Describe("garden trap", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("a")
		w.healthy("b")
		w.orphan("leaked")
	})

	Describe("10: a destroy that times out goes on", func() {
		It("is not an error that one is under way", func() {
			w.fault("destroy-says-in-progress", "leaked")
			result, status := reap(w)
			Expect(status).To(BeZero())
			Expect(result.InProgress).To(ConsistOf("leaked"))
			Expect(result.Failed).To(BeEmpty())
			Expect(result.Destroyed).To(BeEmpty())
		})

		It("holds up no other, is under way for the next reap, and ends by itself", func() {
			w.orphan("hangs")
			w.fault("destroy-hangs", "hangs")

			result, status := reap(w, "--destroy-timeout=1s", "--max-in-flight=2")
			Expect(status).To(Equal(1))
			Expect(result.Destroyed).To(ConsistOf("leaked"))
			Expect(result.Failed).To(ConsistOf(SatisfyAll(
				HaveField("Handle", "hangs"), HaveField("Error", ContainSubstring("garden may go on with it")))))

			result, status = reap(w)
			Expect(status).To(BeZero())
			Expect(result.InProgress).To(ConsistOf("hangs"))

			w.mend("destroy-hangs")
			Eventually(w.destroyed).Should(ConsistOf("leaked", "hangs"))
		})

		DescribeTable("has a deadline for every other call", func(fault string) {
			w.fault(fault)
			began := time.Now()
			session := weeder(w, "scan", "--json", "--timeout=1s")
			Expect(time.Since(began)).To(BeNumerically("<", 5*time.Second))
			Expect(session).To(gexec.Exit(1))
			Expect(parse(session).interlocks()).To(ConsistOf("garden-unreachable"))
			Expect(stderr(session)).To(ContainSubstring("within 1s"))
		},
			Entry("the list", "list-hangs"),
			Entry("bulk_info", "bulk-info-hangs"),
		)
	})

	It("12: a ping proves little", func() {
		w.fault("list-fails")
		Expect(weeder(w, "ping")).To(gexec.Exit(0))
		Expect(weeder(w, "scan")).To(gexec.Exit(1))
	})

	Describe("13: handles are data of others", func() {
		DescribeTable("never sends to Garden what its client would mangle", func(handle string, bundle bool) {
			w.create(body{"handle": handle, "root_volume": "missing", "age": "6h", "no_bundle": !bundle})

			c := scan(w).of(handle)
			Expect(c.Verdict).To(Equal("unknown"))
			Expect(c.codes()).To(ConsistOf("handle-unsafe"))

			result, status := reap(w, "--grace=0s", "--busy-grace=0s")
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(ConsistOf("leaked"))

			for _, command := range []string{"properties", "destroy"} {
				session := weeder(w, command, "--", handle)
				Expect(session).To(gexec.Exit(1))
				Expect(stderr(session)).To(ContainSubstring("not a handle that can safely be sent to garden"))
			}
			Expect(w.asked("bulk-info")).To(Equal(map[string]int{"a": 2, "b": 2, "leaked": 3}))
			Expect(w.asked("properties")).To(BeEmpty())
			Expect(w.asked("destroy")).To(Equal(map[string]int{"leaked": 1}))
			Expect(w.destroyed()).To(ConsistOf("leaked"))
		},
			Entry("a query", "a?x", true),
			Entry("a fragment", "a#x", true),
			Entry("a list", "a,b", true),
			Entry("an escape", "a%2Fb", true),
			Entry("a space", "a b", true),
			Entry("a letter beyond ASCII", "ä", true),
			Entry("a dot in front", ".a", true),
			Entry("a dash in front", "-a", true),
			Entry("a path", "b/../a", false),
			Entry("the directory above", "..", false),
		)

		// The fault answers the destroy, and destroys nothing.
		DescribeTable("fails on a 404 that does not say that this handle is gone", func(fault string) {
			w.fault(fault, "leaked")
			result, status := reap(w)
			Expect(status).To(Equal(1))
			Expect(result.Gone).To(BeEmpty())
			Expect(result.Destroyed).To(BeEmpty())
			Expect(result.Failed).To(ConsistOf(HaveField("Handle", "leaked")))
			Expect(weeder(w, "destroy", "leaked")).To(gexec.Exit(1))
			Expect(scan(w).of("leaked").Eligible).To(BeTrue())
		},
			Entry("without a type", "destroy-404-untyped"),
			Entry("of another handle", "destroy-404-other-handle"),
		)

		It("is told by one that does", func() {
			w.hook("on-destroy", body{"handle": "leaked", "action": "delete"})
			result, status := reap(w)
			Expect(status).To(BeZero())
			Expect(result.Gone).To(ConsistOf("leaked"))
			Expect(result.Failed).To(BeEmpty())
		})
	})

	Describe("15: zero can mean not known", func() {
		It("does not have an age of 0 for young", func() {
			w.create(body{
				"handle": "c", "no_bundle": true, "age": "6h",
				"properties": map[string]string{"concourse:volumes": `["missing"]`},
			})
			Expect(scan(w).of("c").Eligible).To(BeTrue())

			w.fault("old-guardian")
			c := scan(w).of("c")
			Expect(c.HeldBy).To(ConsistOf("age"))
			Expect(c.AgeSeconds).To(BeNil())
		})

		It("does not have 0 processes for idle", func() {
			w.create(body{
				"handle": "c", "root_volume": "a-root", "volumes": map[string]string{"missing": "/tmp/build/get"}, "age": "6h",
			})
			Expect(scan(w).of("c").Eligible).To(BeTrue())

			w.fault("old-guardian")
			Expect(scan(w).of("c").HeldBy).To(ConsistOf("busy"))
			result, status := reap(w, "c")
			Expect(status).To(BeZero())
			Expect(result.heldBy("c")).To(ConsistOf("busy"))
			Expect(scan(w, "--busy-grace=5h").of("c").Eligible).To(BeTrue())
		})
	})

	Describe("16: clocks step", func() {
		tomorrow := time.Now().Add(24 * time.Hour)

		It("holds what was created in the future", func() {
			w.create(body{"handle": "c", "root_volume": "missing", "created_at": tomorrow})
			Expect(scan(w).of("c").HeldBy).To(ConsistOf("grace"))
		})

		It("holds it where only the metrics tell, as an age below 0", func() {
			w.create(body{
				"handle": "c", "no_bundle": true, "created_at": tomorrow,
				"properties": map[string]string{"concourse:volumes": `["missing"]`},
			})
			Expect(scan(w).of("c").HeldBy).To(ConsistOf("age"))
		})

		AfterEach(func() {
			result, status := reap(w, "--grace=0s", "--busy-grace=0s")
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(ConsistOf("leaked"))
			Expect(w.destroyed()).To(ConsistOf("leaked"))
		})
	})
})
