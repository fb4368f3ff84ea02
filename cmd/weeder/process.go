package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/weeder/console"
	"weeder/gardenclient"
	"weeder/reaper"
)

// console connects a process with the standard files, and with the signals
// that end programs, until it is stopped.
func (a *app) console(client *gardenclient.Client, handle string) (stop func(), connected *console.Console) {
	signals := make(chan os.Signal, 3)
	for _, each := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP} {
		// nohup has SIGHUP ignored.
		if !signal.Ignored(each) {
			signal.Notify(signals, each)
		}
	}
	return func() { signal.Stop(signals) }, &console.Console{
		Handle:  handle,
		Garden:  client.Hijacker,
		Stdin:   a.files.stdin,
		Stdout:  a.files.stdout,
		Stderr:  a.files.stderr,
		Signals: signals,
		Warn:    a.warn,
		Logger:  a.logger(),
	}
}

// lasting is a context that signals don't end: they are the process's.
func (a *app) lasting() context.Context {
	return context.WithoutCancel(a.ctx)
}

// processEnded makes of a process's end weeder's own.
func (a *app) processEnded(client *gardenclient.Client, handle string, status int, err error) error {
	switch {
	case cutShort(err), errors.Is(err, console.ErrProcess):
		return err
	case err != nil:
		return a.aboutProcess(client, handle, err)
	case status != 0:
		return processStatus(status)
	}
	return nil
}

// cutShort tells that it was not the process that ended.
func cutShort(err error) bool {
	return errors.Is(err, console.ErrLost) || errors.Is(err, console.ErrLeft) || errors.Is(err, console.ErrOutput)
}

// aboutProcess makes an error as helpful as can be of Garden's about a process
// that did not come about.
func (a *app) aboutProcess(client *gardenclient.Client, handle string, err error) error {
	var unknown garden.ProcessNotFoundError
	switch {
	case errors.Is(err, gardenclient.ErrNoAnswer), errors.Is(err, gardenclient.ErrUnsafeHandle):
	case a.unlisted(client, handle):
		err = garden.ContainerNotFoundError{Handle: handle}
	case errors.As(err, &unknown):
		return fmt.Errorf("no such process in %s, or it has ended: %w", handle, err)
	case strings.Contains(err.Error(), "unable to find user"):
		return fmt.Errorf("%w: is its root volume gone? see weeder explain %s", err, handle)
	}
	return a.aboutHandle(client, handle, err)
}

// unlisted tells that Garden does not list a container. gaol looks there first;
// what Guardian says of a process is that something does not exist.
func (a *app) unlisted(client *gardenclient.Client, handle string) bool {
	listed, err := client.Handles(a.ctx)
	return err == nil && !slices.ContainsFunc(listed, func(one reaper.Listed) bool { return one.Handle == handle })
}
