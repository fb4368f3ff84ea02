package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
)

var _ = Describe("The account that Read gives", func() {
	var dir string
	BeforeEach(func() { dir = GinkgoT().TempDir() })

	account := func(dir string) journal.Account {
		GinkgoHelper()
		account, err := journal.Read(dir, time.Time{})
		Expect(err).NotTo(HaveOccurred())
		return account
	}

	DescribeTable("tells whether there is a journal",
		func(lay func() string, there bool) {
			Expect(account(lay()).There).To(Equal(there))
		},
		Entry("no directory", func() string { return filepath.Join(dir, "none") }, false),
		Entry("an empty directory", func() string { return dir }, false),
		Entry("a file in its place", func() string {
			writeTo(dir, "file", "")
			return filepath.Join(dir, "file")
		}, false),
		Entry("a directory with files of others", func() string { writeTo(dir, "other.jsonl", "{}\n"); return dir }, false),
		Entry("one without an entry", func() string { write(dir, ""); return dir }, true),
		Entry("an old file alone", func() string { writeTo(dir, journal.FileName+".7", line("flagged", "c", 1)); return dir }, true),
		Entry("one whose file is from before the time that is asked about", func() string {
			write(dir, line("flagged", "c", 1))
			Expect(os.Chtimes(filepath.Join(dir, journal.FileName), time.Time{}, time.Unix(0, 0))).To(Succeed())
			return dir
		}, true),
		Entry("that of a daemon that has had nothing to tell yet", func() string {
			held, err := journal.Lock(dir)
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(held.Release)
			return dir
		}, true),
	)

	DescribeTable("counts the lines that are lost",
		func(content string, lines int) {
			write(dir, content)
			var expected []journal.PassedOver
			if lines > 0 {
				expected = []journal.PassedOver{{Path: filepath.Join(dir, journal.FileName), Lines: lines}}
			}
			Expect(account(dir).PassedOver).To(Equal(expected))
		},
		Entry("none", line("flagged", "c", 1), 0),
		Entry("zeros, another JSON, two entries glued together",
			"\x00\x00\n"+line("flagged", "c", 1)+"[1]\n"+strings.TrimSpace(line("flagged", "c", 2))+line("flagged", "c", 3), 3),
		Entry("one that was torn, with others behind it", line("flagged", "c", 1)[:60]+"\n"+line("flagged", "d", 2), 1),
		Entry("overlong ones, once each", strings.Repeat("x", 3<<20)+"\n"+strings.Repeat("y", 1<<20+5)+"\n"+line("flagged", "c", 1), 2),
		Entry("no empty one: that is no loss", "\n"+line("flagged", "c", 1)+" \n\n", 0),
		Entry("no last one that is torn: it may be under way", line("flagged", "c", 1)+line("flagged", "d", 2)[:60], 0),
		Entry("no last one that is torn and overlong", line("flagged", "c", 1)+strings.Repeat("x", 3<<20), 0),
		Entry("no repetition", line("flagged", "c", 1)+line("flagged", "c", 1), 0),
	)

	It("tells which files they are in, the oldest first", func() {
		writeTo(dir, journal.FileName+".2", "no\nno\n")
		writeTo(dir, journal.FileName+".1", line("flagged", "c", 1))
		write(dir, "no\n")
		Expect(account(dir).PassedOver).To(Equal([]journal.PassedOver{
			{Path: filepath.Join(dir, journal.FileName+".2"), Lines: 2}, {Path: filepath.Join(dir, journal.FileName), Lines: 1},
		}))
	})
})
