package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"code.cloudfoundry.org/clock"
	"code.cloudfoundry.org/lager/v3"

	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/control"
	"weeder/cmd/sandbox/faults"
	"weeder/cmd/sandbox/volumes"
	"weeder/cmd/sandbox/worker"
)

const (
	readHeaderTimeout = 10 * time.Second
	shutdownTimeout   = time.Second
)

// run serves until the context ends, and takes away what it has made.
func run(ctx context.Context, options options, stdout io.Writer) (err error) {
	logger, closeLog, err := newLogger(options)
	if err != nil {
		return err
	}
	defer closeLog()

	dirs, err := makeDirs(options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dirs.remove()) }()

	var later []backend.Container
	garden := backend.New(options.backend(dirs))
	if options.Volumes == "" {
		if later, err = people(garden, volumes.Dir(dirs.volumes), options); err != nil {
			return err
		}
	}

	listener, target, err := listen(options.Listen)
	if err != nil {
		return err
	}
	server, err := backend.Serve(garden, listener, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	for _, container := range later {
		if err := server.Create(container); err != nil {
			return fmt.Errorf("creating container: %w", err)
		}
	}

	baggageclaim := faults.New(volumes.Kinds...)
	baggageclaimAt, stopBaggageclaim, err := serve(options.Baggageclaim, volumes.Handler(volumes.Dir(dirs.volumes), baggageclaim))
	if err != nil {
		return err
	}
	defer stopBaggageclaim()
	defer baggageclaim.Stop()

	controlAt, stopControl, err := serve(options.Control, control.Handler(control.Sandbox{
		Backend: garden, Server: server, Volumes: volumes.Dir(dirs.volumes), Baggageclaim: baggageclaim, Clock: clock.NewClock(),
	}))
	if err != nil {
		return err
	}
	defer stopControl()

	where := place{
		Target:       target,
		Baggageclaim: baggageclaimAt,
		Control:      controlAt,
		Dir:          dirs.root,
		Volumes:      dirs.volumes,
		Depot:        dirs.depot,
		Containerd:   dirs.containerd,
		Files:        dirs.files,
	}
	if options.ReadyFile != "" {
		defer os.Remove(options.ReadyFile)
		if err := where.write(options.ReadyFile); err != nil {
			return err
		}
	}
	where.print(stdout, dirs.journal, options)
	<-ctx.Done()

	return nil
}

// people adds containers, and returns those that must wait until Garden serves, so that no timer
// counts their grace time.
func people(garden *backend.Backend, dir volumes.Dir, options options) ([]backend.Container, error) {
	containers, err := worker.People(dir, worker.Options{
		Containers: options.Containers,
		Leaked:     options.Leaked,
		Containerd: options.Runtime == containerd,
		NoIncident: options.NoIncident,
		GraceTime:  options.GraceTime,
		Age:        options.Age,
		Seed:       options.Seed,
		Now:        time.Now(),
	})
	if err != nil {
		return nil, err
	}

	var later []backend.Container
	for _, container := range containers {
		if container.NoTimer {
			later = append(later, container)
			continue
		}
		if err := garden.Add(container); err != nil {
			return nil, fmt.Errorf("creating container: %w", err)
		}
	}

	return later, nil
}

// serve answers HTTP on an address, and returns what came of it and how to stop. An empty address
// is not served.
func serve(address string, handler http.Handler) (string, func(), error) {
	if address == "" {
		return "", func() {}, nil
	}

	listener, at, err := listen(address)
	if err != nil {
		return "", nil, err
	}

	server := &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()

	return at, func() {
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-served
	}, nil
}

// listen takes host:port, a path, or unix:// and a path, and returns where that came to be.
func listen(address string) (net.Listener, string, error) {
	network, address := networkOf(address)
	listener, err := net.Listen(network, address)
	if err != nil {
		return nil, "", fmt.Errorf("listening: %w", err)
	}
	if network != "unix" {
		return listener, listener.Addr().String(), nil
	}

	path, err := filepath.Abs(address)
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("listening: %w", err), listener.Close())
	}

	return listener, path, nil
}

func newLogger(options options) (lager.Logger, func(), error) {
	logger := lager.NewLogger("sandbox")
	level := lager.INFO
	if options.LogLevel != "" {
		var err error
		if level, err = lager.LogLevelFromString(options.LogLevel); err != nil {
			return nil, nil, err
		}
	}

	switch {
	case options.Log != "":
		file, err := os.OpenFile(options.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return nil, nil, fmt.Errorf("opening log: %w", err)
		}
		logger.RegisterSink(lager.NewWriterSink(file, level))
		return logger, func() { file.Close() }, nil
	case options.LogLevel != "":
		logger.RegisterSink(lager.NewWriterSink(os.Stderr, level))
	}

	return logger, func() {}, nil
}
