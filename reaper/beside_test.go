package reaper_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Policy.Beside", func() {
	own := func() reaper.Policy {
		policy := reaper.DefaultPolicy()
		policy.Grace, policy.BusyGrace, policy.Protect = 10*time.Minute, 24*time.Hour, protect("mine-*")
		return policy
	}
	daemon := reaper.KeptPolicy{Grace: time.Hour, BusyGrace: 48 * time.Hour, Protect: []string{"mine-*", "team=main"}}
	nothing := func(string) bool { return false }

	It("takes the daemon's graces where none was given, and protects what either does", func() {
		policy := own().Beside(daemon, nothing)
		Expect(policy.Grace).To(Equal(time.Hour))
		Expect(policy.BusyGrace).To(Equal(48 * time.Hour))
		Expect(policy.Protect).To(Equal(protect("mine-*", "team=main")))
		Expect(policy.MaxInFlight).To(Equal(own().MaxInFlight))
	})

	It("goes by what was given, and protects what the daemon does all the same", func() {
		policy := own().Beside(daemon, func(option string) bool { return option == "grace" })
		Expect(policy.Grace).To(Equal(10 * time.Minute))
		Expect(policy.BusyGrace).To(Equal(48 * time.Hour))
		policy = own().Beside(daemon, func(option string) bool { return option == "busy-grace" })
		Expect(policy.Grace).To(Equal(time.Hour))
		Expect(policy.BusyGrace).To(Equal(24 * time.Hour))
		Expect(policy.Protect).To(HaveLen(2))
	})

	It("is as it was where nobody knows the daemon's", func() {
		Expect(own().Beside(reaper.KeptPolicy{}, nothing)).To(Equal(own()))
	})

	It("leaves the policy that it is made from alone", func() {
		policy := own()
		policy.Protect = append(make([]reaper.Protection, 0, 8), policy.Protect...)
		policy.Beside(daemon, nothing)
		Expect(policy.Protect[:2:2][1]).To(Equal(reaper.Protection{}))
	})
})
