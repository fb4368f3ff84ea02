package spec

import (
	"encoding/json"
	"net/http"
	"os"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

var _ = Describe("a worker with "+withTTLs.String(), func() {
	var w *worker
	var b *baggageclaim

	BeforeEach(func() {
		w, b = workerOf(withTTLs)
		b.empty("kept-root", 0)
		w.rooted("kept", "kept-root")
	})

	It("loses a volume to baggageclaim's reaper, and its container to weeder", func() {
		b.empty("short", 300)
		w.rooted("leaked", "short")

		before := scan(w).of("leaked")
		Expect(before.Verdict).To(Equal("live"))
		Expect(*before.volume("short").TTLSeconds).To(Equal(300.0))
		expiresAt, err := time.Parse(time.RFC3339, *before.volume("short").ExpiresAt)
		Expect(err).NotTo(HaveOccurred())
		Expect(expiresAt).To(BeTemporally("~", time.Now().Add(300*time.Second), 20*time.Second))

		b.setTTL("short", 1)
		Eventually(b.file("short")).ShouldNot(BeADirectory())
		Expect(b.session).To(gbytes.Say(`reaping.*"handle":"short"`))

		after := scan(w).of("leaked")
		Expect(after.Verdict).To(Equal("orphan"))
		Expect(after.codes()).To(ConsistOf("volume-missing"))
		Expect(after.volume("short").State).To(Equal("missing"))
		Expect(after.Eligible).To(BeTrue())

		result, status := reap(w)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("leaked"))
		Expect(w.destroyed()).To(ConsistOf("leaked"))
		Expect(stdout(weeder(w, "list"))).To(Equal("kept\n"))
	})

	It("has a volume that never expires though a stray brace follows its ttl of 0", func() {
		b.empty("pinned", 300)
		w.rooted("pinning", "pinned")
		b.setTTL("pinned", 0)

		content, err := os.ReadFile(b.file("pinned", "ttl.json"))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(content)).To(MatchRegexp(`\A\{"ttl":0,"expires_at":\d{10}\}\n\}\n\z`))

		b.reapPasses()
		Expect(b.file("pinned")).To(BeADirectory())
		c := scan(w).of("pinning")
		Expect(c.Verdict).To(Equal("live"))
		Expect(*c.volume("pinned").TTLSeconds).To(BeZero())
		Expect(stdout(weeder(w, "explain", "pinning"))).To(SatisfyAll(
			ContainSubstring(`}\n}\n  (%d bytes)`, len(content)),
			ContainSubstring("ttl 0: never expires"),
		))
		Expect(scan(w, "--zero-ttl=expires-at").of("pinning").codes()).To(ConsistOf("volume-expired"))
	})

	It("keeps an expired volume for its copy-on-write child, which saves no container", func() {
		b.empty("a-parent", 300)
		b.child("a-child", "a-parent")
		w.rooted("on-parent", "a-parent")
		w.rooted("on-child", "a-child")
		b.setTTL("a-parent", 1)
		b.reapPasses()
		Expect(b.file("a-parent")).To(BeADirectory())

		found := scan(w, "--grace=0s")
		Expect(found.interlocks()).To(BeEmpty())
		Expect(found.of("on-child").Verdict).To(Equal("live"))
		Expect(found.of("on-parent").Verdict).To(Equal("orphan"))
		Expect(found.of("on-parent").codes()).To(ConsistOf("volume-expired"))
		Expect(found.of("on-parent").Eligible).To(BeTrue())

		onDisk := volumes(w)
		Expect(onDisk["a-child"].Parent).To(HaveValue(Equal("a-parent")))
		Expect(onDisk["a-child"].Containers).To(ConsistOf("on-child"))
		Expect(onDisk["a-parent"].TTLSeconds).To(HaveValue(Equal(1.0)))
		Expect(stdout(weeder(w, "volumes"))).To(MatchRegexp(`(?m)^a-child  +live  +never expires  +-  +a-parent  +on-child$`))

		b.destroy("a-child")
		Eventually(b.file("a-parent")).ShouldNot(BeADirectory())
		Expect(scan(w).of("on-parent").codes()).To(ConsistOf("volume-missing"))
	})

	It("waits out the grace from the expiry on, and the word of baggageclaim", func() {
		b.empty("a-parent", 300)
		b.child("a-child", "a-parent")
		w.rooted("on-parent", "a-parent")
		b.setTTL("a-parent", 1)
		Eventually(func() string { return scan(w).of("on-parent").Verdict }).Should(Equal("orphan"))

		result, status := reap(w)
		Expect(status).To(BeZero())
		Expect(result.heldBy("on-parent")).To(ConsistOf("grace"))

		result, status = reap(w, "--grace=0s", "--baggageclaim", "")
		Expect(status).To(BeZero())
		Expect(result.heldBy("on-parent")).To(ConsistOf("expiry-wait"))
		Expect(w.destroyed()).To(BeEmpty())

		result, status = reap(w, "--grace=0s")
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("on-parent"))
	})

	It("has properties.json with bytes behind the value, and that is no error", func() {
		const property = "/volumes/kept-root/properties/note"
		b.call(http.MethodPut, property, body{"value": "a value that is long"})
		b.call(http.MethodPut, property, body{"value": "short"})
		content, err := os.ReadFile(b.file("kept-root", "properties.json"))
		Expect(err).NotTo(HaveOccurred())
		Expect(json.Valid(content)).To(BeFalse(), "%s", content)

		Expect(volumes(w)["kept-root"].Error).To(BeNil())
		Expect(stdout(weeder(w, "explain", "kept"))).To(ContainSubstring("property    note = short\n"))
	})
})

var _ = Describe("a worker with baggageclaim", func() {
	for _, of := range []release{withTTLs, withoutTTLs, onOverlay} {
		Context("of "+of.version+", driver "+of.driver, func() {
			var w *worker
			var b *baggageclaim

			BeforeEach(func() {
				w, b = workerOf(of)
				b.empty("parent", 0)
				b.child("child", "parent")
				w.rooted("on-parent", "parent")
				w.rooted("on-child", "child")
			})

			if of.version == withoutTTLs.version {
				It("has volumes without ttl.json, which never expire", func() {
					Expect(b.file("parent", "ttl.json")).NotTo(BeAnExistingFile())
					found := scan(w)
					for handle, root := range map[string]string{"on-parent": "parent", "on-child": "child"} {
						Expect(found.of(handle).Verdict).To(Equal("live"))
						Expect(found.of(handle).volume(root).TTLSeconds).To(BeNil())
						Expect(found.of(handle).volume(root).ExpiresAt).To(BeNil())
					}
					Expect(stdout(weeder(w, "explain", "on-parent"))).To(ContainSubstring("no ttl.json: it never expires"))
				})
			}

			It("shows the parent of a copy-on-write child", func() {
				onDisk := volumes(w)
				Expect(onDisk).To(HaveLen(2))
				Expect(onDisk["child"].Parent).To(HaveValue(Equal("parent")))
				Expect(onDisk["parent"].Parent).To(BeNil())
				Expect(stdout(weeder(w, "explain", "on-child"))).To(ContainSubstring("copy-on-write child of parent"))
			})

			It("has an orphan once the volume is destroyed over the API", func() {
				Expect(scan(w).of("on-child").Verdict).To(Equal("live"))
				b.destroy("child")
				Expect(scan(w).of("on-child").codes()).To(ConsistOf("volume-missing"))

				result, status := reap(w)
				Expect(status).To(BeZero())
				Expect(result.Destroyed).To(ConsistOf("on-child"))
				Expect(w.destroyed()).To(ConsistOf("on-child"))
			})

			It("has orphans once volumes are destroyed over the API all at once", func() {
				b.call(http.MethodDelete, "/volumes/destroy", []string{"child"})
				b.call(http.MethodDelete, "/volumes/destroy", []string{"parent", "never-there"})
				b.empty("other", 0)

				result, status := reap(w)
				Expect(status).To(BeZero())
				Expect(result.Destroyed).To(ConsistOf("on-child", "on-parent"))
			})

			It("is not taken for a wrong directory while baggageclaim lists a volume in it", func() {
				w.rooted("third", "never-there")
				b.empty("other", 0)
				b.destroy("child")
				b.destroy("parent")

				Expect(scan(w).interlocks()).To(BeEmpty())
				Expect(scan(w, "--baggageclaim", "").interlocks()).To(ConsistOf("no-volume-found"))
			})
		})
	}
})
