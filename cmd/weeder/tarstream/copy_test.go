package tarstream_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing/iotest"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/weeder/tarstream"
)

var _ = Describe("Copy", func() {
	const blockSize = 512

	// pass passes a stream on, which must arrive as it is.
	pass := func(stream []byte) error {
		GinkgoHelper()
		var got bytes.Buffer
		n, err := tarstream.Copy(&got, bytes.NewReader(stream))
		Expect(bytes.Equal(got.Bytes(), stream)).To(BeTrue(), "what came through is not what was sent")
		Expect(n).To(BeEquivalentTo(len(stream)))
		return err
	}

	archive := packed(
		entry("empty", nil),
		entry("one-block", noise(blockSize)),
		entry("zeros", make([]byte, 5*blockSize)),
		entry(strings.Repeat("long/", 60)+"name", noise(3*blockSize+7)),
	)

	It("passes a whole archive", func() {
		Expect(pass(archive)).To(Succeed())
	})

	It("takes more zeros behind the end, as tar pads with", func() {
		Expect(pass(append(bytes.Clone(archive), make([]byte, 20*blockSize)...))).To(Succeed())
		Expect(pass(append(bytes.Clone(archive), make([]byte, 7)...))).To(Succeed())
	})

	It("tells an archive that is cut, wherever that is", func() {
		for size := range len(archive) {
			Expect(pass(archive[:size])).To(MatchError(tarstream.ErrCut), "cut after %d bytes of %d", size, len(archive))
		}
	})

	It("names the entry that it is cut in", func() {
		Expect(pass(archive[:6*blockSize])).To(MatchError("no end of the archive, whose last entry here is zeros"))
		Expect(pass(archive[:7])).To(MatchError("no end of the archive"))
	})

	It("tells an archive that holds nothing", func() {
		Expect(pass(packed())).To(MatchError(tarstream.ErrEmpty))
		Expect(pass(make([]byte, 20*blockSize))).To(MatchError(tarstream.ErrEmpty))
	})

	It("takes an archive with one empty file for no empty archive", func() {
		Expect(pass(packed(entry("", nil)))).To(Succeed())
	})

	It("takes entries of any name", func() {
		GinkgoT().Setenv("GODEBUG", "tarinsecurepath=0")
		outside := packed(entry("/etc/passwd", noise(10)), entry("../outside", noise(10)))
		Expect(pass(outside)).To(Succeed())
		Expect(pass(outside[:len(outside)-1024])).To(MatchError(ContainSubstring("whose last entry here is ../outside")))
	})

	It("takes one archive behind another, if that is whole", func() {
		two := append(bytes.Clone(archive), archive...)
		Expect(pass(two)).To(Succeed())
		Expect(pass(two[:len(two)-blockSize-1])).To(MatchError(tarstream.ErrCut))
	})

	It("tells what is behind the end and no archive", func() {
		Expect(pass(append(bytes.Clone(archive), "tar: error"...))).To(MatchError(tarstream.ErrCut))
		Expect(pass(append(packed(), noise(3*blockSize)...))).To(MatchError(tarstream.ErrCut))
	})

	Context("when the archive is of a kind that can't be read", func() {
		unreadable := append(noise(4*blockSize), make([]byte, 2*blockSize)...)

		It("goes by the zeros at the end", func() {
			Expect(pass(unreadable)).To(Succeed())
			Expect(pass(append(bytes.Clone(unreadable), make([]byte, 100*blockSize)...))).To(Succeed())
			Expect(pass(unreadable[:len(unreadable)-1])).To(MatchError(tarstream.ErrUnknown))
			Expect(pass(append(bytes.Clone(unreadable), 1))).To(MatchError(tarstream.ErrUnknown))
		})

		It("goes by them from some entry on, too", func() {
			begun := bytes.Clone(archive[:3*blockSize])
			Expect(pass(append(begun, unreadable...))).To(Succeed())
			Expect(pass(append(begun, unreadable[:len(unreadable)-1]...))).To(MatchError(tarstream.ErrCut))
		})

		It("counts zeros over pieces of any size", func() {
			for _, piece := range []int{1, 7, 511, 1023, 1024, 1025} {
				for missing := range 2 {
					_, err := tarstream.Copy(io.Discard, pieces(unreadable[:len(unreadable)-missing], piece))
					Expect(err == nil).To(Equal(missing == 0), "pieces of %d, %d missing: %v", piece, missing, err)
				}
			}
		})

		It("counts only the zeros behind the last other byte", func() {
			broken := append(append(noise(600), make([]byte, 600)...), 1)
			_, err := tarstream.Copy(io.Discard, pieces(append(broken, make([]byte, 600)...), 601))
			Expect(err).To(MatchError(tarstream.ErrUnknown))
		})

		It("takes a compressed archive for none", func() {
			var compressed bytes.Buffer
			writer := gzip.NewWriter(&compressed)
			_, err := writer.Write(archive)
			Expect(errors.Join(err, writer.Close())).To(Succeed())
			Expect(pass(compressed.Bytes())).To(MatchError(tarstream.ErrUnknown))
		})
	})

	DescribeTable("judges alike however the stream comes",
		func(as func([]byte) io.Reader) {
			for _, size := range []int{len(archive), len(archive) - 1, 6 * blockSize, 1, 0} {
				var got bytes.Buffer
				_, err := tarstream.Copy(&got, as(archive[:size]))
				Expect(got.Bytes()).To(Equal(archive[:size]))
				Expect(err == nil).To(Equal(size == len(archive)), "%d bytes: %v", size, err)
			}
		},
		Entry("byte by byte", func(b []byte) io.Reader { return iotest.OneByteReader(bytes.NewReader(b)) }),
		Entry("with the end beside the last bytes", func(b []byte) io.Reader { return iotest.DataErrReader(bytes.NewReader(b)) }),
		Entry("in pieces", func(b []byte) io.Reader { return pieces(b, 700) }),
	)

	It("says what reading failed with, and has passed on what came before", func() {
		broken := errors.New("connection reset")
		for _, size := range []int{0, 1, 6 * blockSize, len(archive) - blockSize, len(archive)} {
			var got bytes.Buffer
			n, err := tarstream.Copy(&got, io.MultiReader(bytes.NewReader(archive[:size]), iotest.ErrReader(broken)))
			Expect(err).To(Equal(broken))
			Expect(tarstream.IsJudgement(err)).To(BeFalse())
			Expect(n).To(BeEquivalentTo(size))
			Expect(got.Len()).To(Equal(size))
		}
	})

	It("takes the cut of an archive for no failure to read, and the other way round", func() {
		_, err := tarstream.Copy(io.Discard, io.MultiReader(bytes.NewReader(archive[:700]), iotest.ErrReader(io.ErrUnexpectedEOF)))
		Expect(err).To(Equal(io.ErrUnexpectedEOF))
	})

	It("says what writing failed with, and reads no further", func() {
		full := errors.New("no space left")
		for _, size := range []int{0, 1000, len(archive) - 1} {
			rest := pieces(archive, 100)
			n, err := tarstream.Copy(&narrow{left: size, err: full}, rest)
			Expect(err).To(Equal(full))
			Expect(n).To(BeEquivalentTo(size))
			Expect(len(archive) - rest.Len()).To(BeNumerically("<=", size+100))
		}
	})

	It("writes each piece before it reads the next", func() {
		reader, writer := io.Pipe()
		arrived := make(chan int, 100)
		done := make(chan error, 1)
		go func() {
			_, err := tarstream.Copy(writerFunc(func(b []byte) (int, error) {
				arrived <- len(b)
				return len(b), nil
			}), reader)
			done <- err
		}()
		for range 3 {
			_, err := writer.Write(archive[:100])
			Expect(err).NotTo(HaveOccurred())
			Eventually(arrived).Should(Receive(Equal(100)))
		}
		Expect(writer.Close()).To(Succeed())
		Eventually(done).Should(Receive(HaveOccurred()))
	})
})

// entry is a file of an archive.
func entry(name string, content []byte) func(*tar.Writer) error {
	return func(writer *tar.Writer) error {
		err := writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))})
		_, writeErr := writer.Write(content)
		return errors.Join(err, writeErr)
	}
}

// packed is an archive, with no more padding than the end has.
func packed(entries ...func(*tar.Writer) error) []byte {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, entry := range entries {
		if err := entry(writer); err != nil {
			panic(fmt.Sprintf("pack: %v", err))
		}
	}
	if err := writer.Close(); err != nil {
		panic(fmt.Sprintf("pack: %v", err))
	}
	return archive.Bytes()
}

// noise is the same each time, and has no zero.
func noise(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(1 + random.IntN(255))
	}
	return content
}

// inPieces is a reader that gives so many bytes at once.
type inPieces struct {
	*bytes.Reader
	size int
}

func pieces(content []byte, size int) inPieces { return inPieces{bytes.NewReader(content), size} }

func (p inPieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), p.size)]) }

// narrow takes so many bytes, and fails then.
type narrow struct {
	left int
	err  error
}

func (n *narrow) Write(b []byte) (int, error) {
	if len(b) <= n.left {
		n.left -= len(b)
		return len(b), nil
	}
	written := n.left
	n.left = 0
	return written, n.err
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
