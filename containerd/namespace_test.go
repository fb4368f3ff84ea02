package containerd_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/containerd"
)

var _ = Describe("CheckNamespace", func() {
	DescribeTable("takes", func(name string) {
		Expect(containerd.CheckNamespace(name)).To(Succeed())
	},
		Entry("Concourse's", containerd.DefaultNamespace),
		Entry("others", "k8s.io"),
		Entry("all that may be in between", "1.a-B_c"),
		Entry("the longest", strings.Repeat("a", 76)),
	)

	DescribeTable("takes no", func(name string) {
		Expect(containerd.CheckNamespace(name)).To(MatchError(ContainSubstring("give ")))
	},
		Entry("nothing", ""),
		Entry("blanks", "con course"),
		Entry("path", "a/b"),
		Entry("two dots", "a..b"),
		Entry("dot at its end", "a."),
		Entry("dash before it", "-a"),
		Entry("line end", "concourse\n"),
		Entry("longer one", strings.Repeat("a", 77)),
	)
})
