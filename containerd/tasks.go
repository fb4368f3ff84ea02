package containerd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// taskTimeout bounds what one task is asked. containerd itself waits 2 s for
	// the shim that it asks in turn.
	taskTimeout = 5 * time.Second
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

// taskStatuses are those of containerd.v1.types.Status, by number.
var taskStatuses = []TaskStatus{TaskUnknown, TaskCreated, TaskRunning, TaskStopped, TaskPaused, TaskPausing}

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

var errShim = errors.New("containerd can't tell its status: its shim does not answer")

// Tasks asks for the tasks of the given containers. A shim that does not answer is
// its own Task's Err; an error means that containerd could not be asked. Without a
// socket nothing is known of any, and the answer is empty.
func (c *Client) Tasks(ctx context.Context, handles []string) (map[string]Task, error) {
	tasks, err := c.askTasks(ctx, handles)
	if err == nil {
		return tasks, nil
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

func (c *Client) askTasks(ctx context.Context, handles []string) (map[string]Task, error) {
	asking, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	within, cancel := context.WithTimeoutCause(asking, c.timeout, errTimeout{c.timeout})
	defer cancel()

	answers := make([]answer, len(handles))
	slots := make(chan struct{}, tasksAtOnce)
	var askers sync.WaitGroup
	for n, handle := range handles {
		slots <- struct{}{}
		askers.Go(func() {
			defer func() { <-slots }()
			answers[n] = c.askTask(within, handle)
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

	tasks := make(map[string]Task, len(handles))
	var silence error
	silent := 0
	for n, handle := range handles {
		tasks[handle] = answers[n].task
		if answers[n].silence != nil {
			silence = answers[n].silence
			silent++
		}
	}
	if silent > 0 && silent == len(handles) {
		return nil, silence
	}
	return tasks, nil
}

func (c *Client) askTask(ctx context.Context, handle string) answer {
	if ctx.Err() != nil {
		return silent(context.Cause(ctx))
	}
	timeout := min(taskTimeout, c.timeout)
	request := encodeID(handle)

	reply, err := c.call(ctx, timeout, getTaskMethod, request)
	switch {
	case isNotFound(err):
		return answer{task: Task{Status: TaskNone}}
	case isRefusal(err):
		return answer{task: Task{Status: TaskUnknown, Err: err}}
	case err != nil:
		return silent(err)
	}
	init, err := decodeProcess(reply)
	if err != nil {
		return silent(err)
	}
	task := Task{Status: TaskUnknown, PID: init.pid}
	if init.status < uint64(len(taskStatuses)) {
		task.Status = taskStatuses[init.status]
	}
	if task.Status == TaskUnknown {
		task.Err = errShim
		return answer{task: task}
	}

	reply, err = c.call(ctx, timeout, listPidsMethod, request)
	if err == nil {
		task.Processes, err = countPids(reply)
	}
	if err != nil {
		task.Err = fmt.Errorf("list its processes: %w", err)
	}
	return answer{task: task}
}

// silent is a task of which containerd said nothing.
func silent(err error) answer {
	return answer{task: Task{Status: TaskUnknown, Err: err}, silence: err}
}
