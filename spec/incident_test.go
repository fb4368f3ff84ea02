package spec

import (
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// The incident of 2016 that weeder was made for.
const (
	incident     = "eb8f2bbf-86e1-4603-4881-548c9133aa62"
	incidentLive = "88914c83-fc71-4358-4f3f-b886429f9013"
	incidentRoot = "1a657656-9647-4bee-54be-8505eb323b9e"
)

var _ = Describe("the incident of 2016", func() {
	var w *worker

	BeforeEach(func() {
		w = startWorker()
		Expect(filepath.Join(w.Volumes, "live", incidentLive, "ttl.json")).To(HaveSameBytesAs(
			filepath.Join("testdata", "incident", "live", incidentLive, "ttl.json")))
	})

	It("is an orphan, for its root volume is missing", func() {
		c := scan(w).of(incident)
		Expect(c.Verdict).To(Equal("orphan"))
		Expect(c.Eligible).To(BeTrue())
		Expect(c.Reasons).To(ConsistOf(HaveField("Code", "volume-missing")))
		Expect(c.Reasons[0].Volume).To(Equal(incidentRoot))
		Expect(c.volume(incidentRoot).State).To(Equal("missing"))
		Expect(*c.volume(incidentRoot).Path).To(Equal("/"))
		Expect(*c.GraceTimeSeconds).To(Equal(300.0))
	})

	It("has a volume that never expires, whatever its expires_at says", func() {
		v := scan(w).of(incident).volume(incidentLive)
		Expect(v.State).To(Equal("live"))
		Expect(*v.TTLSeconds).To(BeZero())
		Expect(*v.ExpiresAt).To(Equal("2016-10-21T14:29:14Z"))

		Expect(stdout(weeder(w, "scan"))).To(ContainSubstring(incidentLive + " live (never expires)"))
		Expect(stdout(weeder(w, "explain", incident))).To(ContainSubstring("ttl 0: never expires"))
	})

	It("has an expired volume as well for who reads a ttl of 0 so", func() {
		c := scan(w, "--zero-ttl=expires-at").of(incident)
		Expect(c.codes()).To(ConsistOf("volume-missing", "volume-expired"))
		Expect(c.Reasons).To(ContainElement(SatisfyAll(
			HaveField("Code", "volume-expired"), HaveField("Volume", incidentLive))))
	})

	It("is explained with the bytes on disk and destroyed by reap", func() {
		session := weeder(w, "explain", incident)
		Expect(session).To(gexec.Exit(0))
		Expect(stdout(session)).To(SatisfyAll(
			ContainSubstring(`{"ttl":0,"expires_at":1477060154}\n}\n  (36 bytes)`),
			ContainSubstring("volume-missing "+incidentRoot),
			ContainSubstring("nothing holds it\n"),
			ContainSubstring("weeder reap "+incident+" destroys it\n"),
		))

		result, status := reap(w, incident)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf(incident))
		Expect(w.destroyed()).To(ConsistOf(incident))
	})
})
