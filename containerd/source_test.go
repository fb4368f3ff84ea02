package containerd_test

import (
	"net"
	"os"
	"path/filepath"
	"time"

	"code.cloudfoundry.org/lager/v3/lagertest"
	"github.com/containerd/containerd/api/services/containers/v1"
	"github.com/containerd/containerd/api/types/task"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"weeder/containerd"
	"weeder/reaper"
)

// otherSpec is what bundles say, where the API says spec.
const otherSpec = `{"ociVersion":"1.3.0","root":{"path":"/volumes/live/v-bundle/volume"}}`

// inBundle is what a source makes of otherSpec.
func inBundle(bundles, handle string) reaper.Sighting {
	return reaper.Sighting{
		BundlePath: filepath.Join(bundles, handle),
		Spec:       &reaper.Spec{Root: "/volumes/live/v-bundle/volume"},
		SpecSource: reaper.SourceBundle,
		CreatedAt:  createdAt.Local(),
	}
}

var _ = Describe("Source", func() {
	var (
		fake    *fakeContainerd
		logger  *lagertest.TestLogger
		bundles string
		config  containerd.Config
	)
	BeforeEach(func() {
		fake = newFake()
		logger = lagertest.NewTestLogger("source")
		bundles = filepath.Join(filepath.Dir(fake.socket), "io.containerd.runtime.v2.task", "concourse")
		config = containerd.Config{Socket: fake.socket, Namespace: "concourse", Timeout: 10 * time.Second, Logger: logger}
	})

	newSource := func() *containerd.Source {
		source := containerd.NewSource(config)
		DeferCleanup(source.Close)
		return source
	}
	writeBundle := func(handle string) {
		GinkgoHelper()
		written := writeConfig(bundles, handle, otherSpec)
		Expect(os.Chtimes(written, createdAt, createdAt)).To(Succeed())
	}
	Context("when the API answers", func() {
		It("tells what the API tells, and how the tasks stand", func(ctx SpecContext) {
			fake.has(container("c-running", spec), container("c-no-task", spec))
			fake.tasks["c-running"] = inStatus(task.Status_RUNNING, 2)
			writeBundle("c-running")
			writeBundle("c-only-in-bundles")

			running, taskless := sighting, sighting
			running.Task, taskless.Task = "running", reaper.NoTask
			source := newSource()
			Expect(source.Inspect(ctx, []string{"c-running", "c-no-task", "c-only-in-bundles"})).To(Equal(map[string]reaper.Sighting{
				"c-running": running, "c-no-task": taskless,
			}))
			Expect(source.Fallback()).To(Succeed())
			Expect(logger.Logs()).To(BeEmpty())
		})

		It("leaves out how a task stands that can't be told", func(ctx SpecContext) {
			fake.has(container("c-1", spec))
			fake.tasks["c-1"] = inStatus(task.Status_UNKNOWN, 1)
			Expect(newSource().Inspect(ctx, []string{"c-1"})).To(Equal(map[string]reaper.Sighting{"c-1": sighting}))
		})

		It("doubts the container that containerd fails for, and does not look for its bundle", func(ctx SpecContext) {
			fake.has(container("c-1", spec))
			fake.refusals["c-bad"] = status.Error(codes.Internal, "bucket broken")
			writeBundle("c-bad")
			sightings, err := newSource().Inspect(ctx, []string{"c-1", "c-bad"})
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings).To(HaveKeyWithValue("c-bad", reaper.Sighting{Doubts: unreadable("containerd: bucket broken")}))
		})

		It("tells of containers though no tasks can be asked for, and says so", func(ctx SpecContext) {
			fake.has(container("c-1", spec))
			server := grpc.NewServer()
			containers.RegisterContainersServer(server, fakeContainers{fake: fake})
			config.Socket = filepath.Join(filepath.Dir(fake.socket), "half.sock")
			serve(server, config.Socket)

			source := newSource()
			Expect(source.Inspect(ctx, []string{"c-1"})).To(Equal(map[string]reaper.Sighting{"c-1": sighting}))
			Expect(logger).To(gbytes.Say("failed-to-ask-for-tasks.*unknown service containerd.services.tasks"))
			Expect(source.Fallback()).To(Succeed())
		})

		It("needs no logger", func(ctx SpecContext) {
			config.Logger = nil
			Expect(newSource().Inspect(ctx, []string{"c-1"})).To(And(BeEmpty(), Not(BeNil())))
		})

		It("can't be asked after it was closed", func(ctx SpecContext) {
			source := newSource()
			source.Close()
			_, err := source.Inspect(ctx, []string{"c-1"})
			Expect(err).To(MatchError(net.ErrClosed))
			_, err = source.Usage(ctx, []string{"c-1"})
			Expect(err).To(MatchError(net.ErrClosed))
		})
	})

	Context("when the API can't be used", func() {
		BeforeEach(func() {
			config.Socket = filepath.Join(filepath.Dir(fake.socket), "deaf.sock")
			listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: config.Socket, Net: "unix"})
			Expect(err).NotTo(HaveOccurred())
			listener.SetUnlinkOnClose(false)
			Expect(listener.Close()).To(Succeed())
		})

		It("reads bundles, and is blind for the containers without one", func(ctx SpecContext) {
			writeBundle("c-1")
			source := newSource()
			sightings, err := source.Inspect(ctx, []string{"c-1", "c-absent"})
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings).To(HaveLen(2))
			Expect(sightings["c-1"]).To(Equal(inBundle(bundles, "c-1")))

			blind := sightings["c-absent"]
			Expect(blind.Blind).To(BeTrue())
			Expect(blind.Spec).To(BeNil())
			Expect(blind.Doubts).To(ConsistOf(HaveField("Code", reaper.SourceUnreadable)))
			Expect(blind.Doubts[0].Detail).To(HavePrefix("containerd: inspect containers: no answer from containerd at " + config.Socket))

			Expect(source.Fallback()).To(MatchError(containerd.ErrNoAnswer))
		})

		It("doubts a bundle that can't be read, and is not blind for it", func(ctx SpecContext) {
			writeBundle("c-1")
			writeConfig(bundles, "c-torn", otherSpec[:20])
			sightings, err := newSource().Inspect(ctx, []string{"c-1", "c-torn"})
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings["c-torn"].Blind).To(BeFalse())
			Expect(sightings["c-torn"].Doubts).To(ConsistOf(HaveField("Detail", HavePrefix("containerd's bundle: "))))
		})

		It("says once that it fell back", func(ctx SpecContext) {
			writeBundle("c-1")
			source := newSource()
			for range 2 {
				Expect(source.Inspect(ctx, []string{"c-1"})).To(HaveLen(1))
			}
			Expect(logger.LogMessages()).To(Equal([]string{"source.fell-back-to-bundles"}))
			Expect(logger).To(gbytes.Say("nothing listens there"))
		})

		DescribeTable("fails where bundles tell nothing either",
			func(ctx SpecContext, make func()) {
				make()
				source := newSource()
				_, err := source.Inspect(ctx, []string{"c-1"})
				Expect(err).To(MatchError(containerd.ErrNoAnswer))
				Expect(source.Fallback()).To(Succeed())
			},
			Entry("for there are none", func() {}),
			Entry("for they are of others", func() { writeBundle("c-other") }),
			Entry("for they can't be read", func() {
				Expect(os.MkdirAll(filepath.Dir(bundles), 0o700)).To(Succeed())
				Expect(os.WriteFile(bundles, nil, 0o600)).To(Succeed())
			}),
		)

		It("knows no usage, whatever bundles there are", func(ctx SpecContext) {
			writeBundle("c-1")
			_, err := newSource().Usage(ctx, []string{"c-1"})
			Expect(err).To(MatchError(containerd.ErrNoAnswer))
		})
	})

	It("is blind, not absent, where the socket was there before", func(ctx SpecContext) {
		fake.has(container("c-1", spec))
		source := newSource()
		Expect(source.Inspect(ctx, []string{"c-1"})).To(HaveLen(1))

		fake.server.Stop()
		Expect(fake.socket).NotTo(BeAnExistingFile())
		_, err := source.Inspect(ctx, []string{"c-1"})
		Expect(err).To(MatchError(containerd.ErrNoAnswer))
	})

	Context("without a socket", func() {
		BeforeEach(func() { config.Socket = filepath.Join(filepath.Dir(fake.socket), "absent.sock") })

		It("tells of bundles alone: it is blind for none", func(ctx SpecContext) {
			writeBundle("c-1")
			source := newSource()
			Expect(source.Inspect(ctx, []string{"c-1", "c-absent"})).To(Equal(map[string]reaper.Sighting{
				"c-1": inBundle(bundles, "c-1"),
			}))
			Expect(source.Fallback()).To(Succeed())
			Expect(logger.Logs()).To(BeEmpty())
		})

		It("is absent without bundles as well", func(ctx SpecContext) {
			Expect(newSource().Inspect(ctx, []string{"c-1"})).To(And(BeEmpty(), Not(BeNil())))
		})

		It("knows no usage", func(ctx SpecContext) {
			writeBundle("c-1")
			Expect(newSource().Usage(ctx, []string{"c-1"})).To(And(BeEmpty(), Not(BeNil())))
		})
	})

	DescribeTable("tells what runs in a container",
		func(ctx SpecContext, found *fakeTask, usage reaper.Usage) {
			fake.has(container("c-1", spec))
			if found != nil {
				fake.tasks["c-1"] = found
			}
			Expect(newSource().Usage(ctx, []string{"c-1"})).To(Equal(map[string]reaper.Usage{"c-1": usage}))
		},
		Entry("nothing without a task", nil, reaper.Usage{Idle: true}),
		Entry("nothing once it has stopped", inStatus(task.Status_STOPPED, 0), reaper.Usage{Idle: true}),
		Entry("its init alone", inStatus(task.Status_RUNNING, 1), reaper.Usage{Processes: 1}),
		Entry("more", inStatus(task.Status_RUNNING, 3), reaper.Usage{Processes: 3}),
		Entry("what was not started yet", inStatus(task.Status_CREATED, 1), reaper.Usage{Processes: 1}),
		Entry("what is paused", inStatus(task.Status_PAUSED, 2), reaper.Usage{Processes: 2}),
		Entry("not known, without a status", inStatus(task.Status_UNKNOWN, 2), reaper.Usage{}),
	)

	DescribeTable("does not take a container for idle whose processes can't be told",
		func(ctx SpecContext, at task.Status) {
			config.Timeout = 600 * time.Millisecond
			fake.has(container("c-1", spec))
			fake.tasks["c-1"] = inStatus(at, 1)
			fake.tasks["c-1"].hangs = true
			Expect(newSource().Usage(ctx, []string{"c-1"})).To(Equal(map[string]reaper.Usage{"c-1": {}}))
		},
		Entry("when it runs", task.Status_RUNNING),
		Entry("when it has stopped", task.Status_STOPPED),
	)

	It("knows no usage of what containerd does not know", func(ctx SpecContext) {
		fake.has(container("c-1", spec))
		fake.containers["moby"] = []*containers.Container{container("c-of-another", spec)}
		Expect(newSource().Usage(ctx, []string{"c-1", "c-of-another", "c-absent"})).To(HaveLen(1))
	})
})
