package worker_test

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/volumes"
	"weeder/cmd/sandbox/worker"
)

var _ = Describe("People over containerd", func() {
	var (
		dir        volumes.Dir
		containers []backend.Container
	)

	BeforeEach(func() {
		dir = volumes.Dir(GinkgoT().TempDir())
		var err error
		containers, err = worker.People(dir, worker.Options{Containers: 12, Leaked: 3, Containerd: true, Now: now})
		Expect(err).NotTo(HaveOccurred())
	})

	in := func(state, handle string) string { return filepath.Join(string(dir), state, handle) }
	volumeOf := func(path string) string {
		GinkgoHelper()
		handle, ok := strings.CutPrefix(path, in("live", "")+"/")
		Expect(ok).To(BeTrue(), path)
		handle, _, _ = strings.Cut(handle, "/")
		return handle
	}

	It("leaks for a root or a mount that is missing, or a root that is only in dead", func() {
		live := func(container backend.Container) (root, bound bool) {
			_, rootErr := os.Stat(in("live", volumeOf(container.Root)))
			_, boundErr := os.Stat(in("live", volumeOf(container.Binds[0].Source)))
			return rootErr == nil, boundErr == nil
		}

		root, bound := live(containers[0])
		Expect([]bool{root, bound}).To(Equal([]bool{false, true}))
		root, bound = live(containers[1])
		Expect([]bool{root, bound}).To(Equal([]bool{true, false}))
		root, bound = live(containers[2])
		Expect([]bool{root, bound}).To(Equal([]bool{false, true}))
		Expect(in("dead", volumeOf(containers[2].Root))).To(BeADirectory())
		Expect(in("dead", volumeOf(containers[0].Root))).NotTo(BeAnExistingFile())
	})

	It("has no volume that knows an expiry, and some copy-on-write children", func() {
		Expect(filepath.Glob(filepath.Join(string(dir), "*", "*", "properties.json"))).To(HaveLen(24))
		Expect(filepath.Glob(filepath.Join(string(dir), "*", "*", "ttl.json"))).To(BeEmpty())
		Expect(filepath.Glob(filepath.Join(string(dir), "live", "*", "parent"))).NotTo(BeEmpty())
	})

	It("has roots that are a volume, and roots that are an image artifact's", func() {
		var ends []string
		for _, container := range containers {
			ends = append(ends, filepath.Base(container.Root))
		}
		Expect(ends).To(And(ContainElement("volume"), ContainElement("rootfs")))
	})

	It("tells nothing of volumes in properties; half of the containers have a user", func() {
		users := map[string]int{}
		for _, container := range containers {
			properties := container.Properties
			Expect(properties).To(Or(BeEmpty(), And(HaveLen(1), HaveKey("user"))))
			users[properties["user"]]++
		}
		Expect(users).To(Equal(map[string]int{"root": 6, "": 6}))
	})

	It("has no incident", func() {
		for _, container := range containers {
			Expect(container.Handle).NotTo(Equal(worker.IncidentContainer))
		}
	})
})
