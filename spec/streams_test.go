package spec

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// files is the directory that is a container's root where processes are real.
func (w *worker) files(handle string) string { return filepath.Join(w.Dir, "files", handle) }

// realWorker is a sandbox with real processes and two containers, from and to.
func realWorker() *worker {
	GinkgoHelper()
	w := emptyWorker("--processes")
	w.healthy("from")
	w.healthy("to")
	return w
}

// withStdin runs weeder to its end with a stream on stdin.
func withStdin(w *worker, stream io.Reader, args ...string) *gexec.Session {
	GinkgoHelper()
	command := command(w, args...)
	command.Stdin = stream
	return finish(command)
}

// archive packs a directory's content with tar.
func archive(dir string) []byte {
	GinkgoHelper()
	packed, err := exec.Command("tar", "-c", "-C", dir, ".").Output()
	Expect(err).NotTo(HaveOccurred())
	return packed
}

// unpack unpacks an archive into a new directory.
func unpack(archive []byte) string {
	GinkgoHelper()
	dir := GinkgoT().TempDir()
	command := exec.Command("tar", "-x", "-C", dir)
	command.Stdin = bytes.NewReader(archive)
	output, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	return dir
}

// random is so many bytes that nothing else holds.
func random(size int) string {
	content := make([]byte, size)
	_, _ = rand.Read(content)
	return string(content)
}

// tree makes a directory with files of all sorts.
func tree(dir string) {
	GinkgoHelper()
	writeFile(random(300_000), dir, "data")
	writeFile("", dir, "empty")
	writeFile(strings.Repeat("\x00", 70_000), dir, "zeros")
	writeFile(random(511), dir, strings.Repeat("long/", 40), "näme with spaces")
	Expect(os.Symlink("data", filepath.Join(dir, "link"))).To(Succeed())
	Expect(os.Chmod(filepath.Join(dir, "data"), 0o750)).To(Succeed())
}

// sameTrees checks that two directories hold the same.
func sameTrees(one, other string) {
	GinkgoHelper()
	output, err := exec.Command("diff", "--recursive", "--no-dereference", one, other).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
}

var _ = Describe("stream-in and stream-out", func() {
	var w *worker
	BeforeEach(func() { w = realWorker() })

	It("bring a directory there and back", func() {
		dir := GinkgoT().TempDir()
		tree(dir)

		in := withStdin(w, bytes.NewReader(archive(dir)), "stream-in", "to", "--destination", "/some/where")
		Expect(in).To(gexec.Exit(0))
		Expect(stdout(in) + stderr(in)).To(BeEmpty())
		sameTrees(dir, filepath.Join(w.files("to"), "some", "where"))

		out := weeder(w, "stream-out", "to", "--source", "/some/where/")
		Expect(out).To(gexec.Exit(0))
		Expect(stderr(out)).To(BeEmpty())
		sameTrees(dir, unpack(out.Out.Contents()))
	})

	It("bring a directory from one container to another through a pipe", func() {
		tree(filepath.Join(w.files("from"), "data"))
		pipe := exec.Command("bash", "-c", `set -o pipefail; "$0" stream-out from -s /data/ | "$0" stream-in to -d /copy`, built.Weeder)
		pipe.Env = on(w)
		session := finish(pipe)
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(BeEmpty())
		sameTrees(filepath.Join(w.files("from"), "data"), filepath.Join(w.files("to"), "copy"))
	})

	It("pass path and user on as they are", func() {
		asked := make(chan string, 10)
		garden := fakeGarden(func(w http.ResponseWriter, r *http.Request) {
			asked <- r.Method + " " + r.URL.RequestURI()
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "{}")
		})
		Expect(withStdin(garden, strings.NewReader(""), "stream-in", "h", "-d", "a b/../&", "-u", "alice")).To(gexec.Exit(0))
		Expect(asked).To(Receive(Equal("PUT /containers/h/files?destination=a+b%2F..%2F%26&user=alice")))
		weeder(garden, "stream-out", "h", "-s", "/x//", "-u", "")
		Expect(asked).To(Receive(Equal("GET /containers/h/files?source=%2Fx%2F%2F&user=")))
		Expect(asked).NotTo(Receive())
	})

	DescribeTable("want a container, a path and nothing more:", func(line string) {
		complains(weeder(w, strings.Fields(line)...), 2)
	},
		Entry(nil, "stream-in to"), Entry(nil, "stream-in -d /"), Entry(nil, "stream-in to else -d /"),
		Entry(nil, "stream-out to"), Entry(nil, "stream-out -s /"), Entry(nil, "stream-out to else -s /"),
	)

	It("say that Concourse's own backend has none", func() {
		w := emptyWorker("--processes", "--runtime", "containerd")
		w.healthy("from")
		for _, line := range []string{"stream-in from -d /", "stream-out from -s /"} {
			complains(weeder(w, strings.Fields(line)...), 1, "this Garden streams nothing", "not implemented")
		}
	})

	It("refuse a terminal", func() {
		for line, text := range map[string]string{
			"stream-in to -d /":  "stdin is a terminal: pipe a tar stream in",
			"stream-out to -s /": "stdout is a terminal: pipe the tar stream on",
		} {
			shown := command(w, strings.Fields(line)...)
			shown.Env = append(shown.Env, "NO_COLOR=1")
			Expect(screen(shown)).To(HavePrefix("error: " + text))
			Expect(shown.ProcessState.ExitCode()).To(Equal(2))
		}
		Expect(w.calls()).NotTo(Or(HaveKey("stream-in"), HaveKey("stream-out")))
	})

	Describe("stream-in", func() {
		It("reads nothing for a container that is not there", func() {
			file, err := os.Open(writeFile(random(1<<20), GinkgoT().TempDir(), "stream"))
			Expect(err).NotTo(HaveOccurred())
			defer file.Close()
			complains(withStdin(w, file, "stream-in", "nowhere", "-d", "/"), 1, "unknown handle: nowhere")
			Expect(file.Seek(0, io.SeekCurrent)).To(BeZero())
		})

		It("does not wait for stdin where there is no such container", func() {
			stdin, writer, err := os.Pipe()
			Expect(err).NotTo(HaveOccurred())
			defer writer.Close()
			defer stdin.Close()
			complains(withStdin(w, stdin, "stream-in", "nowhere", "-d", "/"), 1, "unknown handle: nowhere")
		})

		It("says what Garden's tar says", func() {
			w.fault("stream-in-fails")
			session := withStdin(w, strings.NewReader(random(8<<20)), "stream-in", "to", "-d", "/")
			complains(session, 1, "tar: Cannot write: No space left on device (after ", "of which garden may have unpacked a part)")

			w.mend("stream-in-fails")
			complains(withStdin(w, strings.NewReader(random(1<<20)), "stream-in", "to", "-d", "/"), 1, "does not look like a tar archive")
		})

		It("says that stdin can't be read", func() {
			dir, err := os.Open(GinkgoT().TempDir())
			Expect(err).NotTo(HaveOccurred())
			defer dir.Close()
			complains(withStdin(w, dir, "stream-in", "to", "-d", "/"), 1, "error: read /dev/stdin: is a directory")
		})

		It("warns of an archive without an end that Garden takes", func() {
			var packed bytes.Buffer
			writer := tar.NewWriter(&packed)
			Expect(writer.WriteHeader(&tar.Header{Name: "file", Mode: 0o644})).To(Succeed())
			Expect(writer.Flush()).To(Succeed())
			session := withStdin(w, bytes.NewReader(packed.Bytes()), "stream-in", "to", "-d", "/")
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(MatchRegexp(`\Awarning: garden took the stream, but it has no end of the archive: [^\n]*\n\z`))
			Expect(filepath.Join(w.files("to"), "file")).To(BeARegularFile())
		})

		It("has nothing to say of a stream that it does not know and Garden takes", func() {
			garden := fakeGarden(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(w, "{}")
			})
			session := withStdin(garden, strings.NewReader("\x1f\x8b"+random(1000)), "stream-in", "to", "-d", "/")
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(BeEmpty())
		})
	})

	Describe("stream-out", func() {
		It("says what Garden says of a container or a path that is not there", func() {
			complains(weeder(w, "stream-out", "nowhere", "-s", "/"), 1, "unknown handle: nowhere")
			complains(weeder(w, "stream-out", "from", "-s", "/missing"), 1, "o such file or directory")
		})

		It("tells a stream that Garden breaks off, and has passed on what came", func() {
			writeFile(random(1<<20), w.files("from"), "data", "file")
			w.fault("stream-out-breaks")
			session := weeder(w, "stream-out", "from", "-s", "/data")
			Expect(session).To(gexec.Exit(1))
			Expect(stderr(session)).To(Equal("error: the stream ended early after 100000 bytes: no end of the archive, whose last entry here is data/file\n"))
			Expect(session.Out.Contents()).To(HaveLen(100_000))
		})

		DescribeTable("does not take for whole",
			func(content, text string) {
				session := weeder(fakeGarden(answering(200, "application/x-tar", content)), "stream-out", "h", "-s", "/var/x")
				Expect(session).To(gexec.Exit(1))
				Expect(stderr(session)).To(Equal("error: " + text + "\n"))
				Expect(stdout(session)).To(Equal(content))
			},
			Entry("what Guardian sends where there is no such file", strings.Repeat("\x00", 10240), "the archive is empty: is there /var/x in the container?"),
			Entry("nothing", "", "the stream ended early after 0 bytes: no end of the archive"),
			Entry("a page", strings.Repeat(page, 20), "garden sent 1380 bytes: no tar archive"),
		)

		DescribeTable("says that stdout can't be written",
			func(path string, flag int, text string) {
				writeFile(random(1<<20), w.files("from"), "file")
				stdout, err := os.OpenFile(path, flag, 0)
				Expect(err).NotTo(HaveOccurred())
				defer stdout.Close()
				command := command(w, "stream-out", "from", "-s", "/file")
				var said bytes.Buffer
				command.Stdout, command.Stderr = stdout, &said
				_ = command.Run()
				Expect(command.ProcessState.ExitCode()).To(Equal(1))
				Expect(said.String()).To(Equal("error: write /dev/stdout: " + text + " (after 0 B)\n"))
			},
			Entry("where the disk is full", "/dev/full", os.O_WRONLY, "no space left on device"),
			Entry("where it is not open for that", "/dev/null", os.O_RDONLY, "bad file descriptor"),
		)

		It("ends as others do where the reader of a pipe has gone", func() {
			writeFile(random(1<<20), w.files("from"), "file")
			pipe := exec.Command("bash", "-c", `"$0" stream-out from -s /file | head -c 1000; echo ${PIPESTATUS[0]} >&2`, built.Weeder)
			pipe.Env = on(w)
			session := finish(pipe)
			Expect(session.Out.Contents()).To(HaveLen(1000))
			Expect(stderr(session)).To(Equal("141\n"))
		})
	})
})
