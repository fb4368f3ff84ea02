package main

import (
	"errors"
	"fmt"
	"io/fs"

	"weeder/journal"
)

// aboutLock says what to try where a daemon can't have its journal's directory.
func aboutLock(err error) error {
	var locked *journal.LockedError
	hint := "name another directory with --journal"
	switch {
	case errors.As(err, &locked):
		hint = "stop it, or give this one a --journal of its own"
	case errors.Is(err, fs.ErrPermission):
		hint = "run weeder as root, or " + hint
	}
	return fmt.Errorf("%w: %s", err, hint)
}

// aboutReading says what to try where a journal can't be read.
func aboutReading(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: run weeder as root", err)
	}
	return err
}
