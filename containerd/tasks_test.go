package containerd_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/containerd/containerd/api/types/task"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"weeder/containerd"
)

// inStatus is a task whose init has the process ID 100.
func inStatus(status task.Status, pids int) *fakeTask {
	return &fakeTask{process: &task.Process{ContainerID: "c", ID: "c", Pid: 100, Status: status}, pids: pids}
}

var _ = Describe("Tasks", func() {
	var fake *fakeContainerd
	BeforeEach(func() {
		fake = newFake()
	})

	DescribeTable("tells where the task stands, and its processes",
		func(ctx SpecContext, found *fakeTask, told containerd.Task) {
			if found != nil {
				fake.tasks["c"] = found
			}
			Expect(fake.client().Tasks(ctx, []string{"c"})).To(Equal(map[string]containerd.Task{"c": told}))
		},
		Entry("no task", nil, containerd.Task{Status: containerd.TaskNone}),
		Entry("created", inStatus(task.Status_CREATED, 1), containerd.Task{Status: containerd.TaskCreated, PID: 100, Processes: 1}),
		Entry("running, its init alone", inStatus(task.Status_RUNNING, 1), containerd.Task{Status: containerd.TaskRunning, PID: 100, Processes: 1}),
		Entry("running, with more", inStatus(task.Status_RUNNING, 3), containerd.Task{Status: containerd.TaskRunning, PID: 100, Processes: 3}),
		Entry("stopped", inStatus(task.Status_STOPPED, 0), containerd.Task{Status: containerd.TaskStopped, PID: 100}),
		Entry("paused", inStatus(task.Status_PAUSED, 2), containerd.Task{Status: containerd.TaskPaused, PID: 100, Processes: 2}),
		Entry("pausing", inStatus(task.Status_PAUSING, 2), containerd.Task{Status: containerd.TaskPausing, PID: 100, Processes: 2}),
	)

	It("asks nothing about nothing", func(ctx SpecContext) {
		Expect(fake.client().Tasks(ctx, nil)).To(BeEmpty())
		Expect(fake.wasAsked()).To(BeEmpty())
	})

	DescribeTable("says that a status can't be told",
		func(ctx SpecContext, number int) {
			fake.tasks["c"] = inStatus(task.Status(number), 1)
			tasks, err := fake.client().Tasks(ctx, []string{"c"})
			Expect(err).NotTo(HaveOccurred())
			Expect(tasks["c"].Status).To(Equal(containerd.TaskUnknown))
			Expect(tasks["c"].Processes).To(BeZero())
			Expect(tasks["c"].Err).To(MatchError("containerd can't tell its status: its shim does not answer"))
		},
		Entry("which containerd does not know", 0),
		Entry("of a containerd to come", 6),
		Entry("which is none", -1),
	)

	It("does not let one shim that hangs hold up the others", func(ctx SpecContext) {
		fake.tasks["c-hung"] = inStatus(task.Status_RUNNING, 5)
		fake.tasks["c-hung"].hangs = true
		fake.tasks["c-1"] = inStatus(task.Status_RUNNING, 2)
		client := newClient(containerd.Config{Socket: fake.socket, Namespace: "concourse", Timeout: 3 * time.Second})

		began := time.Now()
		tasks, err := client.Tasks(ctx, []string{"c-hung", "c-1", "c-absent"})
		Expect(err).NotTo(HaveOccurred())
		Expect(time.Since(began)).To(BeNumerically("<", 2*time.Second))
		Expect(tasks["c-1"]).To(Equal(containerd.Task{Status: containerd.TaskRunning, PID: 100, Processes: 2}))
		Expect(tasks["c-absent"]).To(Equal(containerd.Task{Status: containerd.TaskNone}))
		Expect(tasks["c-hung"].Status).To(Equal(containerd.TaskRunning))
		Expect(tasks["c-hung"].Processes).To(BeZero())
		Expect(tasks["c-hung"].Err).To(MatchError(context.DeadlineExceeded))
	})

	It("tells of each when all shims hang, and takes no longer than its timeout", func(ctx SpecContext) {
		all := handles(160)
		for _, handle := range all {
			fake.tasks[handle] = inStatus(task.Status_RUNNING, 5)
			fake.tasks[handle].hangs = true
		}
		client := newClient(containerd.Config{Socket: fake.socket, Namespace: "concourse", Timeout: 600 * time.Millisecond})

		began := time.Now()
		tasks, err := client.Tasks(ctx, all)
		Expect(err).NotTo(HaveOccurred())
		Expect(time.Since(began)).To(BeNumerically("<", 1500*time.Millisecond))
		Expect(tasks).To(HaveLen(160))
		for _, told := range tasks {
			Expect(told.Processes).To(BeZero())
			Expect(told.Err).To(MatchError(context.DeadlineExceeded))
		}
	})

	DescribeTable("makes containerd's failure for one task that one's",
		func(ctx SpecContext, failure error, text string) {
			fake.tasks["c-1"] = inStatus(task.Status_RUNNING, 1)
			fake.refusals["c-bad"] = failure
			tasks, err := fake.client().Tasks(ctx, []string{"c-1", "c-bad"})
			Expect(err).NotTo(HaveOccurred())
			Expect(tasks["c-1"]).To(Equal(containerd.Task{Status: containerd.TaskRunning, PID: 100, Processes: 1}))
			Expect(tasks["c-bad"].Status).To(Equal(containerd.TaskUnknown))
			Expect(tasks["c-bad"].Err).To(MatchError(text))
		},
		Entry("a shim that hangs", status.Error(codes.DeadlineExceeded, "context deadline exceeded"), "context deadline exceeded"),
		Entry("a shim that is gone", status.Error(codes.Unavailable, "ttrpc: closed"), "ttrpc: closed"),
		Entry("a shim that gave up", status.Error(codes.Canceled, "context canceled"), "context canceled"),
		Entry("no words", status.Error(codes.Internal, ""), "gRPC code Internal"),
	)

	It("asks for at most eight at once", func(ctx SpecContext) {
		var asked atomic.Int32
		goOn := make(chan struct{})
		all := handles(50)
		for _, handle := range all {
			fake.tasks[handle] = inStatus(task.Status_RUNNING, 1)
			fake.tasks[handle].asked = func() {
				asked.Add(1)
				<-goOn
			}
		}
		done := make(chan map[string]containerd.Task)
		go func() {
			defer GinkgoRecover()
			tasks, err := fake.client().Tasks(ctx, all)
			Expect(err).NotTo(HaveOccurred())
			done <- tasks
		}()
		Eventually(asked.Load).Should(BeEquivalentTo(8))
		Consistently(asked.Load, 100*time.Millisecond).Should(BeEquivalentTo(8))
		close(goOn)
		Eventually(done).Should(Receive(HaveLen(50)))
	})

	It("fails when containerd goes away meanwhile, whatever it has told", func(ctx SpecContext) {
		all := handles(40)
		for _, handle := range all {
			fake.tasks[handle] = inStatus(task.Status_RUNNING, 1)
		}
		stopped := make(chan struct{})
		fake.tasks["c-00020"].asked = func() {
			go func() {
				fake.server.Stop()
				close(stopped)
			}()
			fake.tasks["c-00020"].hangs = true
		}
		_, err := fake.client().Tasks(ctx, all)
		Expect(err).To(MatchError(containerd.ErrNoAnswer))
		Eventually(stopped).Should(BeClosed())
	})

	It("fails on answers that containerd does not give", func(ctx SpecContext) {
		socket := serveRaw(func(string) [][]byte { return [][]byte{{}} })
		_, err := newClient(containerd.Config{Socket: socket}).Tasks(ctx, []string{"c-1"})
		Expect(err).To(MatchError(containerd.ErrNotContainerd))
		Expect(err).To(MatchError(ContainSubstring("an answer without a process")))
	})

	It("gives up when the caller does", func(ctx SpecContext) {
		ctx2, giveUp := context.WithCancel(ctx)
		fake.tasks["c"] = inStatus(task.Status_RUNNING, 1)
		fake.tasks["c"].hangs = true
		fake.tasks["c"].asked = giveUp
		_, err := fake.client().Tasks(ctx2, []string{"c"})
		Expect(err).To(MatchError(context.Canceled))
		Expect(err).To(MatchError(containerd.ErrNoAnswer))
	})
})
