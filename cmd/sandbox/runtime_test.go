package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("sandbox --runtime containerd", func() {
	var temporary string

	BeforeEach(func() { temporary = GinkgoT().TempDir() })

	start := func(args ...string) (*gexec.Session, place) {
		GinkgoHelper()
		return startIn(temporary, append(args, "--runtime", "containerd")...)
	}
	list := func(where place) []string {
		GinkgoHelper()
		containers, err := where.client().Containers(nil)
		Expect(err).NotTo(HaveOccurred())
		handles := []string{}
		for _, container := range containers {
			handles = append(handles, container.Handle())
		}
		return handles
	}
	// bundles is where weeder looks for them, beside the socket.
	bundles := func(where place) string {
		return filepath.Join(filepath.Dir(where.Containerd), "io.containerd.runtime.v2.task", "concourse")
	}

	It("plays Concourse's own Garden over containerd", func() {
		_, where := start()
		handles := list(where)
		Expect(handles).To(HaveLen(12))
		Expect(handles).NotTo(ContainElement("eb8f2bbf-86e1-4603-4881-548c9133aa62"))

		_, err := where.client().Capacity()
		Expect(err).To(MatchError("not implemented"))
		_, err = where.client().BulkInfo(handles)
		Expect(err).To(MatchError("not implemented"))
		all, err := where.client().Containers(garden.Properties{"garden.state": "all"})
		Expect(err).NotTo(HaveOccurred())
		Expect(all).To(BeEmpty())

		rooted, err := where.client().Containers(garden.Properties{"user": "root"})
		Expect(err).NotTo(HaveOccurred())
		Expect(rooted).To(HaveLen(6))
		for _, container := range rooted {
			Expect(container.Properties()).To(Equal(garden.Properties{"user": "root"}))
		}
	})

	It("has containerd's bundles, and neither a depot nor a socket", func() {
		_, where := start()
		Expect(where.Depot).To(BeEmpty())
		Expect(where.Containerd).To(Equal(filepath.Join(where.Dir, "containerd", "containerd.sock")))
		Expect(where.Containerd).NotTo(BeAnExistingFile())
		Expect(filepath.Join(where.Dir, "depot")).NotTo(BeAnExistingFile())

		handles := list(where)
		for _, handle := range handles {
			Expect(os.ReadFile(filepath.Join(bundles(where), handle, "config.json"))).
				To(ContainSubstring(`"hostname":"` + handle + `"`))
		}
		Expect(os.ReadDir(bundles(where))).To(HaveLen(len(handles)))

		Expect(where.client().Destroy(handles[0])).To(Succeed())
		Expect(filepath.Join(bundles(where), handles[0])).NotTo(BeAnExistingFile())
	})

	It("says how to point weeder at it", func() {
		session, where := start()
		Eventually(session).Should(gbytes.Say("export WEEDER_CONTAINERD=" + where.Containerd + "\n"))
		Eventually(session).Should(gbytes.Say(" --baggageclaim " + where.Baggageclaim + " --containerd " + where.Containerd +
			" --journal " + where.Dir + "/journal scan\n"))
	})

	It("says how many containers it takes, where that is not what weeder expects", func() {
		session, _ := start("--max-containers", "77")
		Eventually(session).Should(gbytes.Say("export WEEDER_MAX_CONTAINERS=77\n"))
		Eventually(session).Should(gbytes.Say(" --max-containers 77 scan\n"))
	})

	It("leaves nothing behind", func() {
		session, where := start()
		Expect(where.Dir).To(HavePrefix(temporary))
		session.Interrupt()
		Eventually(session).Should(gexec.Exit(0))
		Expect(os.ReadDir(temporary)).To(BeEmpty())
	})

	It("makes what is told to it over given volumes", func() {
		volumes := filepath.Join(temporary, "volumes")
		Expect(os.Mkdir(volumes, 0o755)).To(Succeed())
		session, where := start("--volumes", volumes)
		Expect(list(where)).To(BeEmpty())

		response, err := http.Post("http://"+where.Control+"/containers", "application/json",
			strings.NewReader(`{"handle": "c-1", "root_volume": "v-1"}`))
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Close()).To(Succeed())
		Expect(response.StatusCode).To(Equal(200))
		Expect(list(where)).To(Equal([]string{"c-1"}))
		Expect(os.ReadFile(filepath.Join(bundles(where), "c-1", "config.json"))).
			To(ContainSubstring(`"root":{"path":"` + volumes + `/live/v-1/volume"}`))

		session.Terminate()
		Eventually(session).Should(gexec.Exit(0))
		Expect(os.ReadDir(temporary)).To(HaveLen(1))
	})

	It("keeps a given directory and takes its own away", func() {
		session, where := start("--dir", temporary)
		Expect(where.Dir).To(Equal(temporary))
		session.Terminate()
		Eventually(session).Should(gexec.Exit(0))
		Expect(os.ReadDir(temporary)).To(BeEmpty())
	})
})
