package backend_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

var _ = Describe("a bundle of containerd's", func() {
	var (
		s         *served
		createdAt = time.Date(2026, 11, 20, 21, 50, 0, 0, time.UTC)
	)

	BeforeEach(func() {
		s = serve(backend.Options{Containerd: true},
			backend.Container{
				Handle: "modern-2", CreatedAt: createdAt, GraceTime: time.Hour,
				Properties: garden.Properties{"user": "root"},
				Root:       "/worker-state/volumes/live/m-cow/volume",
				Binds:      []backend.Bind{{Source: "/worker-state/volumes/live/m-get/volume", Destination: "/tmp/build/get"}},
			},
			backend.Container{Handle: "no-task", NoBundle: true},
			backend.Container{Handle: "torn", Config: []byte(`{"root":`)},
			backend.Container{Handle: "userless", Properties: garden.Properties{"user": ""}},
		)
	})

	config := func(handle string) string { return filepath.Join(s.depot, handle, "config.json") }

	It("is as recorded", func() {
		Expect(os.ReadFile(config("modern-2"))).To(BeEquivalentTo(recorded("embed/containerd-config.json")))
	})

	It("is all that there is, of the task's time, and its directory root's alone", func() {
		entries, err := os.ReadDir(filepath.Dir(config("modern-2")))
		Expect(err).NotTo(HaveOccurred())
		Expect(entries).To(HaveLen(1))

		file, err := os.Stat(config("modern-2"))
		Expect(err).NotTo(HaveOccurred())
		Expect(file.ModTime()).To(BeTemporally("==", createdAt))
		Expect(file.Mode().Perm()).To(BeEquivalentTo(0o644))
		directory, err := os.Stat(filepath.Dir(config("modern-2")))
		Expect(err).NotTo(HaveOccurred())
		Expect(directory.Mode().Perm()).To(BeEquivalentTo(0o700))
	})

	It("has the properties of the creation, empty ones too, as annotations", func() {
		content, err := os.ReadFile(config("userless"))
		Expect(err).NotTo(HaveOccurred())
		var spec struct{ Annotations map[string]string }
		Expect(json.Unmarshal(content, &spec)).To(Succeed())
		Expect(spec.Annotations).To(Equal(map[string]string{"user": ""}))
	})

	It("is not there for a container without a task", func() {
		Expect(s.list(nil)).To(ContainElement("no-task"))
		Expect(filepath.Dir(config("no-task"))).NotTo(BeAnExistingFile())
	})

	It("is whatever it is told to be", func() {
		Expect(os.ReadFile(config("torn"))).To(BeEquivalentTo(`{"root":`))
	})

	It("changes with the container, and goes with it", func() {
		Expect(s.Update("modern-2", func(container *backend.Container) { container.Root = "/elsewhere" })).To(Succeed())
		Expect(s.config("modern-2").Root.Path).To(Equal("/elsewhere"))
		Expect(s.client.Destroy("modern-2")).To(Succeed())
		Expect(filepath.Dir(config("modern-2"))).NotTo(BeAnExistingFile())
	})

	It("is no matter of the fault", func() {
		guardian := serve(backend.Options{})
		guardian.fault("containerd")
		_, err := guardian.client.Create(garden.ContainerSpec{Handle: "c-1"})
		Expect(err).NotTo(HaveOccurred())
		Expect(guardian.config("c-1").source("/etc/hosts")).To(HavePrefix(guardian.depot))
	})
})

var _ = Describe("a snapshot over containerd", func() {
	It("has no properties of Guardian's", func() {
		s := serve(backend.Options{Containerd: true},
			backend.Container{Handle: "c-1", GraceTime: time.Hour, Properties: garden.Properties{"user": ""}})
		Expect(s.Snapshot()).To(HaveLen(1))
		Expect(s.Snapshot()[0].Properties).To(Equal(garden.Properties{"user": "", "garden.grace-time": "3600000000000"}))
		Expect(s.Snapshot()[0].Hidden).To(BeFalse())
	})
})
