// Command gardend is a Garden server over a real containerd, as a Concourse
// worker of today has it: garden/server over a small backend that behaves as
// Concourse's own (worker/runtime of concourse/concourse) where weeder and its
// specs look.
//
// What it does as Concourse: a container is a containerd container whose OCI
// spec has the given directory as its root, Concourse's mounts, an init
// bind-mounted at /tmp/gdn-init and the bind mounts that were asked for;
// properties are labels, cut into pieces; property filters are ORed; a create
// whose task does not start leaves the container without one; destroying ends
// exec'd processes with SIGTERM, those that are left after 10 s with SIGKILL,
// then the init; an unknown handle is an untyped error; Info, BulkInfo,
// Metrics, BulkMetrics, Capacity, RemoveProperty and streaming are not
// implemented; running a process in a container without a task starts it again.
//
// What it leaves out: networks (a container has a namespace of its own with
// nothing in it, and no hosts and resolv.conf), user namespaces, seccomp, OCI
// hooks, limits, /sys/fs/cgroup, users other than root, stopping, attaching,
// terminals, and the limit on the number of containers.
//
// What it adds: everything of containerd's that has a place that all
// containerds of a machine share can have its own (--runc-root, --fifo-dir,
// --cgroup-prefix).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"code.cloudfoundry.org/garden/server"
	"code.cloudfoundry.org/lager/v3"
)

const readHeaderTimeout = 10 * time.Second

type settings struct {
	listen string
	config
}

func main() {
	settings := parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, settings); err != nil {
		fmt.Fprintf(os.Stderr, "error: %s\n", err)
		os.Exit(1)
	}
}

func parse() settings {
	var s settings
	flag.StringVar(&s.listen, "listen", "", "the socket to listen on")
	flag.StringVar(&s.socket, "containerd", "", "containerd's socket")
	flag.StringVar(&s.namespace, "namespace", "concourse", "containerd's namespace")
	flag.StringVar(&s.init, "init", "", "the static init of each container")
	flag.StringVar(&s.runcRoot, "runc-root", "", "where runc keeps its state; empty: its own default")
	flag.StringVar(&s.fifoDir, "fifo-dir", "", "where the FIFOs of processes are made; empty: containerd's own default")
	flag.StringVar(&s.cgroupPrefix, "cgroup-prefix", "garden/", "what the path of a container's cgroup has before its handle")
	flag.DurationVar(&s.timeout, "request-timeout", time.Minute, "for a call to containerd")
	flag.Parse()
	return s
}

// serve answers until the context ends, and then waits for the calls under way.
func serve(ctx context.Context, settings settings) error {
	logger := lager.NewLogger("gardend")
	logger.RegisterSink(lager.NewWriterSink(os.Stdout, lager.INFO))
	backend := &backend{config: settings.config}
	garden := server.New("unix", settings.listen, 0, readHeaderTimeout, backend, logger)

	if err := backend.Start(); err != nil {
		return err
	}
	if err := garden.SetupBomberman(); err != nil {
		return errors.Join(fmt.Errorf("starting grace timers: %w", err), backend.Stop())
	}
	listener, err := garden.Listen()
	if err != nil {
		return errors.Join(fmt.Errorf("listening: %w", err), backend.Stop())
	}
	served := make(chan error, 1)
	go func() { served <- garden.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	// It stops the backend too.
	if err := garden.Stop(); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	return <-served
}
