package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"weeder/baggageclaim"
	"weeder/containerd"
	"weeder/gardenclient"
)

// leastTimeout is less than any server takes to answer.
const leastTimeout = time.Millisecond

// check finds what the parser can't: values of the right type that make no
// sense.
func (g globalOptions) check() error {
	var mistakes []error
	mistake := func(option string, err error) {
		if err != nil {
			mistakes = append(mistakes, usagef("%s: %v", option, err))
		}
	}
	_, err := gardenclient.ParseTarget(g.Target)
	mistake("--target", err)
	if g.Timeout < leastTimeout {
		mistake("--timeout", fmt.Errorf("give at least %s, such as 30s", leastTimeout))
	}
	if g.Baggageclaim != "" {
		if err := baggageclaim.CheckAddress(g.Baggageclaim); err != nil {
			mistake("--baggageclaim", fmt.Errorf("%w, or '' to do without", err))
		}
	}
	mistake("--containerd-namespace", containerd.CheckNamespace(g.ContainerdNamespace))
	mistake("--depot", checkDirectory(g.Depot))
	return errors.Join(mistakes...)
}

// checkDirectory tells that a path is something else. What is not there, or
// can't be looked at, may be one.
func checkDirectory(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is no directory: name one", path)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s can't be a directory, since what is above it is none: name another", path)
	}
	return nil
}
