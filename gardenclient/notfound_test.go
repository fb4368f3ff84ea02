package gardenclient_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

var _ = Describe("OrNotFound", func() {
	const (
		none   = `{"Handles":[]}`
		withC1 = `{"Handles":["c-1"]}`
	)
	var wire *wireGarden

	BeforeEach(func() {
		wire = newWireGarden()
	})

	// about is the error of a call for c-1, and what that comes to.
	about := func(ctx context.Context, config gardenclient.Config) (err, comesTo error) {
		client := wire.client(config)
		err = runs(client.Connection(ctx))
		return err, client.OrNotFound(ctx, "c-1", err)
	}

	It("asks nothing where Garden said that it doesn't know the handle", func(ctx SpecContext) {
		wire.answers("POST /containers/c-1/processes", 404, unknownHandle)

		_, err := about(ctx, gardenclient.Config{})
		Expect(err).To(Equal(garden.ContainerNotFoundError{Handle: "c-1"}))
		Expect(wire.asked("GET /containers?")).To(BeEmpty())
	})

	It("has the lists decide where Garden gave its error no type", func(ctx SpecContext) {
		wire.answers("POST /containers/c-1/processes", 500, untyped)
		wire.lists(none, none)

		_, err := about(ctx, gardenclient.Config{})
		var unknown garden.ContainerNotFoundError
		Expect(errors.As(err, &unknown)).To(BeTrue())
		Expect(unknown.Handle).To(Equal("c-1"))
	})

	DescribeTable("leaves an error without a type",
		func(ctx SpecContext, plain, all string) {
			wire.answers("POST /containers/c-1/processes", 500, untyped)
			wire.lists(plain, all)

			_, err := about(ctx, gardenclient.Config{})
			Expect(err).To(MatchError("runc delete: exit status 1"))
		},
		Entry("where the plain list has it", withC1, none),
		Entry("where the list of all has it", none, withC1),
		Entry("where a list is none", none, html),
	)

	It("leaves an error without a type where the depot has it", func(ctx SpecContext) {
		wire.answers("POST /containers/c-1/processes", 500, untyped)
		wire.lists(none, none)
		depot := GinkgoT().TempDir()
		Expect(os.Mkdir(filepath.Join(depot, "c-1"), 0o755)).To(Succeed())

		_, err := about(ctx, gardenclient.Config{Depot: depot})
		Expect(err).To(MatchError("runc delete: exit status 1"))
	})

	DescribeTable("leaves what is about something else, and asks nothing",
		func(ctx SpecContext, status int, body string) {
			wire.answers("POST /containers/c-1/processes", status, body)
			wire.lists(none, none)

			err, comesTo := about(ctx, gardenclient.Config{})
			Expect(err).To(HaveOccurred())
			Expect(comesTo).To(BeIdenticalTo(err))
			Expect(wire.asked("GET /containers?")).To(BeEmpty())
			Expect(wire.asked("GET /containers")).To(BeEmpty())
		},
		Entry("a process", 404, `{"Type":"ProcessNotFoundError","Message":"unknown process: p-1","ProcessID":"p-1"}`),
		Entry("an executable", 500, `{"Type":"ExecutableNotFoundError","Message":"no such file: tru"}`),
		Entry("all of Garden", 500, `{"Type":"UnrecoverableError","Message":"no runc"}`),
		Entry("another server", 404, html),
	)

	It("leaves an error that Garden did not answer with", func(ctx SpecContext) {
		wire.lists(none, none)
		err := errors.New("write stdout: broken pipe")
		Expect(wire.client(gardenclient.Config{}).OrNotFound(ctx, "c-1", err)).To(BeIdenticalTo(err))
		Expect(wire.asked("")).To(BeEmpty())
	})

	It("waits for no second silence", func(ctx SpecContext) {
		wire.answers("GET /containers/bulk_info", 500, notImplemented)
		wire.on("GET /containers/c-1/properties", hang)
		wire.lists(none, none)

		_, err := wire.client(gardenclient.Config{Timeout: 30 * time.Millisecond}).Properties(ctx, "c-1")
		Expect(err).To(MatchError(gardenclient.ErrNoAnswer))
		Expect(wire.asked("")).To(HaveLen(2))
	})
})
