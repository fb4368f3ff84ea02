package reaper_test

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Survey", func() {
	var w *fakeWorker
	BeforeEach(func() { w = newWorker() })

	It("judges as a pass does, and asks not what holds the orphans", func() {
		w.orphan("c")
		pass := w.pass()
		Expect(finding(pass, "c").Eligible()).To(BeTrue())
		w.forget()

		survey := w.Survey(GinkgoT().Context(), w.question)
		Expect(survey.Judged).To(BeTrue())
		Expect(survey.At).To(Equal(pass.At))
		Expect(handles(survey.Findings)).To(Equal(handles(pass.Findings)))
		for i, found := range survey.Findings {
			Expect(found.Judgement).To(Equal(pass.Findings[i].Judgement))
			Expect(found.Holds).To(BeEmpty())
		}
		Expect(w.of("usage")).To(BeEmpty())
	})

	It("tells of interlocks", func() {
		w.volumes.snapshotErr = errors.New("no such disk")
		survey := w.Survey(GinkgoT().Context(), w.question)
		Expect(survey.Judged).To(BeFalse())
		Expect(survey.Interlocks).To(ConsistOf(HaveField("Name", reaper.VolumesDirUnusable)))
	})

	It("asks about no container again that Containers asked about", func() {
		containers, err := w.Containers(GinkgoT().Context())
		Expect(err).NotTo(HaveOccurred())
		Expect(containers).To(HaveLen(1))
		w.Survey(GinkgoT().Context(), w.question)
		Expect(w.of("inspect")).To(HaveLen(1))
	})
})
