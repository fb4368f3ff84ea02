package backend_test

import (
	"os"
	"path/filepath"
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/sandbox/backend"
)

var _ = Describe("Create", func() {
	const root = "/v/live/88914c83-fc71-4358-4f3f-b886429f9013/volume"

	It("makes a container with a bundle", func() {
		s := serve(backend.Options{})
		container, err := s.client.Create(garden.ContainerSpec{
			Handle:     "c-1",
			GraceTime:  time.Hour,
			Properties: garden.Properties{"k": "v"},
			Image:      garden.ImageRef{URI: "raw://" + root},
			Env:        []string{"BUILD_NAME=42", "A=\"b\""},
			BindMounts: []garden.BindMount{
				{SrcPath: "/v/live/w/volume", DstPath: "/tmp/build/get", Mode: garden.BindMountModeRW},
				{SrcPath: "/elsewhere", DstPath: "/mnt"},
			},
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(container.Handle()).To(Equal("c-1"))
		Expect(s.list(nil)).To(Equal([]string{"c-1"}))
		Expect(container.Properties()).To(And(
			HaveKeyWithValue("k", "v"), HaveKeyWithValue("garden.grace-time", "3600000000000")))

		spec := s.config("c-1")
		Expect(spec.Root.Path).To(Equal(root))
		Expect(spec.Hostname).To(Equal("c-1"))
		Expect(spec.Process.Env).To(Equal([]string{"BUILD_NAME=42", "A=\"b\""}))
		Expect(spec.Process.Args).To(Equal([]string{"/tmp/garden-init"}))
		Expect(spec.source("/tmp/build/get")).To(Equal("/v/live/w/volume"))
		Expect(spec.source("/mnt")).To(Equal("/elsewhere"))
		Expect(spec.source("/etc/hosts")).To(Equal(filepath.Join(s.depot, "c-1", "hosts")))
		Expect(spec.source("/proc")).To(Equal("proc"))
		Expect(spec.Mounts).To(HaveLen(11))
	})

	DescribeTable("takes the root from the image",
		func(spec garden.ContainerSpec, root string) {
			s := serve(backend.Options{})
			spec.Handle = "c-1"
			_, err := s.client.Create(spec)
			Expect(err).NotTo(HaveOccurred())
			Expect(s.config("c-1").Root.Path).To(Equal(root))
		},
		Entry("that is a path", garden.ContainerSpec{Image: garden.ImageRef{URI: root}}, root),
		Entry("that is a raw path", garden.ContainerSpec{Image: garden.ImageRef{URI: "raw://" + root}}, root),
		Entry("of the old field", garden.ContainerSpec{RootFSPath: "raw://" + root}, root),
		Entry("that is to be pulled", garden.ContainerSpec{Image: garden.ImageRef{URI: "docker:///busybox"}},
			"/var/vcap/data/grootfs/store/unprivileged/images/c-1/rootfs"),
		Entry("that is not given", garden.ContainerSpec{},
			"/var/vcap/data/grootfs/store/unprivileged/images/c-1/rootfs"),
	)

	It("makes a handle where none is given", func() {
		s := serve(backend.Options{})
		container, err := s.client.Create(garden.ContainerSpec{})
		Expect(err).NotTo(HaveOccurred())
		Expect(s.list(nil)).To(Equal([]string{container.Handle()}))
		Expect(container.Handle()).NotTo(BeEmpty())
	})

	It("refuses two images", func() {
		s := serve(backend.Options{})
		_, err := s.client.Create(garden.ContainerSpec{RootFSPath: "/a", Image: garden.ImageRef{URI: "/b"}})
		Expect(err).To(MatchError("cannot provide both Image.URI and RootFSPath"))
	})

	It("refuses a handle that is taken, hidden ones too", func() {
		s := serve(backend.Options{}, backend.Container{Handle: "c-1", Hidden: true})
		_, err := s.client.Create(garden.ContainerSpec{Handle: "c-1"})
		Expect(err).To(MatchError("Handle 'c-1' already in use"))
	})

	It("refuses more than it can hold, and tells how many that are", func() {
		s := serve(backend.Options{MaxContainers: 2}, backend.Container{Handle: "c-1", Hidden: true}, backend.Container{Handle: "c-2"})
		_, err := s.client.Create(garden.ContainerSpec{Handle: "c-3"})
		Expect(err).To(MatchError("max containers reached"))
		capacity, err := s.client.Capacity()
		Expect(err).NotTo(HaveOccurred())
		Expect(capacity.MaxContainers).To(BeEquivalentTo(2))
	})

	It("holds as many as a Concourse worker where nobody says", func() {
		capacity, err := serve(backend.Options{}).client.Capacity()
		Expect(err).NotTo(HaveOccurred())
		Expect(capacity.MaxContainers).To(BeEquivalentTo(250))
	})

	It("refuses a handle that leads out of the depot", func() {
		s := serve(backend.Options{})
		_, err := s.client.Create(garden.ContainerSpec{Handle: "../c-1"})
		Expect(err).To(MatchError(`handle "../c-1" can't name a bundle's directory`))
		Expect(s.Add(backend.Container{Handle: "a/b", NoBundle: true})).To(Succeed())
	})

	It("cannot run anything", func() {
		s := serve(backend.Options{}, backend.Container{Handle: "c-1"})
		_, err := s.container("c-1").Run(garden.ProcessSpec{Path: "true"}, garden.ProcessIO{})
		Expect(err).To(MatchError(ContainSubstring("not implemented")))
	})
})

var _ = Describe("what a container is created with", func() {
	It("is kept", func() {
		s := serve(backend.Options{})
		_, err := s.client.Create(garden.ContainerSpec{
			Handle:     "c-1",
			GraceTime:  time.Hour,
			Image:      garden.ImageRef{URI: "docker:///busybox", Username: "u", Password: "p"},
			Env:        []string{"A=b", "C=d"},
			Privileged: true,
			Network:    "10.1.0.0/24",
			BindMounts: []garden.BindMount{
				{SrcPath: "/a", DstPath: "/b", Mode: garden.BindMountModeRW},
				{SrcPath: "/c", DstPath: "/d", Origin: garden.BindMountOriginContainer},
			},
		})
		Expect(err).NotTo(HaveOccurred())
		created := s.Snapshot()[0]
		Expect(created.GraceTime).To(Equal(time.Hour))
		Expect(created.Image).To(Equal(garden.ImageRef{URI: "docker:///busybox", Username: "u", Password: "p"}))
		Expect(created.Env).To(Equal([]string{"A=b", "C=d"}))
		Expect(created.Privileged).To(BeTrue())
		Expect(created.Network).To(Equal("10.1.0.0/24"))
		Expect(created.Binds).To(Equal([]backend.Bind{
			{Source: "/a", Destination: "/b", Origin: "Host"},
			{Source: "/c", Destination: "/d", ReadOnly: true, Origin: "Container"},
		}))
	})

	It("has a rootfs where it names no image", func() {
		s := serve(backend.Options{})
		_, err := s.client.Create(garden.ContainerSpec{Handle: "c-1", RootFSPath: "/root"})
		Expect(err).NotTo(HaveOccurred())
		Expect(s.Snapshot()[0].Image.URI).To(Equal("/root"))
	})
})

var _ = Describe("Add", func() {
	It("dates the bundle", func() {
		s := serve(backend.Options{})
		created := time.Date(2016, 10, 21, 14, 29, 14, 0, time.UTC)
		Expect(s.Add(backend.Container{Handle: "c-1", CreatedAt: created})).To(Succeed())

		info, err := os.Stat(filepath.Join(s.depot, "c-1", "config.json"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.ModTime()).To(BeTemporally("==", created))
		Expect(info.Mode().Perm()).To(BeEquivalentTo(0o600))
	})

	It("writes any config.json it is given", func() {
		s := serve(backend.Options{}, backend.Container{Handle: "c-1", Config: []byte(`{"root":`)})
		Expect(os.ReadFile(filepath.Join(s.depot, "c-1", "config.json"))).To(Equal([]byte(`{"root":`)))
		Expect(s.info("c-1").Err).To(BeNil())
	})

	It("keeps a grace time that is no number", func() {
		s := serve(backend.Options{}, backend.Container{Handle: "c-1", Properties: garden.Properties{"garden.grace-time": "soon"}})
		Expect(s.info("c-1").Info.Properties).To(HaveKeyWithValue("garden.grace-time", "soon"))
	})
})

var _ = Describe("Update", func() {
	It("changes the container and its bundle", func() {
		s := serve(backend.Options{}, backend.Container{Handle: "c-1", Root: "/a", GraceTime: time.Hour})
		Expect(s.Update("c-1", func(container *backend.Container) {
			container.Root = "/b"
			container.Hidden = true
			container.GraceTime = 0
			container.Processes = 1
			container.Properties["k"] = "v"
		})).To(Succeed())

		Expect(s.config("c-1").Root.Path).To(Equal("/b"))
		Expect(s.list(nil)).To(BeEmpty())
		Expect(s.metrics("c-1").Metrics.PidStat.Current).To(BeEquivalentTo(2))
		Expect(s.info("c-1").Info.Properties).To(And(HaveKeyWithValue("k", "v"), Not(HaveKey("garden.grace-time"))))
	})

	It("takes the bundle away and puts it back", func() {
		s := serve(backend.Options{}, backend.Container{Handle: "c-1"})
		bundle := filepath.Join(s.depot, "c-1")
		Expect(s.Update("c-1", func(container *backend.Container) { container.NoBundle = true })).To(Succeed())
		Expect(bundle).NotTo(BeAnExistingFile())
		Expect(s.Update("c-1", func(container *backend.Container) { container.NoBundle = false })).To(Succeed())
		Expect(bundle).To(BeADirectory())
	})

	It("says when there is no such container", func() {
		err := serve(backend.Options{}).Update("nope", func(*backend.Container) {})
		Expect(err).To(MatchError(backend.ErrNoContainer))
	})
})
