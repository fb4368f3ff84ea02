package backend_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing/iotest"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

// archive is a tar of files by name and content; a name that ends in a slash is a directory.
func archive(files ...[2]string) *bytes.Buffer {
	GinkgoHelper()
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, file := range files {
		header := &tar.Header{Name: file[0], Mode: 0o755, Size: int64(len(file[1])), Typeflag: tar.TypeReg}
		if strings.HasSuffix(file[0], "/") {
			header.Typeflag = tar.TypeDir
		}
		Expect(writer.WriteHeader(header)).To(Succeed())
		_, err := io.WriteString(writer, file[1])
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(writer.Close()).To(Succeed())
	return &buffer
}

// names are those in a tar, each with its content.
func names(stream io.Reader) []string {
	GinkgoHelper()
	names := []string{}
	for reader := tar.NewReader(stream); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		Expect(err).NotTo(HaveOccurred())
		content, err := io.ReadAll(reader)
		Expect(err).NotTo(HaveOccurred())
		names = append(names, header.Name+"="+string(content))
	}
}

var _ = Describe("streams", func() {
	var s *served

	BeforeEach(func() {
		s = hosted(backend.Options{}, backend.Container{Handle: "c-1"}, backend.Container{Handle: "c-2"})
	})

	in := func(path string) string { return filepath.Join(s.files, "c-1", path) }
	streamIn := func(path string, stream io.Reader) error {
		return s.container("c-1").StreamIn(garden.StreamInSpec{Path: path, User: "root", TarStream: stream})
	}
	streamOut := func(path string) (io.ReadCloser, error) {
		return s.container("c-1").StreamOut(garden.StreamOutSpec{Path: path, User: "root"})
	}

	Describe("StreamIn", func() {
		DescribeTable("unpacks below the container's directory",
			func(path, where string) {
				Expect(streamIn(path, archive([2]string{"./", ""}, [2]string{"./sub/", ""}, [2]string{"./sub/file", "content"}))).To(Succeed())
				Expect(os.ReadFile(in(where + "/sub/file"))).To(BeEquivalentTo("content"))
			},
			Entry("at the top", "/", ""),
			Entry("in a directory that is made then", "/tmp/build/get", "tmp/build/get"),
			Entry("with a slash", "/tmp/build/", "tmp/build"),
			Entry("at a relative path", "here", "here"),
			Entry("never outside", "/../../outside", "outside"),
		)

		It("does not follow a link out", func() {
			outside := GinkgoT().TempDir()
			Expect(os.Symlink(outside, in("link"))).To(Succeed())
			Expect(streamIn("/link/deep", archive([2]string{"file", "x"}))).To(MatchError(ContainSubstring("path escapes from parent")))
			Expect(os.ReadDir(outside)).To(BeEmpty())
		})

		DescribeTable("has tar's error",
			func(stream func() io.Reader, message string) {
				Expect(streamIn("/x", stream())).To(MatchError(And(
					HavePrefix("stream-in: nstar: error streaming in: exit status 2. Output: tar: "), ContainSubstring(message))))
			},
			Entry("for what is no tar", func() io.Reader { return strings.NewReader(strings.Repeat("not a tar", 1000)) }, "This does not look like a tar archive"),
			Entry("for nothing", func() io.Reader { return strings.NewReader("") }, "This does not look like a tar archive"),
			Entry("for one that ends early", func() io.Reader {
				return io.LimitReader(archive([2]string{"file", strings.Repeat("x", 5000)}), 3000)
			}, "Unexpected EOF in archive"),
		)

		It("has an error when the client's stream breaks, and goes on with the next", func() {
			stream := io.MultiReader(io.LimitReader(archive([2]string{"file", strings.Repeat("x", 500000)}), 300000), iotest.ErrReader(errors.New("gone")))
			Expect(streamIn("/x", stream)).NotTo(Succeed())
			Expect(streamIn("/y", archive([2]string{"file", "whole"}))).To(Succeed())
			Expect(os.ReadFile(in("y/file"))).To(BeEquivalentTo("whole"))
		})

		It("has an error where something is in the way", func() {
			Expect(os.WriteFile(in("file"), nil, 0o644)).To(Succeed())
			Expect(streamIn("/file", archive([2]string{"x", ""}))).To(MatchError(
				"stream-in: nstar: error streaming in: exit status 1. Output: mkdirat file: file exists"))
		})

		It("fails where it is told to", func() {
			s.fault("stream-in-fails", "c-1")
			Expect(streamIn("/", archive([2]string{"file", strings.Repeat("x", 300000)}))).To(MatchError(ContainSubstring("No space left on device")))
			Expect(in("file")).NotTo(BeAnExistingFile())
			Expect(s.container("c-2").StreamIn(garden.StreamInSpec{Path: "/", TarStream: archive([2]string{"file", ""})})).To(Succeed())
		})
	})

	Describe("StreamOut", func() {
		BeforeEach(func() {
			Expect(os.MkdirAll(in("tmp/reports"), 0o755)).To(Succeed())
			Expect(os.WriteFile(in("tmp/reports/one"), []byte("1"), 0o644)).To(Succeed())
			Expect(os.WriteFile(in("tmp/-C"), []byte("odd"), 0o644)).To(Succeed())
		})

		DescribeTable("packs",
			func(path string, packed ...string) {
				stream, err := streamOut(path)
				Expect(err).NotTo(HaveOccurred())
				defer stream.Close()
				Expect(names(stream)).To(ConsistOf(packed))
			},
			Entry("a directory", "/tmp/reports", "reports/=", "reports/one=1"),
			Entry("a directory's contents", "/tmp/reports/", "./=", "./one=1"),
			Entry("a file", "/tmp/reports/one", "one=1"),
			Entry("a relative path", "tmp/reports", "reports/=", "reports/one=1"),
			Entry("a name that looks like an option", "/tmp/-C", "-C=odd"),
			Entry("nothing from outside", "../../tmp/reports", "reports/=", "reports/one=1"),
		)

		It("packs everything", func() {
			stream, err := streamOut("/")
			Expect(err).NotTo(HaveOccurred())
			defer stream.Close()
			Expect(names(stream)).To(ContainElements("./=", "./tmp/reports/one=1"))
		})

		DescribeTable("has an error for",
			func(path, message string) {
				_, err := streamOut(path)
				Expect(err).To(MatchError("stream-out: nstar: error streaming out: exit status 2. Output: tar: " + message))
			},
			Entry("what is not there", "/tmp/nothing", "nothing: Cannot stat: No such file or directory"),
			Entry("a file's contents", "/tmp/-C/", "statat tmp/-C/.: not a directory"),
		)

		It("is what streamed in", func() {
			Expect(os.WriteFile(in("big"), bytes.Repeat([]byte("0123456789abcdef"), 1<<18), 0o644)).To(Succeed())
			stream, err := streamOut("/big")
			Expect(err).NotTo(HaveOccurred())
			defer stream.Close()
			Expect(s.container("c-2").StreamIn(garden.StreamInSpec{Path: "/", TarStream: stream})).To(Succeed())
			Expect(os.ReadFile(filepath.Join(s.files, "c-2", "big"))).To(HaveLen(1 << 22))
		})

		Context("when tar does not come to its end", func() {
			BeforeEach(func() {
				// A hole that takes tar for ever.
				Expect(os.WriteFile(in("endless"), nil, 0o644)).To(Succeed())
				Expect(os.Truncate(in("endless"), 1<<40)).To(Succeed())
			})

			It("ends in an error", func() {
				stream, err := s.lookup("c-1").StreamOut(garden.StreamOutSpec{Path: "/endless"})
				Expect(err).NotTo(HaveOccurred())
				_, err = io.CopyN(io.Discard, stream, 1<<20)
				Expect(err).NotTo(HaveOccurred())
				Expect(s.client.Destroy("c-1")).To(Succeed())
				_, err = io.Copy(io.Discard, stream)
				Expect(err).To(MatchError(HavePrefix("stream-out: nstar: error streaming out: signal: killed")))
			})

			It("is let go of by a client that leaves, and by the server's end", func() {
				for range 2 {
					stream, err := streamOut("/endless")
					Expect(err).NotTo(HaveOccurred())
					_, err = io.CopyN(io.Discard, stream, 1<<20)
					Expect(err).NotTo(HaveOccurred())
					Expect(stream.Close()).To(Succeed())
				}
				stream, err := streamOut("/endless")
				Expect(err).NotTo(HaveOccurred())
				defer stream.Close()
				Expect(s.server.Stop()).To(Succeed())
			})
		})

		It("ends in tar's error when something goes away under it", func() {
			Expect(os.WriteFile(in("shrinking"), make([]byte, 8<<20), 0o644)).To(Succeed())
			stream, err := s.lookup("c-1").StreamOut(garden.StreamOutSpec{Path: "/shrinking"})
			Expect(err).NotTo(HaveOccurred())
			_, err = io.CopyN(io.Discard, stream, 1<<20)
			Expect(err).NotTo(HaveOccurred())
			Expect(os.Truncate(in("shrinking"), 0)).To(Succeed())
			_, err = io.Copy(io.Discard, stream)
			Expect(err).To(MatchError(And(HavePrefix("stream-out: nstar: error streaming out: exit status 1. Output: tar: shrinking: File shrank by "))))
		})

		It("breaks where it is told to, with nothing to tell it from the end", func() {
			Expect(os.WriteFile(in("big"), make([]byte, 1<<20), 0o644)).To(Succeed())
			s.fault("stream-out-breaks", "c-1")
			stream, err := streamOut("/big")
			Expect(err).NotTo(HaveOccurred())
			defer stream.Close()
			Expect(io.Copy(io.Discard, stream)).To(BeEquivalentTo(100_000))

			direct, err := s.lookup("c-1").StreamOut(garden.StreamOutSpec{Path: "/big"})
			Expect(err).NotTo(HaveOccurred())
			_, err = io.Copy(io.Discard, direct)
			Expect(err).To(MatchError("stream-out: nstar: error streaming out: signal: killed"))
			Expect(direct.Close()).To(Succeed())
		})
	})

	DescribeTable("have Guardian's error for an unknown handle",
		func(call func() error, message string) { Expect(call()).To(MatchError(message)) },
		Entry("in", func() error {
			return s.connection.StreamIn("c-9", garden.StreamInSpec{Path: "/", TarStream: archive()})
		},
			"stream-in: pid not found for container"),
		Entry("out", func() error {
			_, err := s.connection.StreamOut("c-9", garden.StreamOutSpec{Path: "/"})
			return err
		}, "stream-out: pid not found for container"),
	)

	DescribeTable("are not implemented",
		func(options func() *served) {
			s = options()
			Expect(streamIn("/", archive())).To(MatchError("not implemented"))
			_, err := streamOut("/")
			Expect(err).To(MatchError("not implemented"))
		},
		Entry("without files", func() *served { return serve(backend.Options{}, backend.Container{Handle: "c-1"}) }),
		Entry("over containerd", func() *served {
			return hosted(backend.Options{Containerd: true}, backend.Container{Handle: "c-1"})
		}),
	)

	DescribeTable("are ended by a destroy", func(faults ...string) {
		for _, fault := range faults {
			s.fault(fault, "c-1")
		}
		read, write := io.Pipe()
		defer write.Close()
		done := make(chan error, 1)
		go func() { done <- streamIn("/", read) }()
		_, err := fmt.Fprint(write, archive([2]string{"file", strings.Repeat("x", 5000)}).String()[:2000])
		Expect(err).NotTo(HaveOccurred())
		Eventually(func() int { return s.Calls.Counts().Counts["stream-in"] }).Should(Equal(1))
		Expect(s.client.Destroy("c-1")).To(Succeed())
		Eventually(done).Should(Receive(HaveOccurred()))
	},
		Entry("that are unpacked"),
		Entry("that are to fail", "stream-in-fails"),
	)
})

// lookup is a container past the server.
func (s *served) lookup(handle string) garden.Container {
	GinkgoHelper()
	container, err := s.Lookup(handle)
	Expect(err).NotTo(HaveOccurred())
	return container
}
