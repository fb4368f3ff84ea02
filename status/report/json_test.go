package report_test

import (
	"encoding/json"
	"math"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/status/report"
)

var _ = Describe("the JSON", func() {
	It("is indented, leaves HTML as it is, and ends its line", func() {
		Expect(encoded(map[string]string{"a": "<b> & c"})).To(Equal("{\n  \"a\": \"<b> & c\"\n}\n"))
	})

	It("is refused for what it can't carry", func() {
		_, err := report.Encode(math.NaN())
		Expect(err).To(MatchError(ContainSubstring("encode JSON")))
	})

	DescribeTable("escapes what could steer a terminal",
		func(text, escaped string) {
			Expect(encoded(text)).To(Equal(`"` + escaped + `"` + "\n"))
			var back string
			Expect(json.Unmarshal(report.Escape([]byte(encoded(text))), &back)).To(Succeed())
			Expect(back).To(Equal(text))
		},
		Entry("ESC", "\x1b[31m", `\u001b[31m`),
		Entry("DEL", "a\x7f", `a\u007f`),
		Entry("a C1 control", "\u009b31m", `\u009b31m`),
		Entry("a mark that turns the direction of writing", "\u202egnp", `\u202egnp`),
		Entry("a tag beyond 16 bits", "\U000E0041", `\udb40\udc41`),
		Entry("a space that is not a plain one", "a\u00a0b", `a\u00a0b`),
		Entry("a newline", "a\nb", `a\nb`),
		Entry("not letters", "größer 世界 🙂", "größer 世界 🙂"),
		Entry("not plain text", "a b~", "a b~"),
	)

	It("has an empty list for one that is not there", func() {
		Expect(encoded(report.OrEmpty[int](nil))).To(Equal("[]\n"))
		Expect(report.OrEmpty([]int{1})).To(Equal([]int{1}))
	})

	It("has null for what is not known", func() {
		Expect(report.Known("")).To(BeNil())
		Expect(report.Known("text")).To(HaveValue(Equal("text")))
		Expect(report.Timestamp(time.Time{})).To(BeNil())
		Expect(report.Timestamp(now)).To(HaveValue(Equal("2016-10-21T14:29:14Z")))
		Expect(report.Seconds(1500 * time.Millisecond)).To(HaveValue(Equal(1.5)))
	})
})
