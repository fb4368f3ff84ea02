package containerd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/containerd/containerd/api/services/tasks/v1"
	"github.com/containerd/containerd/api/types/task"
)

const (
	// taskShare is the part of the timeout that each question about one task gets:
	// 5 s of 30. containerd itself waits 2 s for the shim that it asks in turn.
	taskShare = 6
	// tasksAtOnce is how many tasks are asked at once, so that a few shims that
	// hang don't hold up the others.
	tasksAtOnce = 8
)

// TaskStatus is where a container's task stands.
type TaskStatus string

const (
	// TaskNone is a container without a task. It is not dead: Concourse starts it
	// again at its next use.
	TaskNone TaskStatus = "no task"
	// TaskCreated has not been started.
	TaskCreated TaskStatus = "created"
	// TaskRunning is started.
	TaskRunning TaskStatus = "running"
	// TaskStopped has ended, and waits to be deleted.
	TaskStopped TaskStatus = "stopped"
	// TaskPaused is frozen.
	TaskPaused TaskStatus = "paused"
	// TaskPausing is about to be.
	TaskPausing TaskStatus = "pausing"
	// TaskUnknown could not be told; Task.Err says why.
	TaskUnknown TaskStatus = "unknown"
)

// taskStatuses are those that containerd tells.
var taskStatuses = map[task.Status]TaskStatus{
	task.Status_CREATED: TaskCreated,
	task.Status_RUNNING: TaskRunning,
	task.Status_STOPPED: TaskStopped,
	task.Status_PAUSED:  TaskPaused,
	task.Status_PAUSING: TaskPausing,
}

// Task is the running side of a container.
type Task struct {
	Status TaskStatus
	// PID of its init. Zero: not known, or there is none.
	PID uint32
	// Processes in it, all that its cgroup has: 1 is its init alone. Zero: not
	// known, or none (TaskNone and TaskStopped without Err).
	Processes uint64
	// Err is why something of it could not be told. Nil: all could.
	Err error
}

var (
	errShim      = errors.New("containerd can't tell its status: its shim does not answer")
	errNoProcess = fmt.Errorf("%w an answer without a process", ErrNotContainerd)
)

// Tasks asks for the tasks of the given containers. A shim that does not answer is
// its own Task's Err; an error means that containerd could not be asked. Without a
// socket nothing is known of any, and the answer is empty.
func (c *Client) Tasks(ctx context.Context, handles []string) (map[string]Task, error) {
	deadline := time.Now().Add(c.timeout)
	var found map[string]Task
	err := c.ask(ctx, func(ctx context.Context, s *session) (err error) {
		found, err = c.askTasks(ctx, s, handles, deadline)
		return err
	})
	if err == nil {
		return found, nil
	}
	if err = c.explain(err); errors.Is(err, ErrAbsent) {
		return map[string]Task{}, nil
	}
	return nil, fmt.Errorf("ask for tasks: %w", err)
}

// answer is what one container came to.
type answer struct {
	task Task
	// silence is why containerd itself said nothing of the task. Nil: it did.
	silence error
}

func (c *Client) askTasks(ctx context.Context, s *session, handles []string, deadline time.Time) (map[string]Task, error) {
	asking, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	within, cancel := context.WithDeadlineCause(asking, deadline, errTimeout{c.timeout})
	defer cancel()

	answers := make([]answer, len(handles))
	slots := make(chan struct{}, tasksAtOnce)
	var askers sync.WaitGroup
	for n, handle := range handles {
		slots <- struct{}{}
		askers.Go(func() {
			defer func() { <-slots }()
			answers[n] = c.askTask(within, s, handle)
			if err := answers[n].silence; err != nil && !errors.Is(err, context.DeadlineExceeded) {
				// No other task will fare better.
				giveUp(err)
			}
		})
	}
	askers.Wait()
	if err := context.Cause(asking); err != nil {
		return nil, err
	}

	found := make(map[string]Task, len(handles))
	var silence error
	silent := 0
	for n, handle := range handles {
		found[handle] = answers[n].task
		if answers[n].silence != nil {
			silence = answers[n].silence
			silent++
		}
	}
	if silent > 0 && silent == len(handles) {
		return nil, silence
	}
	return found, nil
}

func (c *Client) askTask(ctx context.Context, s *session, handle string) answer {
	if ctx.Err() != nil {
		return silent(context.Cause(ctx))
	}
	client := tasks.NewTasksClient(s.conn)
	timeout := c.timeout / taskShare

	var reply *tasks.GetResponse
	err := s.request(ctx, timeout, func(ctx context.Context) (err error) {
		reply, err = client.Get(ctx, &tasks.GetRequest{ContainerID: handle})
		return err
	})
	switch {
	case isNotFound(err):
		return answer{task: Task{Status: TaskNone}}
	case isRefusal(err):
		return answer{task: Task{Status: TaskUnknown, Err: err}}
	case err != nil:
		return silent(err)
	case reply.GetProcess() == nil:
		return silent(errNoProcess)
	}
	init := reply.GetProcess()
	told, known := taskStatuses[init.GetStatus()]
	if !known {
		return answer{task: Task{Status: TaskUnknown, PID: init.GetPid(), Err: errShim}}
	}

	task := Task{Status: told, PID: init.GetPid()}
	err = s.request(ctx, timeout, func(ctx context.Context) error {
		pids, err := client.ListPids(ctx, &tasks.ListPidsRequest{ContainerID: handle})
		task.Processes = uint64(len(pids.GetProcesses()))
		return err
	})
	if err != nil {
		task.Err = fmt.Errorf("list its processes: %w", err)
	}
	return answer{task: task}
}

// silent is a task of which containerd said nothing.
func silent(err error) answer {
	return answer{task: Task{Status: TaskUnknown, Err: err}, silence: err}
}
