package reaper_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Protection", func() {
	protected := func(text string, container reaper.Container) bool {
		judgement := reaper.Judge(container, disk(), now, reaper.Policy{})
		policy := reaper.Policy{Protect: protect(text)}
		return len(reaper.Weigh(container, judgement, now, policy, reaper.Circumstances{}).Holds) > 0
	}
	with := func(properties map[string]string) reaper.Container {
		container := uses("v")
		container.Properties = properties
		return container
	}

	DescribeTable("covers by the handle's glob or a property's value",
		func(text string, container reaper.Container, covered bool) {
			Expect(protected(text, container)).To(Equal(covered))
		},
		Entry("its handle", "c-1", uses("v"), true),
		Entry("a glob over it", "[a-d]-*", uses("v"), true),
		Entry("a part of it alone", "c", uses("v"), false),
		Entry("the property's value", "team=main", with(map[string]string{"team": "main"}), true),
		Entry("another value", "team=main", with(map[string]string{"team": "other"}), false),
		Entry("no such property", "team=main", with(map[string]string{}), false),
		Entry("an empty value", "team=", with(map[string]string{"team": ""}), true),
		Entry("no such property is no empty value", "team=", with(map[string]string{}), false),
		Entry("a value with an =", "image=a=b", with(map[string]string{"image": "a=b"}), true),
		Entry("a glob over the value", "team=ma?n*", with(map[string]string{"team": "main-2"}), true),
		Entry("a glob over another value", "team=ma?n*", with(map[string]string{"team": "other"}), false),
		Entry("a part of the value alone", "team=mai", with(map[string]string{"team": "main"}), false),
		Entry("a value that is its own glob's", "team=[a]*", with(map[string]string{"team": "[a]*"}), true),
		Entry("a value that is no glob", "team=[a", with(map[string]string{"team": "[a"}), true),
		Entry("no such property is no any value", "team=*", with(map[string]string{}), false),
		Entry("properties that are not known may be any", "team=main", with(nil), true),
		Entry("a handle needs no properties", "d-1", with(nil), false),
	)

	DescribeTable("prints as it is read",
		func(text string) { Expect(protect(text)[0].String()).To(Equal(text)) },
		Entry("a glob", "c-*"),
		Entry("a property", "team=main"),
		Entry("a property without a value", "team="),
	)

	DescribeTable("refuses what matches nothing, and quotes it",
		func(text, complaint string) {
			_, err := reaper.ParseProtection(text)
			Expect(err).To(MatchError(And(ContainSubstring(`"`+text+`"`), ContainSubstring(complaint))))
		},
		Entry("nothing", "", "handle glob or key=value"),
		Entry("a value without a property", "=main", "name is missing"),
		Entry("a glob that does not end", "c-[", "syntax error"),
	)
})

var _ = Describe("Policy", func() {
	It("has the defaults of a worker about which nobody decided anything", func() {
		Expect(reaper.DefaultPolicy()).To(Equal(reaper.Policy{
			Grace:          10 * time.Minute,
			BusyGrace:      24 * time.Hour,
			MaxInFlight:    3,
			MaxPerPass:     20,
			DestroyTimeout: 2 * time.Minute,
		}))
		Expect(reaper.DefaultPolicy().Mistakes()).To(BeEmpty())
	})

	DescribeTable("has a mistake, and says in which option",
		func(spoil func(*reaper.Policy), option string) {
			policy := reaper.DefaultPolicy()
			spoil(&policy)
			Expect(policy.Mistakes()).To(HaveExactElements(MatchError(ContainSubstring(option))))
		},
		Entry("when a ttl of 0 is to be an expiry", func(p *reaper.Policy) { p.ZeroTTLExpires = true }, "ttl of 0"),
		Entry("when none may be in flight", func(p *reaper.Policy) { p.MaxInFlight = 0 }, "--max-in-flight"),
		Entry("when less than none are allowed", func(p *reaper.Policy) { p.MaxPerPass = -1 }, "--max-per-pass"),
		Entry("when a destroy gets no time", func(p *reaper.Policy) { p.DestroyTimeout = time.Second - 1 }, "--destroy-timeout"),
		Entry("when the grace is negative", func(p *reaper.Policy) { p.Grace = -1 }, "--grace"),
		Entry("when the grace of the busy is negative", func(p *reaper.Policy) { p.BusyGrace = -1 }, "--busy-grace"),
	)

	It("has none without a bound on a pass, with one destroy at a time, and without any grace", func() {
		Expect(reaper.Policy{MaxInFlight: 1, DestroyTimeout: time.Second}.Mistakes()).To(BeEmpty())
	})

	It("tells all of its mistakes", func() {
		Expect(reaper.Policy{MaxPerPass: -1, Grace: -1}.Mistakes()).To(HaveLen(4))
	})
})
