package gardenclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/gardenfakes"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
	"weeder/reaper"
)

var _ = Describe("Destroy", func() {
	const (
		none   = `{"Handles":[]}`
		withC1 = `{"Handles":["c-1"]}`
	)
	var wire *wireGarden

	BeforeEach(func() {
		wire = newWireGarden()
	})

	Context("with Garden's own server", func() {
		var (
			backend *gardenfakes.FakeBackend
			client  *gardenclient.Client
		)

		BeforeEach(func() {
			backend = new(gardenfakes.FakeBackend)
			client = newClient(gardenclient.Config{Target: newGardenServer(backend)})
		})

		It("destroys the container", func(ctx SpecContext) {
			Expect(client.Destroy(ctx, "c-1")).To(Succeed())
			Expect(backend.DestroyCallCount()).To(Equal(1))
			Expect(backend.DestroyArgsForCall(0)).To(Equal("c-1"))
		})

		It("tells that it is gone already", func(ctx SpecContext) {
			backend.DestroyReturns(garden.ContainerNotFoundError{Handle: "c-1"})

			err := client.Destroy(ctx, "c-1")
			Expect(err).To(MatchError(reaper.ErrGone))
			Expect(err).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
			Expect(backend.ContainersCallCount()).To(Equal(1), "no more than the one of Garden's own start")
		})

		It("tells that it is in progress already", func(ctx SpecContext) {
			release := make(chan struct{})
			backend.DestroyStub = func(string) error {
				<-release
				return nil
			}
			first := make(chan error, 1)
			go func() { first <- client.Destroy(ctx, "c-1") }()
			Eventually(backend.DestroyCallCount).Should(Equal(1))

			Expect(client.Destroy(ctx, "c-1")).To(MatchError(reaper.ErrInProgress))
			close(release)
			Eventually(first).Should(Receive(BeNil()))
		})

		It("fails with Garden's error while a list has it", func(ctx SpecContext) {
			backend.DestroyReturns(errors.New("container init still running"))
			backend.ContainersReturns(containers("c-1"), nil)

			err := client.Destroy(ctx, "c-1")
			Expect(err).To(MatchError("destroy c-1: container init still running"))
		})
	})

	DescribeTable("takes recorded answers for what they are",
		func(ctx SpecContext, recording string, expected error) {
			wire.replays("DELETE /containers/nope", recording)
			wire.lists(none, none)

			err := wire.client(gardenclient.Config{}).Destroy(ctx, "nope")
			if expected == nil {
				Expect(err).NotTo(HaveOccurred())
			} else {
				Expect(err).To(MatchError(expected))
			}
		},
		Entry("Guardian's of an unknown handle", "guardian/destroy-unknown-handle.http", reaper.ErrGone),
		Entry("containerd's of an unknown handle", "concourse-containerd/destroy-unknown-handle.http", reaper.ErrGone),
		Entry("containerd's of a container without a task", "concourse-containerd/destroy-without-task.http", nil),
	)

	Context("when the error does not say what became of the container", func() {
		answers := []TableEntry{
			Entry("an untyped 500", 500, untyped),
			Entry("a 404 that is no Garden's", 404, html),
			Entry("an untyped 404", 404, `{"Type":"","Message":"no such thing"}`),
			Entry("another handle that is not found", 404, `{"Type":"ContainerNotFoundError","Message":"?","Handle":"c-2"}`),
			Entry("no handle that is not found", 404, `{"Type":"ContainerNotFoundError","Message":"?"}`),
			Entry("a 200 that is no Garden's", 200, html),
		}

		DescribeTable("is told that it is gone where both lists lack it",
			func(ctx SpecContext, status int, body string) {
				wire.answers("DELETE /containers/c-1", status, body)
				wire.lists(`{"Handles":["c-2"]}`, none)

				err := wire.client(gardenclient.Config{}).Destroy(ctx, "c-1")
				Expect(err).To(MatchError(reaper.ErrGone))
				Expect(err).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
				Expect(wire.asked("DELETE")).To(HaveLen(1))
			}, answers)

		DescribeTable("fails while a list has it",
			func(ctx SpecContext, status int, body string) {
				wire.answers("DELETE /containers/c-1", status, body)
				wire.lists(none, withC1)

				err := wire.client(gardenclient.Config{}).Destroy(ctx, "c-1")
				Expect(err).To(MatchError(HavePrefix("destroy c-1: ")))
				Expect(err).NotTo(MatchError(reaper.ErrGone))
			}, answers)

		DescribeTable("fails with the error of the destroy where a list is none",
			func(ctx SpecContext, plain, all string) {
				wire.answers("DELETE /containers/c-1", 500, untyped)
				wire.lists(plain, all)

				Expect(wire.client(gardenclient.Config{}).Destroy(ctx, "c-1")).To(MatchError("destroy c-1: runc delete: exit status 1"))
			},
			Entry("the plain one", html, none),
			Entry("the one of all", none, `{}`),
		)

		DescribeTable("has the depot decide too, where one is known",
			func(ctx SpecContext, prepare func(depot string), gone bool) {
				wire.answers("DELETE /containers/c-1", 500, untyped)
				wire.lists(none, none)
				depot := filepath.Join(GinkgoT().TempDir(), "depot")
				Expect(os.Mkdir(depot, 0o755)).To(Succeed())
				prepare(depot)

				err := wire.client(gardenclient.Config{Depot: depot}).Destroy(ctx, "c-1")
				Expect(errors.Is(err, reaper.ErrGone)).To(Equal(gone))
				Expect(err).To(HaveOccurred())
			},
			Entry("it has no such directory", func(string) {}, true),
			Entry("it has one, known from there alone", func(depot string) {
				Expect(os.Mkdir(filepath.Join(depot, "c-1"), 0o755)).To(Succeed())
			}, false),
			Entry("it is not there", func(depot string) {
				Expect(os.Remove(depot)).To(Succeed())
			}, false),
			Entry("it is a file", func(depot string) {
				Expect(os.Remove(depot)).To(Succeed())
				Expect(os.WriteFile(depot, nil, 0o644)).To(Succeed())
			}, false),
		)

		It("asks the lists even when the deadline has passed meanwhile", func(ctx SpecContext) {
			near, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			wire.answers("DELETE /containers/c-1", 500, untyped)
			wire.on("GET /containers", func(w http.ResponseWriter, _ *http.Request) {
				<-near.Done()
				io.WriteString(w, none)
			})

			Expect(wire.client(gardenclient.Config{}).Destroy(near, "c-1")).To(MatchError(reaper.ErrGone))
		})

		It("asks the lists no longer than the timeout", func(ctx SpecContext) {
			wire.answers("DELETE /containers/c-1", 500, untyped)
			wire.on("GET /containers", hang)

			err := wire.client(gardenclient.Config{Timeout: 50 * time.Millisecond}).Destroy(ctx, "c-1")
			Expect(err).To(MatchError("destroy c-1: runc delete: exit status 1"))
		})

		It("stops asking the lists when the context is cancelled", func(ctx SpecContext) {
			cancelled, cancel := context.WithCancel(ctx)
			defer cancel()
			wire.answers("DELETE /containers/c-1", 500, untyped)
			wire.on("GET /containers", func(w http.ResponseWriter, r *http.Request) {
				cancel()
				hang(w, r)
			})

			err := wire.client(gardenclient.Config{Timeout: time.Hour}).Destroy(cancelled, "c-1")
			Expect(err).To(MatchError("destroy c-1: runc delete: exit status 1"))
		}, SpecTimeout(time.Minute))
	})

	It("fails where Garden does not know what the depot shows, and is not gone so", func(ctx SpecContext) {
		depot := GinkgoT().TempDir()
		Expect(os.Mkdir(filepath.Join(depot, "c-1"), 0o755)).To(Succeed())
		wire.answers("DELETE /containers/c-1", 404, unknownHandle)
		wire.answers("DELETE /containers/c-2", 404, strings.ReplaceAll(unknownHandle, "c-1", "c-2"))
		client := wire.client(gardenclient.Config{Depot: depot})

		err := client.Destroy(ctx, "c-1")
		Expect(err).NotTo(MatchError(reaper.ErrGone))
		Expect(err).To(MatchError(garden.ContainerNotFoundError{Handle: "c-1"}))
		Expect(err).To(MatchError(ContainSubstring(filepath.Join(depot, "c-1") + " is there")))
		Expect(client.Destroy(ctx, "c-2")).To(MatchError(reaper.ErrGone))
	})

	It("says that Garden may go on when its deadline passes, and asks no list", func(ctx SpecContext) {
		wire.on("DELETE /containers/c-1", hang)
		wire.lists(none, none)
		near, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()

		err := wire.client(gardenclient.Config{}).Destroy(near, "c-1")
		Expect(err).To(MatchError(context.DeadlineExceeded))
		Expect(err).To(MatchError(ContainSubstring("garden may go on with it")))
		Expect(wire.asked("GET")).To(BeEmpty())
	})

	DescribeTable("sends nothing for an unsafe handle",
		func(ctx SpecContext, handle string) {
			Expect(wire.client(gardenclient.Config{}).Destroy(ctx, handle)).To(MatchError(gardenclient.ErrUnsafeHandle))
			Expect(wire.asked("")).To(BeEmpty())
		},
		Entry("a query", "a?x"),
		Entry("a fragment", "a#x"),
		Entry("a path", "a/../b"),
		Entry("an escape", "a%2Fb"),
		Entry("a list", "a,b"),
		Entry("nothing", ""),
	)
})
