package tarstream_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/weeder/tarstream"
)

var _ = Describe("An archive of GNU tar", Ordered, func() {
	var dir string

	BeforeAll(func() {
		dir = GinkgoT().TempDir()
		write := func(name string, content []byte) string {
			path := filepath.Join(dir, name)
			Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
			Expect(os.WriteFile(path, content, 0o644)).To(Succeed())
			return path
		}
		short := write("plain/file", noise(1300))
		write("plain/empty", nil)
		write("plain/a-zeros", make([]byte, 5000))
		Expect(os.Symlink("file", filepath.Join(dir, "plain", "symlink"))).To(Succeed())
		Expect(os.Link(short, filepath.Join(dir, "plain", "hard-link"))).To(Succeed())

		long := strings.Repeat("a-rather-long-name/", 10) + strings.Repeat("n", 200)
		write(filepath.Join("long", long), noise(600))
		Expect(os.Symlink(long, filepath.Join(dir, "long", "symlink"))).To(Succeed())
		Expect(os.Link(filepath.Join(dir, "long", long), filepath.Join(dir, "long", "zz-link"))).To(Succeed())
		write("long/ümläut", noise(10))

		// More holes than the header of a sparse file has room for.
		sparse, err := os.Create(write("sparse/holes", nil))
		Expect(err).NotTo(HaveOccurred())
		for i := range 27 {
			_, err := sparse.WriteAt(noise(4096), int64(i)<<20)
			Expect(err).NotTo(HaveOccurred())
		}
		Expect(sparse.Truncate(10 << 30)).To(Succeed())
		Expect(sparse.Close()).To(Succeed())
		write("sparse/zz-behind", noise(700))
	})

	pack := func(args ...string) []byte {
		GinkgoHelper()
		archive, err := exec.Command("tar", append([]string{"-c", "--sort=name", "-C", dir}, args...)...).Output()
		Expect(err).NotTo(HaveOccurred())
		return archive
	}

	// end is where an archive ends, behind which tar only pads it.
	end := func(archive []byte) int {
		return (len(bytes.TrimRight(archive, "\x00"))+511)/512*512 + 1024
	}

	DescribeTable("is whole, and told from any that is cut",
		func(args ...string) {
			archive := pack(args...)
			judge := func(size int) error {
				GinkgoHelper()
				var got bytes.Buffer
				_, err := tarstream.Copy(&got, bytes.NewReader(archive[:size]))
				Expect(bytes.Equal(got.Bytes(), archive[:size])).To(BeTrue())
				return err
			}
			Expect(judge(len(archive))).To(Succeed())
			Expect(judge(end(archive))).To(Succeed())
			// Between blocks, and in the middle of each.
			for block := 0; block < end(archive); block += 512 {
				for _, size := range []int{block, block + 256} {
					Expect(judge(size)).To(MatchError(tarstream.ErrCut), "cut after %d of %d bytes", size, len(archive))
				}
			}
		},
		Entry("v7", "--format=v7", "plain"),
		Entry("ustar", "--format=ustar", "plain"),
		Entry("old GNU", "--format=oldgnu", "plain", "long"),
		Entry("GNU", "--format=gnu", "plain", "long"),
		Entry("pax", "--format=pax", "plain", "long"),
		Entry("GNU, with holes", "--format=gnu", "--sparse", "plain", "sparse"),
		Entry("pax, with holes", "--format=pax", "--sparse", "plain", "sparse"),
		Entry("pax, with holes as of sparse 0.0", "--format=pax", "--sparse", "--sparse-version=0.0", "plain", "sparse"),
		Entry("pax, with holes as of sparse 0.1", "--format=pax", "--sparse", "--sparse-version=0.1", "plain", "sparse"),
		Entry("a directory alone", "--no-recursion", "plain"),
		Entry("a label", "--format=gnu", "--label=backup", "plain"),
		Entry("large ids", "--format=gnu", "--owner=:4000000000", "--group=:4000000000", "plain"),
		Entry("incremental", "--format=gnu", "--incremental", "plain"),
		Entry("blocks of one", "--blocking-factor=1", "plain"),
	)

	It("that found nothing is empty", func() {
		archive, err := exec.Command("tar", "-c", "-C", dir, "missing").Output()
		Expect(err).To(HaveOccurred())
		_, err = tarstream.Copy(&bytes.Buffer{}, bytes.NewReader(archive))
		Expect(err).To(MatchError(tarstream.ErrEmpty))
	})
})
