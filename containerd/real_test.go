package containerd_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/containerd/containerd/api/services/tasks/v1"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/containerd"
	"weeder/reaper"
)

var _ = Describe("A real containerd", func() {
	var real *realContainerd
	BeforeEach(func() {
		real = startContainerd()
	})

	// specOf is what ociSpec says of a container.
	specOf := func(id string) *reaper.Spec {
		return &reaper.Spec{
			Root:  real.volume(id + "-root"),
			Binds: []reaper.Bind{{Source: real.volume(id + "-data"), Destination: "/data"}},
		}
	}

	DescribeTable("tells of its containers, with a task or without one",
		func(ctx SpecContext, others []string) {
			before := time.Now()
			real.run("concourse", "c-1")
			real.create("concourse", "c-no-task", real.ociSpec("c-no-task"), map[string]string{
				"long.0": strings.Repeat("a", 4000), "long.1": "b", "garden.grace-time.0": "300000000000",
			})
			real.create("moby", "c-other", real.ociSpec("c-other"), nil)

			sightings, err := real.client(0).Inspect(ctx, append(others, "c-1", "c-no-task", "c-other", "c-absent", strings.Repeat("c", 200)))
			Expect(err).NotTo(HaveOccurred())
			Expect(sightings).To(HaveLen(2))
			Expect(sightings["c-1"].Spec).To(Equal(specOf("c-1")))
			Expect(sightings["c-1"].SpecSource).To(Equal(reaper.SourceContainerd))
			Expect(sightings["c-1"].Properties).To(Equal(map[string]string{"user": "root"}))
			Expect(sightings["c-1"].Doubts).To(BeEmpty())
			Expect(sightings["c-1"].CreatedAt).To(BeTemporally("~", before, 10*time.Second))
			Expect(sightings["c-no-task"].Spec).To(Equal(specOf("c-no-task")))
			Expect(sightings["c-no-task"].Properties).To(Equal(map[string]string{
				"long": strings.Repeat("a", 4000) + "b", "garden.grace-time": "300000000000",
			}))
		},
		Entry("asked for one by one", few),
		Entry("listed", many),
	)

	It("tells its version", func(ctx SpecContext) {
		Expect(real.client(0).Version(ctx)).To(MatchRegexp(`^v?[12]\.[0-9]+`))
	})

	It("tells of more containers than a message can hold", func(ctx SpecContext) {
		all := handles(300)
		padding := fmt.Sprintf(`,"annotations":{"a":%q}}`, strings.Repeat("x", 20000))
		for _, handle := range all {
			real.create("concourse", handle, []byte(strings.TrimSuffix(spec, "}")+padding), nil)
		}
		sightings, err := real.client(0).Inspect(ctx, all)
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings).To(HaveLen(300))
		Expect(sightings["c-00299"].Spec).To(Equal(sighting.Spec))
	})

	It("tells of tasks and their processes", func(ctx SpecContext) {
		real.run("concourse", "c-idle")
		real.run("concourse", "c-busy")
		real.exec("c-busy", "task-1")
		real.exec("c-busy", "task-2")
		real.createTask("concourse", "c-created")
		real.create("concourse", "c-no-task", real.ociSpec("c-no-task"), nil)
		real.run("moby", "c-other")
		real.run("concourse", "c-paused")
		within, cancel := real.within("concourse")
		defer cancel()
		_, err := tasks.NewTasksClient(real.conn).Pause(within, &tasks.PauseTaskRequest{ContainerID: "c-paused"})
		Expect(err).NotTo(HaveOccurred())
		real.run("concourse", "c-stopped")
		_, err = tasks.NewTasksClient(real.conn).Kill(within, &tasks.KillRequest{ContainerID: "c-stopped", Signal: uint32(syscall.SIGKILL)})
		Expect(err).NotTo(HaveOccurred())
		_, err = tasks.NewTasksClient(real.conn).Wait(within, &tasks.WaitRequest{ContainerID: "c-stopped"})
		Expect(err).NotTo(HaveOccurred())

		tasks, err := real.client(0).Tasks(ctx, []string{"c-idle", "c-busy", "c-created", "c-no-task", "c-other", "c-paused", "c-stopped", "c-absent"})
		Expect(err).NotTo(HaveOccurred())
		pids := map[string]uint32{}
		for handle, task := range tasks {
			pids[handle] = task.PID
			task.PID = 0
			tasks[handle] = task
		}
		Expect(tasks).To(Equal(map[string]containerd.Task{
			"c-idle":    {Status: containerd.TaskRunning, Processes: 1},
			"c-busy":    {Status: containerd.TaskRunning, Processes: 3},
			"c-created": {Status: containerd.TaskCreated, Processes: 1},
			"c-no-task": {Status: containerd.TaskNone},
			"c-other":   {Status: containerd.TaskNone},
			"c-paused":  {Status: containerd.TaskPaused, Processes: 1},
			"c-stopped": {Status: containerd.TaskStopped},
			"c-absent":  {Status: containerd.TaskNone},
		}))
		Expect(pids["c-idle"]).NotTo(BeZero())
	})

	It("is not held up by a shim that hangs", func(ctx SpecContext) {
		real.run("concourse", "c-1")
		real.run("concourse", "c-hung")
		hung := real.shims()["c-hung"]
		Expect(hung).NotTo(BeZero())
		hang(hung)

		tasks, err := real.client(0).Tasks(ctx, []string{"c-hung", "c-1"})
		Expect(err).NotTo(HaveOccurred())
		Expect(tasks["c-1"].Processes).To(BeEquivalentTo(1))
		Expect(tasks["c-hung"].Processes).To(BeZero())
		Expect(tasks["c-hung"].Err).To(HaveOccurred())
		Expect(tasks["c-hung"].Status).To(Equal(containerd.TaskUnknown))

		sightings, err := real.client(0).Inspect(ctx, []string{"c-hung"})
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings["c-hung"].Spec).To(Equal(specOf("c-hung")))
	})

	It("is an error while it hangs, and answers the same client when it goes on", func(ctx SpecContext) {
		real.create("concourse", "c-1", real.ociSpec("c-1"), nil)
		client := real.client(300 * time.Millisecond)
		Expect(client.Inspect(ctx, []string{"c-1"})).To(HaveLen(1))

		hang(real.command.Process.Pid)
		for way, ask := range asking {
			began := time.Now()
			for _, client := range []*containerd.Client{client, real.client(300 * time.Millisecond)} {
				err := ask(ctx, client)
				Expect(err).To(MatchError(containerd.ErrNoAnswer), way)
				Expect(err).To(MatchError(context.DeadlineExceeded), way)
				Expect(err).To(MatchError(MatchRegexp(real.socket+": nothing within [0-9]+ms: does it hang\\?")), way)
			}
			Expect(time.Since(began)).To(BeNumerically("<", 3*time.Second), way)
		}

		real.signal(syscall.SIGCONT)
		Eventually(func() (map[string]reaper.Sighting, error) {
			return client.Inspect(ctx, []string{"c-1"})
		}).Should(HaveLen(1))
	})

	It("is an error when it is killed, and answers the same client when it is back", func(ctx SpecContext) {
		real.run("concourse", "c-1")
		client := real.client(0)
		Expect(client.Inspect(ctx, []string{"c-1"})).To(HaveLen(1))

		real.kill()
		failToAsk(ctx, client, real.socket, containerd.ErrNoAnswer, "nothing listens there: start containerd")

		bundles := containerd.Bundles{Dir: filepath.Join(real.dir, "state", "io.containerd.runtime.v2.task", "concourse")}
		sightings, err := bundles.Inspect(ctx, []string{"c-1", "c-absent"})
		Expect(err).NotTo(HaveOccurred())
		Expect(sightings).To(HaveLen(1))
		Expect(sightings["c-1"].Spec).To(Equal(specOf("c-1")))
		Expect(sightings["c-1"].CreatedAt).To(BeTemporally("~", time.Now(), 10*time.Second))

		real.start()
		Expect(client.Inspect(ctx, []string{"c-1"})).To(HaveLen(1))
		tasks, err := client.Tasks(ctx, []string{"c-1"})
		Expect(err).NotTo(HaveOccurred())
		Expect(tasks["c-1"].Processes).To(BeEquivalentTo(1))
	})

	It("may be killed at any time of a list: it is whole, or an error", func(ctx SpecContext) {
		all := handles(200)
		for _, handle := range all {
			real.create("concourse", handle, real.ociSpec(handle), nil)
		}
		client := real.client(0)
		seen := make(chan error)
		go func() {
			defer GinkgoRecover()
			for {
				sightings, err := client.Inspect(ctx, all)
				if err != nil {
					seen <- err
					return
				}
				if len(sightings) != len(all) {
					seen <- fmt.Errorf("%d containers instead of %d", len(sightings), len(all))
					return
				}
			}
		}()
		Consistently(seen, 200*time.Millisecond).ShouldNot(Receive())
		real.kill()
		var err error
		Eventually(seen).Should(Receive(&err))
		Expect(errors.Is(err, containerd.ErrNoAnswer)).To(BeTrue(), "%v", err)
	})
})
