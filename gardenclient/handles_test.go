package gardenclient_test

import (
	"os"
	"path/filepath"
	"syscall"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/gardenfakes"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
	"weeder/reaper"
)

var _ = Describe("List", func() {
	It("is Garden's plain list in Garden's order", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.lists(`{"Handles":["c-2","c-1","c-3"]}`, `{"Handles":["c-4"]}`)

		Expect(wire.client(gardenclient.Config{}).List(ctx)).To(Equal([]string{"c-2", "c-1", "c-3"}))
		Expect(wire.asked("")).To(ConsistOf("GET /containers"))
	})

	It("may be empty", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.lists(`{"Handles":[]}`, `{"Handles":[]}`)

		Expect(wire.client(gardenclient.Config{}).List(ctx)).To(BeEmpty())
	})
})

var _ = Describe("Handles", func() {
	It("is the plain list, then what only the list of all shows", func(ctx SpecContext) {
		backend := new(gardenfakes.FakeBackend)
		backend.ContainersStub = func(filter garden.Properties) ([]garden.Container, error) {
			if filter["garden.state"] == "all" {
				return containers("c-half", "c-2", "c-1"), nil
			}
			return containers("c-2", "c-1"), nil
		}
		client := newClient(gardenclient.Config{Target: newGardenServer(backend)})

		Expect(client.Handles(ctx)).To(Equal([]reaper.Listed{
			{Handle: "c-2"}, {Handle: "c-1"}, {Handle: "c-half", Hidden: true},
		}))
	})

	It("does without a list of all where it matches nothing", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.lists(string(testdata("concourse-containerd/list.json")), `{"Handles":[]}`)

		Expect(wire.client(gardenclient.Config{}).Handles(ctx)).To(Equal([]reaper.Listed{
			{Handle: "modern-1"}, {Handle: "modern-2"},
		}))
	})

	It("has each handle once", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.lists(`{"Handles":["c-1","c-1"]}`, `{"Handles":["c-1","c-2","c-2"]}`)

		Expect(wire.client(gardenclient.Config{}).Handles(ctx)).To(Equal([]reaper.Listed{
			{Handle: "c-1"}, {Handle: "c-2", Hidden: true},
		}))
	})

	DescribeTable("is an error when either list is none",
		func(ctx SpecContext, plain, all string) {
			wire := newWireGarden()
			wire.lists(plain, all)

			handles, err := wire.client(gardenclient.Config{}).Handles(ctx)
			Expect(err).To(MatchError(gardenclient.ErrNotGarden))
			Expect(handles).To(BeNil())
		},
		Entry("the plain one", `{}`, `{"Handles":["c-1"]}`),
		Entry("the one of all", `{"Handles":["c-1"]}`, `{"Handles":null}`),
	)
})

var _ = Describe("DepotHandles", func() {
	var depot string

	BeforeEach(func() {
		depot = filepath.Join(GinkgoT().TempDir(), "depot")
		writeConfig(depot, "c-1", spec)
		Expect(os.Mkdir(filepath.Join(depot, "c-half"), 0o755)).To(Succeed())
		Expect(os.WriteFile(filepath.Join(depot, "no-container"), nil, 0o644)).To(Succeed())
		Expect(os.Symlink("c-1", filepath.Join(depot, "no-container-either"))).To(Succeed())
	})

	It("is empty while no depot is known", func(ctx SpecContext) {
		Expect(newWireGarden().client(gardenclient.Config{}).DepotHandles(ctx)).To(BeEmpty())
	})

	It("is the directories of the configured depot", func(ctx SpecContext) {
		client := newWireGarden().client(gardenclient.Config{Depot: depot})
		Expect(client.DepotHandles(ctx)).To(ConsistOf("c-1", "c-half"))
	})

	It("is the directories of the depot that bulk_info showed", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.answers("GET /containers/bulk_info", 200, infos{"c-1": {"ContainerPath": filepath.Join(depot, "c-1")}}.json())
		client := wire.client(gardenclient.Config{})
		_, err := client.Inspect(ctx, []string{"c-1"}, nil)
		Expect(err).NotTo(HaveOccurred())

		Expect(client.DepotHandles(ctx)).To(ConsistOf("c-1", "c-half"))
	})

	It("is empty where the depot that bulk_info showed is not to be seen from here", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.answers("GET /containers/bulk_info", 200, infos{"c-1": {"ContainerPath": "/elsewhere/depot/c-1"}}.json())
		client := wire.client(gardenclient.Config{})
		_, err := client.Inspect(ctx, []string{"c-1"}, nil)
		Expect(err).NotTo(HaveOccurred())

		Expect(client.DepotHandles(ctx)).To(BeEmpty())
	})

	It("leaves out a file system's lost+found", func(ctx SpecContext) {
		Expect(os.Mkdir(filepath.Join(depot, "lost+found"), 0o700)).To(Succeed())
		client := newWireGarden().client(gardenclient.Config{Depot: depot})
		Expect(client.DepotHandles(ctx)).To(ConsistOf("c-1", "c-half"))
	})

	It("takes no directory for the depot in which a bundle is not called by its handle", func(ctx SpecContext) {
		Expect(os.Mkdir(filepath.Join(depot, "c-1", "rootfs"), 0o755)).To(Succeed())
		wire := newWireGarden()
		wire.answers("GET /containers/bulk_info", 200, infos{"c-1": {"ContainerPath": filepath.Join(depot, "c-1", "rootfs")}}.json())
		client := wire.client(gardenclient.Config{})
		_, err := client.Inspect(ctx, []string{"c-1"}, nil)
		Expect(err).NotTo(HaveOccurred())

		Expect(client.DepotHandles(ctx)).To(BeEmpty())
	})

	DescribeTable("is an error when the configured depot can't be read",
		func(ctx SpecContext, name string, cause error) {
			client := newWireGarden().client(gardenclient.Config{Depot: filepath.Join(depot, name)})
			_, err := client.DepotHandles(ctx)
			Expect(err).To(MatchError(cause))
		},
		Entry("it is not there", "nowhere", os.ErrNotExist),
		Entry("it is a file", "no-container", syscall.ENOTDIR),
	)
})

func containers(handles ...string) []garden.Container {
	var containers []garden.Container
	for _, handle := range handles {
		container := new(gardenfakes.FakeContainer)
		container.HandleReturns(handle)
		containers = append(containers, container)
	}
	return containers
}
