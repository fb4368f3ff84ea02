package backend_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

var _ = Describe("bulk calls", func() {
	var (
		s   *served
		now = time.Date(2016, 10, 27, 19, 28, 54, 0, time.UTC)
	)

	BeforeEach(func() {
		s = serve(backend.Options{Clock: fakeclock.NewFakeClock(now)},
			backend.Container{Handle: "c-1", GraceTime: 5 * time.Minute, Properties: garden.Properties{"user": "root"},
				CreatedAt: now.Add(-3 * time.Hour), Processes: 2},
			backend.Container{Handle: "c-2"},
			backend.Container{Handle: "half-created", Hidden: true},
			backend.Container{Handle: "undead", Zombie: true},
			backend.Container{Handle: "left", DepotOnly: true},
			backend.Container{Handle: "no-bundle", NoBundle: true},
		)
	})

	Describe("BulkInfo", func() {
		It("tells a container's path and properties", func() {
			entry := s.info("c-1")
			Expect(entry.Err).To(BeNil())
			Expect(entry.Info.State).To(Equal("active"))
			Expect(entry.Info.ContainerPath).To(Equal(filepath.Join(s.depot, "c-1")))
			Expect(entry.Info.Properties).To(And(
				HaveKeyWithValue("user", "root"),
				HaveKeyWithValue("garden.state", "created"),
				HaveKeyWithValue("garden.grace-time", "300000000000"),
			))
		})

		It("says for an unknown handle what Guardian says", func() {
			status, body := s.request("GET", "/containers/bulk_info?handles=c-1,nope")
			Expect(status).To(Equal(200))

			var reply, real map[string]json.RawMessage
			Expect(json.Unmarshal([]byte(body), &reply)).To(Succeed())
			Expect(json.Unmarshal([]byte(recorded("guardian/bulk_info.json")), &real)).To(Succeed())
			Expect(reply).To(HaveLen(2))
			Expect(reply["nope"]).To(MatchJSON(real["nope"]))
		})

		It("has the properties that Guardian sets", func() {
			var real map[string]garden.ContainerInfoEntry
			Expect(json.Unmarshal([]byte(recorded("guardian/bulk_info.json")), &real)).To(Succeed())
			for key := range real["c-1"].Info.Properties {
				if key != "concourse:volumes" && key != "concourse:volume-mounts" {
					Expect(s.info("c-2").Info.Properties).To(HaveKey(key))
				}
			}
		})

		It("has an error and no path for a zombie", func() {
			entry := s.info("undead")
			Expect(entry.Err).To(MatchError("runc state: runc: exit status 1: container does not exist"))
			Expect(entry.Info.ContainerPath).To(BeEmpty())
			Expect(filepath.Join(s.depot, "undead", "config.json")).To(BeAnExistingFile())
		})

		It("does not know what is only in the depot", func() {
			Expect(s.info("left").Err).To(MatchError("unknown handle: left"))
			Expect(filepath.Join(s.depot, "left", "config.json")).To(BeAnExistingFile())
		})

		It("knows no path where there is no bundle", func() {
			entry := s.info("no-bundle")
			Expect(entry.Err).To(BeNil())
			Expect(entry.Info.ContainerPath).To(BeEmpty())
			Expect(filepath.Join(s.depot, "no-bundle")).NotTo(BeAnExistingFile())
		})

		It("knows what is half-created", func() {
			entry := s.info("half-created")
			Expect(entry.Err).To(BeNil())
			Expect(entry.Info.Properties).NotTo(HaveKey("garden.state"))
		})

		It("counts its handles", func() {
			_, err := s.client.BulkInfo([]string{"c-1", "nope"})
			Expect(err).NotTo(HaveOccurred())
			s.info("c-1")
			counts := s.Calls.Counts()
			Expect(counts.Counts).To(Equal(map[string]int{"bulk-info": 2}))
			Expect(counts.Handles).To(HaveKeyWithValue("bulk-info", map[string]int{"c-1": 2, "nope": 1}))
		})

		It("fails with bulk-info-fails", func() {
			s.fault("bulk-info-fails")
			_, err := s.client.BulkInfo([]string{"c-1"})
			Expect(err).To(MatchError(ContainSubstring("runc state")))
			Expect(err).NotTo(MatchError("not implemented"))
		})

		It("has errors for the handles that bulk-info-fails is limited to", func() {
			s.fault("bulk-info-fails", "c-1")
			Expect(s.info("c-1").Err).To(MatchError(ContainSubstring("runc state")))
			Expect(s.info("c-1").Info).To(Equal(garden.ContainerInfo{}))
			Expect(s.info("c-2").Err).To(BeNil())
		})

		It("hangs with bulk-info-hangs, for the handles it is limited to", func() {
			s.fault("bulk-info-hangs", "c-1")
			Expect(s.info("c-2").Err).To(BeNil())

			done := make(chan garden.ContainerInfoEntry, 1)
			go func() {
				defer GinkgoRecover()
				done <- s.info("c-1")
			}()
			Eventually(func() int { return s.Faults.States()["bulk-info-hangs"].Holding }).Should(Equal(1))
			Expect(done).NotTo(Receive())
			Expect(s.Faults.Off("bulk-info-hangs")).To(Succeed())
			Eventually(done).Should(Receive())
		})
	})

	Describe("BulkMetrics", func() {
		It("hangs with metrics-hang, for the handles it is limited to", func() {
			s.fault("metrics-hang", "c-1")
			Expect(s.metrics("c-2").Err).To(BeNil())

			done := make(chan garden.ContainerMetricsEntry, 1)
			go func() {
				defer GinkgoRecover()
				done <- s.metrics("c-1")
			}()
			Eventually(func() int { return s.Faults.States()["metrics-hang"].Holding }).Should(Equal(1))
			Expect(done).NotTo(Receive())
			Expect(s.Faults.Off("metrics-hang")).To(Succeed())
			Eventually(done).Should(Receive())
		})

		It("tells age and processes, the init among them", func() {
			metrics := s.metrics("c-1").Metrics
			Expect(metrics.Age).To(Equal(3 * time.Hour))
			Expect(metrics.PidStat.Current).To(BeEquivalentTo(3))
			Expect(s.metrics("half-created").Metrics.PidStat.Current).To(BeEquivalentTo(1))
		})

		DescribeTable("has an error",
			func(handle string) {
				Expect(s.metrics(handle).Err).To(MatchError("runC stats: runc: exit status 1: container does not exist"))
			},
			Entry("for an unknown handle", "nope"),
			Entry("for a zombie", "undead"),
			Entry("for what is only in the depot", "left"),
		)

		It("fails with metrics-fail", func() {
			s.fault("metrics-fail")
			_, err := s.client.BulkMetrics([]string{"c-1"})
			Expect(err).To(HaveOccurred())

			s.fault("metrics-fail", "c-1")
			Expect(s.metrics("c-1").Err).To(HaveOccurred())
			Expect(s.metrics("c-2").Err).To(BeNil())
		})

		It("knows neither with old-guardian", func() {
			s.fault("old-guardian", "c-1")
			Expect(s.metrics("c-1")).To(Equal(garden.ContainerMetricsEntry{}))
			Expect(s.metrics("c-2").Metrics.PidStat.Current).To(BeEquivalentTo(1))
		})
	})

	It("is not implemented with bulk-not-implemented", func() {
		s.fault("bulk-not-implemented")
		_, err := s.client.BulkInfo([]string{"c-1"})
		Expect(err).To(MatchError(errors.New("not implemented")))
		_, err = s.client.BulkMetrics([]string{"c-1"})
		Expect(err).To(MatchError(errors.New("not implemented")))
	})
})
