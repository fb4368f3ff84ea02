package main_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("sandbox --processes", func() {
	var temporary string

	BeforeEach(func() { temporary = GinkgoT().TempDir() })

	start := func(args ...string) (*gexec.Session, place, garden.Container) {
		GinkgoHelper()
		session, where := startIn(temporary, append(args, "--processes", "--containers", "0", "--leaked", "0")...)
		container, err := where.client().Create(garden.ContainerSpec{Handle: "c-1", Env: []string{"A=b"}})
		Expect(err).NotTo(HaveOccurred())
		return session, where, container
	}
	run := func(container garden.Container, script string) (garden.Process, *gbytes.Buffer) {
		GinkgoHelper()
		stdout := gbytes.NewBuffer()
		process, err := container.Run(garden.ProcessSpec{Path: "sh", Args: []string{"-c", script}}, garden.ProcessIO{Stdout: stdout})
		Expect(err).NotTo(HaveOccurred())
		return process, stdout
	}
	// pids are those that a script says in a line.
	pids := func(stdout *gbytes.Buffer, count int) []int {
		GinkgoHelper()
		Eventually(func() []string { return strings.Fields(string(stdout.Contents())) }).Should(HaveLen(count))
		pids := []int{}
		for _, field := range strings.Fields(string(stdout.Contents())) {
			pid, err := strconv.Atoi(field)
			Expect(err).NotTo(HaveOccurred())
			pids = append(pids, pid)
		}
		return pids
	}
	alive := func(pid int) bool {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		return err == nil && !strings.Contains(string(stat), ") Z ")
	}

	It("runs them, in a directory that it tells", func() {
		_, where, container := start()
		Expect(where.Files).To(Equal(filepath.Join(where.Dir, "files")))
		process, stdout := run(container, "pwd; exit 3")
		Expect(process.Wait()).To(Equal(3))
		Expect(string(stdout.Contents())).To(Equal(filepath.Join(where.Files, "c-1") + "\n"))
	})

	DescribeTable("leaves nothing running",
		func(signal os.Signal) {
			session, _, container := start()
			process, stdout := run(container, "echo $$; setsid sh -c 'echo $$; exec sleep 1000' & wait")
			running := pids(stdout, 2)
			session.Signal(signal)
			Eventually(session).Should(gexec.Exit(0))
			for _, pid := range running {
				Expect(alive(pid)).To(BeFalse())
			}
			Expect(os.ReadDir(temporary)).To(BeEmpty())
			_, err := process.Wait()
			Expect(err).To(HaveOccurred())
		},
		Entry("when interrupted", os.Interrupt),
		Entry("when terminated", syscall.SIGTERM),
	)

	It("takes its processes along when it is killed", func() {
		session, _, container := start()
		process, stdout := run(container, "echo $$; exec sleep 1000")
		running := pids(stdout, 1)
		session.Kill()
		Eventually(session).Should(gexec.Exit())
		Eventually(alive).WithArguments(running[0]).Should(BeFalse())
		_, err := process.Wait()
		Expect(err).To(MatchError(ContainSubstring("decode failed")))
	})

	It("ends though a stream hangs", func() {
		session, where, container := start()
		read, write := io.Pipe()
		defer write.Close()
		done := make(chan error, 1)
		go func() { done <- container.StreamIn(garden.StreamInSpec{Path: "/here", TarStream: read}) }()
		Eventually(filepath.Join(where.Files, "c-1", "here")).Should(BeADirectory())
		session.Terminate()
		Eventually(session).Should(gexec.Exit(0))
		Expect(os.ReadDir(temporary)).To(BeEmpty())
		// Garden's client waits for what it is reading from.
		Expect(write.Close()).To(Succeed())
		Eventually(done).Should(Receive(HaveOccurred()))
	})

	It("knows where a root volume is missing", func() {
		_, where, _ := start()
		response, err := http.Post("http://"+where.Control+"/containers", "application/json",
			strings.NewReader(`{"handle": "c-2", "root_volume": "v-1"}`))
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Close()).To(Succeed())
		container, err := where.client().Lookup("c-2")
		Expect(err).NotTo(HaveOccurred())
		_, err = container.Run(garden.ProcessSpec{Path: "true"}, garden.ProcessIO{})
		Expect(err).To(MatchError("unable to find user root: no matching entries in passwd file"))
	})

	It("is not the mode by itself", func() {
		_, where := startIn(temporary)
		Expect(where.Files).To(BeEmpty())
		Expect(filepath.Join(where.Dir, "files")).NotTo(BeAnExistingFile())
		containers, err := where.client().Containers(nil)
		Expect(err).NotTo(HaveOccurred())
		_, err = containers[0].Run(garden.ProcessSpec{Path: "true"}, garden.ProcessIO{})
		Expect(err).To(MatchError("not implemented"))
	})
})
