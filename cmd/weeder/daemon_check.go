package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"weeder/status"
)

// The least that a daemon takes: below, a single hiccup of the worker could
// make a destroy.
const (
	leastGrace    = time.Minute
	leastInterval = 5 * time.Second
)

// check finds every mistake in the configuration.
func (c *daemonCommand) check() error {
	_, err := c.policy()
	mistakes := []error{err}
	mistake := func(option string, err error) {
		if err != nil {
			mistakes = append(mistakes, usagef("%s: %v", option, err))
		}
	}
	if c.Grace >= 0 && c.Grace < leastGrace {
		mistake("--grace", fmt.Errorf("%s is too short for a daemon: give at least %s", c.Grace, leastGrace))
	}
	if c.Interval < leastInterval {
		mistake("--interval", fmt.Errorf("%s is too short: give at least %s", c.Interval, leastInterval))
	}
	if c.Listen != "" {
		if _, err := status.Loopback(c.Listen); err != nil {
			mistake("--listen", fmt.Errorf("%w: give host:port, such as 127.0.0.1:7790, or '' for none", err))
		}
	}
	global := c.app.global
	mistake("--volumes", checkAbsolute(global.Volumes))
	mistake("--volumes", checkDirectory(global.Volumes))
	mistake("--depot", checkAbsolute(global.Depot))
	mistake("--journal", checkAbsolute(global.Journal))
	mistake("--journal", checkDirectory(global.journalDir()))
	mistake("--containerd", checkSocket(global.Containerd))
	return errors.Join(mistakes...)
}

// checkAbsolute tells that a path would depend on where the daemon is started.
func checkAbsolute(path string) error {
	if path == "" || filepath.IsAbs(path) {
		return nil
	}
	return fmt.Errorf("%q is relative: give a daemon an absolute path", path)
}

// checkSocket tells that nothing can listen at a path. A socket that is not
// there yet may come. Who looks but once is told by the verdicts.
func checkSocket(path string) error {
	if path == "" {
		return nil
	}
	if _, after, isURL := strings.Cut(path, "://"); isURL {
		return fmt.Errorf("%q is a URL: give the path of the socket, such as /%s", path, strings.TrimLeft(after, "/"))
	}
	if err := checkAbsolute(path); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s is no socket: give containerd's, or '' to do without", path)
	}
	return nil
}
