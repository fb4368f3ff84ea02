package console_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing/iotest"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
)

var _ = Describe("stdin", func() {
	var r *rig

	BeforeEach(func() {
		r = newRig()
	})

	// arrives is what the process gets of a stdin.
	arrives := func(ctx SpecContext, from io.Reader) string {
		GinkgoHelper()
		r.console.Stdin = from
		process := r.run(ctx)
		got, err := io.ReadAll(process.streams.Stdin)
		Expect(err).NotTo(HaveOccurred())
		process.exits(0)
		Expect(r.ends()).To(BeZero())
		return string(got)
	}

	DescribeTable("arrives whole, wherever it is cut", func(ctx SpecContext, text string, cut func(io.Reader) io.Reader) {
		Expect(arrives(ctx, cut(strings.NewReader(text))) == text).To(BeTrue())
		Expect(r.warnings.Contents()).To(BeEmpty())
	},
		Entry("by the client's buffer", SpecTimeout(time.Minute), "x"+strings.Repeat("ü", 1<<19), plain),
		Entry("by the client's buffer, three bytes", SpecTimeout(time.Minute), strings.Repeat("€", 1<<17), plain),
		Entry("by the client's buffer, four bytes", SpecTimeout(time.Minute), "xyz"+strings.Repeat("𝄞", 1<<16), plain),
		Entry("after every byte", SpecTimeout(time.Minute), "aü€𝄞\x00\u2028\"\\<&>\r\n", iotest.OneByteReader),
		Entry("with its end beside the last byte", SpecTimeout(time.Minute), "aü", iotest.DataErrReader),
	)

	It("is nothing", func(ctx SpecContext) {
		Expect(arrives(ctx, strings.NewReader(""))).To(BeEmpty())
	}, SpecTimeout(time.Minute))

	It("waits for the rest of a rune, and for nothing else", func(ctx SpecContext) {
		stdin, keys := io.Pipe()
		r.console.Stdin = stdin
		process := r.run(ctx)
		got := gbytes.BufferReader(process.streams.Stdin)
		for _, step := range []struct{ typed, seen string }{
			{"a", "a"}, {"b\xc3", "b"}, {"\xbc", "ü"}, {"\xe2", ""}, {"\x82", ""}, {"\xacc", "€c"},
		} {
			_, err := io.WriteString(keys, step.typed)
			Expect(err).NotTo(HaveOccurred())
			if step.seen != "" {
				Eventually(got).Should(gbytes.Say("^" + step.seen + "$"))
			}
		}
		Expect(keys.Close()).To(Succeed())
		process.exits(0)
		Expect(r.ends()).To(BeZero())
		Eventually(got.Closed).Should(BeTrue())
	}, SpecTimeout(time.Minute))

	DescribeTable("that is not UTF-8 is warned of once", func(ctx SpecContext, text, arrived string) {
		Expect(arrives(ctx, iotest.OneByteReader(strings.NewReader(text)))).To(Equal(arrived))
		Expect(bytes.Count(r.warnings.Contents(), []byte("\n"))).To(Equal(1))
		Expect(r.warnings).To(gbytes.Say("stdin is not UTF-8: .* stream-in takes any bytes"))
	},
		Entry("Latin-1", SpecTimeout(time.Minute), "f\xfcr, \xfcber", "f\ufffdr, \ufffdber"),
		Entry("a rune that is cut for good", SpecTimeout(time.Minute), "a\xc3", "a\ufffd"),
		Entry("what no rune begins with", SpecTimeout(time.Minute), "\xbc\xff", "\ufffd\ufffd"),
	)

	It("ends for the process where it can't be read", func(ctx SpecContext) {
		broken := io.MultiReader(strings.NewReader("some"), iotest.ErrReader(errors.New("is a directory")))
		Expect(arrives(ctx, broken)).To(Equal("some"))
		Expect(r.warnings).To(gbytes.Say("^stdin ends here for the process: is a directory\n$"))
	}, SpecTimeout(time.Minute))
})

func plain(from io.Reader) io.Reader { return from }
