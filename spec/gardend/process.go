package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"

	"code.cloudfoundry.org/garden"
	"github.com/containerd/containerd"
	"github.com/containerd/containerd/api/types/runc/options"
	"github.com/containerd/containerd/cio"
	"github.com/containerd/containerd/errdefs"
	"github.com/containerd/typeurl/v2"
)

// endWithin is how long processes get to end after a signal.
const endWithin = 10 * time.Second

type process struct {
	container *container
	process   containerd.Process
	exited    <-chan containerd.ExitStatus
}

var _ garden.Process = &process{}

// Run runs a process, as root and without a terminal, in a container. One that
// has no task is started again.
func (c *container) Run(of garden.ProcessSpec, streams garden.ProcessIO) (garden.Process, error) {
	ctx, cancel := c.backend.within()
	defer cancel()
	spec, err := c.container.Spec(ctx)
	if err != nil {
		return nil, fmt.Errorf("container spec: %w", err)
	}
	spec.Process.Args = append([]string{of.Path}, of.Args...)
	spec.Process.Env = append(spec.Process.Env, of.Env...)
	if of.Dir != "" {
		spec.Process.Cwd = of.Dir
	}

	task, err := c.container.Task(ctx, nil)
	if errdefs.IsNotFound(err) {
		task, err = c.backend.startTask(ctx, c.container)
	}
	if err != nil {
		return nil, fmt.Errorf("task retrieval: %w", err)
	}
	id := of.ID
	if id == "" {
		id = rand.Text()
	}
	io := []cio.Opt{cio.WithStreams(streams.Stdin, streams.Stdout, streams.Stderr)}
	if c.backend.fifoDir != "" {
		io = append(io, cio.WithFIFODir(c.backend.fifoDir))
	}
	made, err := task.Exec(ctx, id, spec.Process, cio.NewCreator(io...))
	if err != nil {
		return nil, fmt.Errorf("task exec: %w", err)
	}
	// It lasts as long as the process.
	exited, err := made.Wait(context.Background())
	if err != nil {
		return nil, fmt.Errorf("proc wait: %w", err)
	}
	if err := made.Start(ctx); err != nil {
		return nil, fmt.Errorf("proc start: %w", err)
	}
	if err := made.CloseIO(ctx, containerd.WithStdinCloser); err != nil {
		return nil, fmt.Errorf("proc closeio: %w", err)
	}
	return &process{container: c, process: made, exited: exited}, nil
}

func (p *process) ID() string { return p.process.ID() }

func (p *process) Wait() (int, error) {
	status := <-p.exited
	if err := status.Error(); err != nil {
		return 0, fmt.Errorf("waiting for exit status: %w", err)
	}
	p.process.IO().Cancel()
	p.process.IO().Wait()
	p.process.IO().Close()

	ctx, cancel := p.container.backend.within()
	defer cancel()
	if _, err := p.process.Delete(ctx); err != nil && !errdefs.IsNotFound(err) {
		return 0, fmt.Errorf("delete process: %w", err)
	}
	code := int(status.ExitCode())
	// The container may be gone.
	_ = p.container.SetProperty(exitStatusKey, strconv.Itoa(code))
	return code, nil
}

func (p *process) SetTTY(garden.TTYSpec) error { return errNotImplemented }
func (p *process) Signal(garden.Signal) error  { return errNotImplemented }

// endProcesses ends the processes that were run in a task beside its init.
func endProcesses(ctx context.Context, task containerd.Task) error {
	err := signalProcesses(ctx, task, syscall.SIGTERM)
	if errors.Is(err, context.DeadlineExceeded) {
		err = signalProcesses(ctx, task, syscall.SIGKILL)
	}
	return err
}

// signalProcesses sends a signal and waits for the processes to end.
func signalProcesses(ctx context.Context, task containerd.Task, signal syscall.Signal) error {
	processes, err := execed(ctx, task)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	exits := []<-chan containerd.ExitStatus{}
	for _, one := range processes {
		exited, err := one.Wait(ctx)
		if err != nil {
			return fmt.Errorf("proc wait: %w", err)
		}
		exits = append(exits, exited)
		if err := one.Kill(ctx, signal); err != nil {
			return fmt.Errorf("proc kill w/ signal %d: %w", signal, err)
		}
	}
	for _, exited := range exits {
		select {
		case <-exited:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// execed are the processes that were run in a task: not its init, and not
// their children.
func execed(ctx context.Context, task containerd.Task) ([]containerd.Process, error) {
	pids, err := task.Pids(ctx)
	if err != nil {
		return nil, fmt.Errorf("pid listing: %w", err)
	}
	processes := []containerd.Process{}
	for _, pid := range pids {
		if pid.Info == nil {
			continue
		}
		var details options.ProcessDetails
		if err := typeurl.UnmarshalTo(pid.Info, &details); err != nil {
			return nil, fmt.Errorf("proc details unmarshal: %w", err)
		}
		one, err := task.LoadProcess(ctx, details.ExecID, cio.Load)
		if err != nil {
			return nil, fmt.Errorf("load process: %w", err)
		}
		processes = append(processes, one)
	}
	return processes, nil
}
