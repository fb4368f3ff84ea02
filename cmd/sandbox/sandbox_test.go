package main_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("sandbox", func() {
	var temporary string

	BeforeEach(func() { temporary = GinkgoT().TempDir() })

	run := func(args ...string) *gexec.Session {
		GinkgoHelper()
		return runIn(temporary, args...)
	}
	start := func(args ...string) (*gexec.Session, place) {
		GinkgoHelper()
		return startIn(temporary, args...)
	}
	list := func(where place) []string {
		GinkgoHelper()
		containers, err := where.client().Containers(garden.Properties{"garden.state": "all"})
		Expect(err).NotTo(HaveOccurred())
		handles := []string{}
		for _, container := range containers {
			handles = append(handles, container.Handle())
		}
		return handles
	}
	get := func(address, path string) string {
		GinkgoHelper()
		response, err := http.Get("http://" + address + path)
		Expect(err).NotTo(HaveOccurred())
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		Expect(err).NotTo(HaveOccurred())
		return string(body)
	}
	put := func(address, path string) {
		GinkgoHelper()
		request, err := http.NewRequest("PUT", "http://"+address+path, nil)
		Expect(err).NotTo(HaveOccurred())
		response, err := http.DefaultClient.Do(request)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Close()).To(Succeed())
		Expect(response.StatusCode).To(Equal(200))
	}

	It("is a worker with containers and volumes", func() {
		_, where := start()
		Expect(list(where)).To(And(HaveLen(12), ContainElement("eb8f2bbf-86e1-4603-4881-548c9133aa62")))
		depot, err := os.ReadDir(where.Depot)
		Expect(err).NotTo(HaveOccurred())
		Expect(depot).To(HaveLen(12))
		volumes, err := filepath.Glob(filepath.Join(where.Volumes, "*", "*"))
		Expect(err).NotTo(HaveOccurred())
		Expect(volumes).To(HaveLen(24))
		Expect(where.Containerd).To(BeEmpty())

		capacity, err := where.client().Capacity()
		Expect(err).NotTo(HaveOccurred())
		Expect(capacity.MaxContainers).To(BeEquivalentTo(250))
		Expect(get(where.Baggageclaim, "/volumes")).To(ContainSubstring(`"handle":"88914c83-fc71-4358-4f3f-b886429f9013"`))
		Expect(get(where.Control, "/calls")).To(ContainSubstring(`"list-all": 1`))
	})

	It("says how to point weeder at it", func() {
		session, where := start()
		Eventually(session).Should(gbytes.Say("export WEEDER_TARGET=" + where.Target))
		Eventually(session).Should(gbytes.Say("weeder --target " + where.Target + " --volumes " + where.Volumes +
			" --baggageclaim " + where.Baggageclaim + " --containerd '' --journal " + where.Dir + "/journal scan\n"))
		Expect(session.Err.Contents()).To(BeEmpty())
	})

	It("has as many containers as asked for, the same each time", func() {
		args := []string{"--containers", "6", "--leaked", "2", "--no-incident", "--max-containers", "7", "--seed", "5"}
		_, first := start(args...)
		_, second := start(args...)
		Expect(list(first)).To(And(HaveLen(6), Equal(list(second))))

		_, err := first.client().Create(garden.ContainerSpec{Handle: "c-7"})
		Expect(err).NotTo(HaveOccurred())
		_, err = first.client().Create(garden.ContainerSpec{Handle: "c-8"})
		Expect(err).To(MatchError("max containers reached"))
	})

	It("makes room for as many as there are", func() {
		_, where := start("--containers", "260")
		Expect(list(where)).To(HaveLen(260))
	})

	It("counts the containers' grace time, but the incident's", func() {
		_, where := start("--containers", "3", "--leaked", "1", "--grace-time", "300ms", "--age", "1h")
		Eventually(func() []string { return list(where) }).Should(Equal([]string{"eb8f2bbf-86e1-4603-4881-548c9133aa62"}))
	})

	DescribeTable("leaves nothing behind",
		func(signal os.Signal) {
			session, where := start()
			Expect(where.Dir).To(HavePrefix(temporary))
			journal := filepath.Join(where.Dir, "journal")
			Expect(os.Mkdir(journal, 0o755)).To(Succeed())

			session.Signal(signal)
			Eventually(session).Should(gexec.Exit(0))
			Expect(os.ReadDir(temporary)).To(BeEmpty())
			_, err := net.DialTimeout("tcp", where.Target, time.Second)
			Expect(err).To(HaveOccurred())
		},
		Entry("when interrupted", os.Interrupt),
		Entry("when terminated", syscall.SIGTERM),
	)

	It("ends though calls hang", func() {
		session, where := start()
		put(where.Control, "/faults/list-hangs")
		put(where.Control, "/faults/baggageclaim-hangs")
		listed, answered := make(chan error, 1), make(chan int, 1)
		go func() {
			_, err := where.client().Containers(nil)
			listed <- err
		}()
		go func() {
			defer GinkgoRecover()
			response, err := http.Get("http://" + where.Baggageclaim + "/volumes")
			Expect(err).NotTo(HaveOccurred())
			Expect(response.Body.Close()).To(Succeed())
			answered <- response.StatusCode
		}()
		Eventually(func() int { return strings.Count(get(where.Control, "/faults"), `"holding": 1`) }).Should(Equal(2))

		session.Terminate()
		Eventually(session).Should(gexec.Exit(0))
		Eventually(listed).Should(Receive(MatchError("sandbox is stopping")))
		Eventually(answered).Should(Receive(Equal(500)))
	})

	Describe("--dir", func() {
		It("is made where it is missing, and removed", func() {
			dir := filepath.Join(temporary, "worker")
			session, where := start("--dir", dir)
			Expect(where.Dir).To(Equal(dir))
			Expect(where.Volumes).To(Equal(filepath.Join(dir, "volumes")))
			session.Terminate()
			Eventually(session).Should(gexec.Exit(0))
			Expect(dir).NotTo(BeAnExistingFile())
		})

		It("is emptied where it was there", func() {
			session, _ := start("--dir", temporary)
			session.Terminate()
			Eventually(session).Should(gexec.Exit(0))
			Expect(os.ReadDir(temporary)).To(BeEmpty())
		})

		It("is refused where it is not empty", func() {
			kept := filepath.Join(temporary, "kept")
			Expect(os.WriteFile(kept, nil, 0o644)).To(Succeed())
			session := run("--dir", temporary)
			Eventually(session).Should(gexec.Exit(1))
			Expect(session.Err).To(gbytes.Say("error: directory " + temporary + " is not empty"))
			Expect(kept).To(BeARegularFile())
		})
	})

	Describe("--volumes", func() {
		It("is used as it is, and stays", func() {
			volumes := filepath.Join(temporary, "volumes")
			live := filepath.Join(volumes, "live", "v-1")
			Expect(os.MkdirAll(live, 0o755)).To(Succeed())
			Expect(os.WriteFile(filepath.Join(live, "properties.json"), []byte("{}"), 0o644)).To(Succeed())

			session, where := start("--volumes", volumes)
			Expect(where.Volumes).To(Equal(volumes))
			Expect(list(where)).To(BeEmpty())
			Expect(get(where.Baggageclaim, "/volumes")).To(ContainSubstring("v-1"))
			session.Terminate()
			Eventually(session).Should(gexec.Exit(0))
			Expect(os.ReadDir(temporary)).To(HaveLen(1))
			Expect(live).To(BeADirectory())
		})

		It("goes with no containers", func() {
			start("--volumes", temporary, "--containers", "0")
			session := run("--volumes", temporary, "--containers", "3")
			Eventually(session).Should(gexec.Exit(2))
			Expect(session.Err).To(gbytes.Say("error: --containers needs volumes"))
		})
	})

	It("listens on a unix socket", func() {
		socket := filepath.Join(temporary, "garden.sock")
		session, where := start("--listen", socket)
		Expect(where.Target).To(Equal(socket))
		Expect(list(where)).To(HaveLen(12))
		session.Terminate()
		Eventually(session).Should(gexec.Exit(0))
		Expect(os.ReadDir(temporary)).To(BeEmpty())
	})

	It("does without baggageclaim and control", func() {
		session, where := start("--baggageclaim", "", "--control", "")
		Expect(where.Baggageclaim).To(BeEmpty())
		Expect(where.Control).To(BeEmpty())
		Eventually(session).Should(gbytes.Say("--baggageclaim '' "))
	})

	It("logs where it is told to", func() {
		log := filepath.Join(GinkgoT().TempDir(), "garden.log")
		session, where := start("--log", log, "--log-level", "debug")
		list(where)
		Eventually(func() ([]byte, error) { return os.ReadFile(log) }).Should(ContainSubstring("garden-server.list"))
		Expect(session.Err.Contents()).To(BeEmpty())

		session, where = start("--log-level", "debug")
		list(where)
		Eventually(session.Err).Should(gbytes.Say("garden-server.list"))
	})

	It("leaves nothing behind when it can't start", func() {
		_, where := start()
		Eventually(run("--listen", where.Target)).Should(gexec.Exit(1))
		Eventually(run("--control", where.Target)).Should(gexec.Exit(1))
		entries, err := os.ReadDir(temporary)
		Expect(err).NotTo(HaveOccurred())
		Expect(entries).To(HaveLen(1))
	})

	It("explains itself", func() {
		session := run("--help")
		Eventually(session).Should(gexec.Exit(0))
		Expect(string(session.Out.Contents())).To(And(
			ContainSubstring("--max-containers"), ContainSubstring("--processes"), ContainSubstring("destroy-untyped-gone"), ContainSubstring("curl -X PUT")))
	})

	DescribeTable("refuses",
		func(message string, args ...string) {
			session := run(args...)
			Eventually(session).Should(gexec.Exit(2))
			Expect(session.Err).To(gbytes.Say("error: " + message))
		},
		Entry("more leaked containers than there are", "--leaked 3 is more than --containers 2", "--containers", "2"),
		Entry("more containers than it takes", "--containers 9 is more than --max-containers 8", "--containers", "9", "--max-containers", "8"),
		Entry("fewer than none", "--containers and --leaked can't be negative", "--containers=-1", "--leaked=-1"),
		Entry("no age", "--age must be above 0", "--age", "0s"),
		Entry("a runtime that there is not", "Invalid value `runc' for option `--runtime'. Allowed values are: guardian or containerd", "--runtime", "runc"),
		Entry("an argument", "unexpected argument: scan", "scan"),
		Entry("a flag that there is not", "unknown flag `nope'", "--nope"),
	)
})
