package spec

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// Every verdict and every reason of the rule, each shown once, on a worker
// with an orphan beside it: what keeps the others is their verdict alone.
var _ = Describe("the verdict", func() {
	const subject, beside = "subject", "orphan-beside"
	var w *worker

	given := func() {
		w = emptyWorker()
		w.healthy("healthy-beside")
		w.orphan(beside)
	}

	// rooted is a container, hours old, with nothing but a root volume.
	rooted := func(volume string) body {
		return body{"handle": subject, "root_volume": volume, "age": "6h"}
	}

	// referring is one that refers to volumes by its properties alone.
	referring := func(property string) body {
		return body{
			"handle": subject, "no_bundle": true, "age": "6h",
			"properties": map[string]string{"concourse:volumes": property},
		}
	}

	// kept asks for the subject to be reaped, and for all there is.
	kept := func(handle string) {
		GinkgoHelper()
		session := weeder(w, "reap", "--yes", "--", handle)
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(ContainSubstring(handle + " is kept: its verdict is "))

		result, status := reap(w, "--grace=0s", "--busy-grace=0s")
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf(beside))
		Expect(result.Held).To(BeEmpty())
		Expect(w.destroyed()).To(ConsistOf(beside))
	}

	Describe("is unknown for all", func() {
		BeforeEach(func() {
			w = emptyWorker()
			for _, handle := range []string{"dark-1", "dark-2"} {
				w.create(body{"handle": handle, "no_bundle": true, "age": "6h"})
			}
		})
		warned := func() string {
			GinkgoHelper()
			session := weeder(w, "scan")
			Expect(session).To(gexec.Exit(0))
			return stderr(session)
		}
		warning := "warning: none of Concourse's containers could be judged: "

		It("which scan and explain say, with the first reason", func() {
			w.create(body{"handle": "foreign", "root_path": "/var/lib/images/busybox/rootfs", "age": "6h"})
			Expect(warned()).To(HavePrefix(warning + "neither its properties nor an OCI spec "))
			session := weeder(w, "explain", "--no-logs", "dark-2")
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(HavePrefix(warning))
			Expect(strings.Contains(warned(), "run weeder as root")).To(Equal(os.Geteuid() != 0))
		})

		It("which is not so where one of them is live, or an orphan", func() {
			w.healthy("healthy")
			Expect(warned()).NotTo(ContainSubstring(warning))
			w.control(http.MethodDelete, "/containers/healthy", nil)
			w.orphan("orphan")
			Expect(warned()).NotTo(ContainSubstring(warning))
		})

		It("which is not so where none is unknown", func() {
			for _, handle := range []string{"dark-1", "dark-2"} {
				w.control(http.MethodDelete, "/containers/"+handle, nil)
			}
			w.create(body{"handle": "foreign", "root_path": "/var/lib/images/busybox/rootfs", "age": "6h"})
			Expect(warned()).NotTo(ContainSubstring(warning))
		})
	})

	DescribeTable("is orphan for", func(code string, leak func()) {
		given()
		leak()
		w.create(rooted("volume"))

		found := scan(w)
		Expect(found.interlocks()).To(BeEmpty())
		c := found.of(subject)
		Expect(c.Verdict).To(Equal("orphan"))
		Expect(c.Reasons).To(ConsistOf(SatisfyAll(
			HaveField("Code", code), HaveField("Volume", "volume"), HaveField("Detail", Not(BeEmpty())))))
		Expect(c.Eligible).To(BeTrue())
		Expect(c.HeldBy).To(BeEmpty())

		result, status := reap(w, subject)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf(subject))
		Expect(w.destroyed()).To(ConsistOf(subject))
	},
		Entry("volume-missing", "volume-missing", func() {}),
		Entry("volume-dead", "volume-dead", func() { w.volume("volume", "dead", nil) }),
		Entry("volume-expired", "volume-expired", func() { w.volume("volume", "live", expired()) }),
	)

	DescribeTable("without a reason is", func(verdict string, prepare func() body) {
		given()
		w.create(prepare())

		c := scan(w).of(subject)
		Expect(c.Verdict).To(Equal(verdict))
		Expect(c.Reasons).To(BeEmpty())
		Expect(c.Eligible).To(BeFalse())
		kept(subject)
	},
		Entry("live: its volumes are there", "live", func() body {
			w.volume("volume", "live", nil)
			return rooted("volume")
		}),
		Entry("foreign: its bundle refers to no volume", "foreign", func() body {
			return body{"handle": subject, "root_path": "/var/lib/images/busybox/rootfs", "age": "6h"}
		}),
	)

	DescribeTable("is unknown for", func(code, volume string, prepare func() body) {
		given()
		container := prepare()
		w.create(container)
		handle := container["handle"].(string)

		found := scan(w)
		Expect(found.interlocks()).To(BeEmpty())
		c := found.of(handle)
		Expect(c.Verdict).To(Equal("unknown"))
		Expect(c.Reasons).To(ConsistOf(SatisfyAll(
			HaveField("Code", code), HaveField("Volume", volume), HaveField("Detail", Not(BeEmpty())))))
		Expect(c.Eligible).To(BeFalse())
		Expect(c.HeldBy).To(BeEmpty())
		kept(handle)
	},
		Entry("no-source", "no-source", "", func() body {
			return body{"handle": subject, "no_bundle": true, "age": "6h"}
		}),
		Entry("source-unreadable: its config.json is malformed", "source-unreadable", "", func() body {
			return body{"handle": subject, "bad_config": `{"ociVersion":"1.0.2","root":{"pa`, "age": "6h"}
		}),
		Entry("properties-malformed", "properties-malformed", "", func() body {
			return referring(`["volume"`)
		}),
		Entry("handle-unsafe", "handle-unsafe", "", func() body {
			container := rooted("missing")
			container["handle"] = subject + "?x"
			return container
		}),
		Entry("volume-handle-unsafe", "volume-handle-unsafe", "../missing", func() body {
			return referring(`["../missing"]`)
		}),
		Entry("other-volumes-dir", "other-volumes-dir", "root", func() body {
			// What the wrong directory lacks is no orphan's volume either.
			return body{
				"handle": subject, "root_path": "/elsewhere/volumes/live/root/volume", "age": "6h",
				"volumes": map[string]string{"missing": "/tmp/build/get"},
			}
		}),
		Entry("volume-unreadable", "volume-unreadable", "volume", func() body {
			Expect(os.Symlink("volume", filepath.Join(w.Volumes, "live", "volume"))).To(Succeed())
			return rooted("volume")
		}),
		Entry("ttl-unreadable", "ttl-unreadable", "volume", func() body {
			w.volume("volume", "live", nil)
			writeFile(`{"ttl":"never"}`, w.Volumes, "live", "volume", "ttl.json")
			return rooted("volume")
		}),
	)

	It("is unknown for witnesses-disagree, and nothing at all is destroyed", func() {
		given()
		w.create(rooted("volume"))
		w.fault("baggageclaim-remembers", "volume")

		found := scan(w)
		Expect(found.interlocks()).To(ConsistOf("witnesses-disagree"))
		c := found.of(subject)
		Expect(c.Verdict).To(Equal("unknown"))
		Expect(c.Reasons).To(ConsistOf(SatisfyAll(
			HaveField("Code", "witnesses-disagree"), HaveField("Volume", "volume"))))

		result, status := reap(w)
		Expect(status).To(Equal(1))
		Expect(result.Destroyed).To(BeEmpty())
		Expect(result.heldBy(beside)).To(ConsistOf("interlock"))
		Expect(w.destroyed()).To(BeEmpty())

		w.mend("baggageclaim-remembers")
		Expect(scan(w).of(subject).codes()).To(ConsistOf("volume-missing"))
	})

	Context("when a source is unreadable", func() {
		It("is unknown for source-unreadable to a user who may not read the bundle", func() {
			given()
			w.create(rooted("missing"))
			w.letRead()
			forbid(filepath.Join(w.Depot, subject, "config.json"))

			session := unprivileged(w, "scan", "--json")
			Expect(session).To(gexec.Exit(0))
			Expect(parse(session).of(beside).Eligible).To(BeTrue())
			c := parse(session).of(subject)
			Expect(c.Verdict).To(Equal("unknown"))
			Expect(c.Reasons).To(ConsistOf(SatisfyAll(
				HaveField("Code", "source-unreadable"), HaveField("Detail", ContainSubstring("permission denied")))))

			Expect(unprivileged(w, "reap", "--yes", "--grace=0s", "--busy-grace=0s")).To(gexec.Exit(0))
			Expect(w.destroyed()).To(ConsistOf(beside))
		})

		It("is unknown for source-unreadable where the depot is absent", func() {
			given()
			w.create(rooted("missing"))
			Expect(os.Rename(w.Depot, w.Depot+"-away")).To(Succeed())

			found := scan(w)
			Expect(found.Containers).To(HaveLen(3))
			Expect(found.Containers).To(HaveEach(SatisfyAll(
				HaveField("Verdict", "unknown"),
				HaveField("Reasons", ConsistOf(SatisfyAll(
					HaveField("Code", "source-unreadable"), HaveField("Detail", ContainSubstring("--depot"))))))))

			result, status := reap(w, "--grace=0s", "--busy-grace=0s")
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(BeEmpty())
			Expect(w.destroyed()).To(BeEmpty())
		})

		It("is orphan all the same where another source speaks against it", func() {
			given()
			container := referring(`["missing"]`)
			container["no_bundle"], container["bad_config"] = false, "cut short"
			w.create(container)

			c := scan(w).of(subject)
			Expect(c.Verdict).To(Equal("orphan"))
			Expect(c.codes()).To(ConsistOf("volume-missing"))
			Expect(c.volume("missing").Sources).To(ConsistOf("properties"))
		})
	})
})
