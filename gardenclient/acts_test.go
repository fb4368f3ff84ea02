package gardenclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/gardenfakes"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
)

var _ = Describe("Create", func() {
	It("has Garden make what the spec says, and gives its handle", func(ctx SpecContext) {
		backend, container := new(gardenfakes.FakeBackend), new(gardenfakes.FakeContainer)
		container.HandleReturns("of-garden")
		backend.CreateReturns(container, nil)
		client := newClient(gardenclient.Config{Target: newGardenServer(backend)})

		spec := garden.ContainerSpec{GraceTime: time.Hour, Env: []string{"A=b"}}
		Expect(client.Create(ctx, spec)).To(Equal("of-garden"))
		Expect(backend.CreateArgsForCall(0)).To(Equal(spec))
	})

	It("is not bounded by the timeout", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.on("POST /containers", func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			// Longer than the client's timeout is all that it has to be.
			timer := time.NewTimer(200 * time.Millisecond)
			defer timer.Stop()
			<-timer.C
			io.WriteString(w, `{"Handle":"c-1"}`)
		})
		Expect(wire.client(gardenclient.Config{Timeout: 20 * time.Millisecond}).Create(ctx, garden.ContainerSpec{})).To(Equal("c-1"))
	})

	It("ends with the context", func(ctx SpecContext) {
		wire := newWireGarden()
		arrived := make(chan struct{})
		wire.on("POST /containers", func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			close(arrived)
			<-r.Context().Done()
		})
		cancelled, cancel := context.WithCancel(ctx)
		client, result := wire.client(gardenclient.Config{}), make(chan error, 1)
		go func() {
			_, err := client.Create(cancelled, garden.ContainerSpec{})
			result <- err
		}()
		Eventually(arrived).Should(BeClosed())
		cancel()
		Eventually(result).Should(Receive(MatchError(gardenclient.ErrNoAnswer)))
	})

	It("refuses an unsafe handle before anything is sent", func(ctx SpecContext) {
		wire := newWireGarden()
		_, err := wire.client(gardenclient.Config{}).Create(ctx, garden.ContainerSpec{Handle: "c-1?x"})
		Expect(err).To(MatchError(gardenclient.ErrUnsafeHandle))
		Expect(wire.asked("")).To(BeEmpty())
	})

	It("takes an answer without a handle for no Garden's", func(ctx SpecContext) {
		wire := newWireGarden()
		wire.answers("POST /containers", 200, `{}`)
		_, err := wire.client(gardenclient.Config{}).Create(ctx, garden.ContainerSpec{})
		Expect(err).To(MatchError(gardenclient.ErrNotGarden))
	})
})

var _ = Describe("calls for a container", func() {
	const none, withC1 = `{"Handles":[]}`, `{"Handles":["c-1"]}`
	var wire *wireGarden

	BeforeEach(func() {
		wire = newWireGarden()
	})

	Describe("Find", func() {
		It("is nil where a list has it", func(ctx SpecContext) {
			wire.lists(none, withC1)
			Expect(wire.client(gardenclient.Config{}).Find(ctx, "c-1")).To(Succeed())
		})

		It("is Garden's error for an unknown handle where none has", func(ctx SpecContext) {
			wire.lists(`{"Handles":["c-2"]}`, none)
			Expect(wire.client(gardenclient.Config{}).Find(ctx, "c-1")).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
		})

		It("is an error where the lists are none", func(ctx SpecContext) {
			wire.lists(none, html)
			Expect(wire.client(gardenclient.Config{}).Find(ctx, "c-1")).To(MatchError(gardenclient.ErrNotGarden))
		})

		It("is an error where the depot can't tell", func(ctx SpecContext) {
			wire.lists(none, none)
			client := wire.client(gardenclient.Config{Depot: GinkgoT().TempDir()})
			Expect(client.Find(ctx, strings.Repeat("c", 300))).To(MatchError(syscall.ENAMETOOLONG))
		})

		It("refuses an unsafe handle", func(ctx SpecContext) {
			Expect(wire.client(gardenclient.Config{}).Find(ctx, "a?x")).To(MatchError(gardenclient.ErrUnsafeHandle))
		})
	})

	Describe("NetIn and NetOut", func() {
		It("are Garden's", func(ctx SpecContext) {
			backend, container := new(gardenfakes.FakeBackend), new(gardenfakes.FakeContainer)
			backend.LookupReturns(container, nil)
			container.NetInReturns(60123, 8080, nil)
			client := newClient(gardenclient.Config{Target: newGardenServer(backend)})

			Expect(client.NetIn(ctx, "c-1", 8080)).To(BeEquivalentTo(60123))
			Expect(backend.LookupArgsForCall(0)).To(Equal("c-1"))
			hostPort, containerPort := container.NetInArgsForCall(0)
			Expect([]uint32{hostPort, containerPort}).To(Equal([]uint32{0, 8080}))

			rule := garden.NetOutRule{
				Protocol: garden.ProtocolUDP,
				Networks: []garden.IPRange{{Start: net.ParseIP("10.0.0.1"), End: net.ParseIP("10.0.0.9")}},
				Ports:    []garden.PortRange{{Start: 53, End: 54}},
			}
			Expect(client.NetOut(ctx, "c-1", rule)).To(Succeed())
			Expect(container.NetOutArgsForCall(0)).To(Equal(rule))
		})

		DescribeTable("fail with what the lists make of an error", func(ctx SpecContext, plain, text string) {
			wire.answers("POST /containers/c-1/net/in", 500, untyped)
			wire.answers("POST /containers/c-1/net/out", 500, untyped)
			wire.lists(plain, none)
			client := wire.client(gardenclient.Config{})
			_, err := client.NetIn(ctx, "c-1", 1)
			Expect(err).To(MatchError("map port: " + text))
			Expect(client.NetOut(ctx, "c-1", garden.NetOutRule{})).To(MatchError("allow traffic: " + text))
		},
			Entry("the container is gone", none, "unknown handle: c-1"),
			Entry("it is not", withC1, "runc delete: exit status 1"),
		)

		It("refuse an unsafe handle before anything is sent", func(ctx SpecContext) {
			client := wire.client(gardenclient.Config{})
			_, err := client.NetIn(ctx, "a?x", 1)
			Expect(err).To(MatchError(gardenclient.ErrUnsafeHandle))
			Expect(client.NetOut(ctx, "a?x", garden.NetOutRule{})).To(MatchError(gardenclient.ErrUnsafeHandle))
			Expect(wire.asked("")).To(BeEmpty())
		})
	})

	Describe("SetGraceTime", func() {
		It("sets it", func(ctx SpecContext) {
			backend, container := new(gardenfakes.FakeBackend), new(gardenfakes.FakeContainer)
			backend.LookupReturns(container, nil)
			backend.BulkInfoReturns(nil, errors.New("not implemented"))
			client := newClient(gardenclient.Config{Target: newGardenServer(backend)})
			Expect(client.SetGraceTime(ctx, "c-1", 90*time.Second)).To(Succeed())
			Expect(container.SetGraceTimeArgsForCall(0)).To(Equal(90 * time.Second))
		})

		DescribeTable("believes Garden unless it keeps another", func(ctx SpecContext, status int, bulk string, matches any) {
			wire.answers("PUT /containers/c-1/grace_time", 200, `{}`)
			wire.answers("GET /containers/bulk_info", status, bulk)
			wire.lists(none, none)
			err := wire.client(gardenclient.Config{}).SetGraceTime(ctx, "c-1", 90*time.Second)
			if matches == nil {
				Expect(err).NotTo(HaveOccurred())
				return
			}
			Expect(err).To(MatchError(matches))
		},
			Entry("the same", 200, `{"c-1":{"Info":{"Properties":{"garden.grace-time":"90000000000"}}}}`, nil),
			Entry("another", 200, `{"c-1":{"Info":{"Properties":{"garden.grace-time":"300000000000"}}}}`,
				"set grace time: garden says that it is set, but keeps 5m0s"),
			Entry("none", 200, `{"c-1":{"Info":{"Properties":{}}}}`, nil),
			Entry("what is no number", 200, `{"c-1":{"Info":{"Properties":{"garden.grace-time":"long"}}}}`, nil),
			Entry("nothing told of it", 200, `{"c-1":{"Err":{"Type":"","Message":"runc state"}}}`, nil),
			Entry("nothing told at all", 500, untyped, nil),
		)

		It("reads nothing back of what is being destroyed", func(ctx SpecContext) {
			wire.answers("PUT /containers/c-1/grace_time", 200, `{}`)
			Expect(wire.client(gardenclient.Config{}).SetGraceTime(ctx, "c-1", 0)).To(Succeed())
			Expect(wire.asked("")).To(HaveLen(1))
		})

		It("has the lists decide what an error means", func(ctx SpecContext) {
			wire.answers("PUT /containers/c-1/grace_time", 500, untyped)
			wire.lists(none, none)
			err := wire.client(gardenclient.Config{}).SetGraceTime(ctx, "c-1", time.Hour)
			Expect(err).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
		})
	})
})
