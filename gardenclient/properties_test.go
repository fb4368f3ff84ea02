package gardenclient_test

import (
	"os"
	"path/filepath"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

var _ = Describe("Properties", func() {
	const (
		none     = `{"Handles":[]}`
		withC1   = `{"Handles":["c-1"]}`
		bulkErrs = `{"c-1":{"Info":{},"Err":{"Type":"","Message":"runc state: exit status 1"}}}`
	)
	var wire *wireGarden

	BeforeEach(func() {
		wire = newWireGarden()
	})

	It("come from bulk_info", func(ctx SpecContext) {
		wire.replays("GET /containers/bulk_info", "guardian/bulk_info.json")

		properties, err := wire.client(gardenclient.Config{}).Properties(ctx, recorded)
		Expect(err).NotTo(HaveOccurred())
		Expect(properties).To(HaveKeyWithValue("user", "root"))
		Expect(wire.asked("")).To(ConsistOf("GET /containers/bulk_info?handles=" + recorded))
	})

	It("come from one call for the container where bulk_info is not implemented", func(ctx SpecContext) {
		wire.answers("GET /containers/bulk_info", 500, notImplemented)
		wire.replays("GET /containers/c-1/properties", "concourse-containerd/properties.json")

		Expect(wire.client(gardenclient.Config{}).Properties(ctx, "c-1")).To(Equal(map[string]string{"user": "root"}))
		Expect(wire.asked("GET /containers/c-1/properties")).To(HaveLen(1))
		Expect(wire.asked("")).To(HaveLen(2))
	})

	DescribeTable("are of an unknown handle where the lists lack it",
		func(ctx SpecContext, bulkStatus int, bulk string, ownStatus int, own string) {
			wire.answers("GET /containers/bulk_info", bulkStatus, bulk)
			wire.answers("GET /containers/c-1/properties", ownStatus, own)
			wire.lists(none, none)

			_, err := wire.client(gardenclient.Config{}).Properties(ctx, "c-1")
			Expect(err).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
			Expect(err).To(MatchError(HaveSuffix(": unknown handle: c-1")))
		},
		Entry("bulk_info errs about it", 200, bulkErrs, 404, ""),
		Entry("bulk_info leaves it out", 200, `{}`, 404, ""),
		Entry("bulk_info knows the type", 200, `{"c-1":{"Err":`+unknownHandle+`}}`, 404, ""),
		Entry("its own call errs without a type", 500, notImplemented, 500, untyped),
		Entry("its own call knows the type", 500, notImplemented, 404, unknownHandle),
	)

	DescribeTable("fail with Garden's error otherwise",
		func(ctx SpecContext, plain, all string) {
			wire.answers("GET /containers/bulk_info", 200, bulkErrs)
			wire.lists(plain, all)

			_, err := wire.client(gardenclient.Config{}).Properties(ctx, "c-1")
			Expect(err).To(MatchError("bulk_info: runc state: exit status 1"))
		},
		Entry("it is in the plain list", withC1, none),
		Entry("it is in the list of all", none, withC1),
		Entry("a list is none", none, html),
	)

	It("fail with Garden's error where the depot still has it", func(ctx SpecContext) {
		wire.answers("GET /containers/bulk_info", 200, bulkErrs)
		wire.lists(none, none)
		depot := GinkgoT().TempDir()
		Expect(os.Mkdir(filepath.Join(depot, "c-1"), 0o755)).To(Succeed())

		_, err := wire.client(gardenclient.Config{Depot: depot}).Properties(ctx, "c-1")
		Expect(err).To(MatchError("bulk_info: runc state: exit status 1"))
	})

	It("fail where bulk_info as a whole does", func(ctx SpecContext) {
		wire.answers("GET /containers/bulk_info", 500, untyped)
		_, err := wire.client(gardenclient.Config{}).Properties(ctx, "c-1")
		Expect(err).To(MatchError("bulk_info: runc delete: exit status 1"))
		Expect(wire.asked("")).To(HaveLen(1))
	})

	It("refuse an unsafe handle before anything is sent", func(ctx SpecContext) {
		_, err := wire.client(gardenclient.Config{}).Properties(ctx, "c-1,c-2")
		Expect(err).To(MatchError(gardenclient.ErrUnsafeHandle))
		Expect(wire.asked("")).To(BeEmpty())
	})
})
