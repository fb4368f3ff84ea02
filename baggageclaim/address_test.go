package baggageclaim_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
)

var _ = Describe("CheckAddress", func() {
	DescribeTable("takes", func(address string) {
		Expect(baggageclaim.CheckAddress(address)).To(Succeed())
	},
		Entry("an address of IPv4", "127.0.0.1:7788"),
		Entry("an address of IPv6", "[::1]:7788"),
		Entry("a name", "worker.internal:7788"),
		Entry("any address of the machine", ":7788"),
		Entry("a URL", "http://127.0.0.1:7788"),
		Entry("a URL with a slash", "http://127.0.0.1:7788/"),
	)

	DescribeTable("says what to give in the place of", func(address string) {
		Expect(baggageclaim.CheckAddress(address)).To(MatchError(And(
			HavePrefix(`"`+address+`"`), HaveSuffix(": want host:port, such as 127.0.0.1:7788"))))
	},
		Entry("a port alone", "7788"),
		Entry("a host alone", "127.0.0.1"),
		Entry("a word", "none"),
		Entry("port 0", "127.0.0.1:0"),
		Entry("no port", "127.0.0.1:"),
		Entry("a port that is none", "127.0.0.1:baggageclaim"),
		Entry("a port by its name", "localhost:http"),
		Entry("a port that is too large", "127.0.0.1:77888"),
		Entry("a URL of another kind", "https://127.0.0.1:7788"),
		Entry("a URL without a port", "http://127.0.0.1"),
		Entry("a URL with a path", "http://127.0.0.1:7788/volumes"),
		Entry("an address of IPv6 without brackets", "::1:7788"),
		Entry("a path", "/run/baggageclaim.sock"),
		Entry("a blank before it", " 127.0.0.1:7788"),
		Entry("a user before it", "admin@127.0.0.1:7788"),
		Entry("a query in it", "worker?:7788"),
	)
})
