package main

import (
	"errors"
	"fmt"
	"strings"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/weeder/nearest"
	"weeder/gardenclient"
	"weeder/reaper"
)

// handleArgument is a container's handle on the command line.
type handleArgument string

// oneHandle is the argument of commands that are about one container.
type oneHandle struct {
	Args struct {
		Handle handleArgument `positional-arg-name:"HANDLE"`
	} `positional-args:"yes" required:"yes"`
}

func (o oneHandle) handle() string { return string(o.Args.Handle) }

func handles(arguments []handleArgument) []string {
	texts := make([]string, len(arguments))
	for i, argument := range arguments {
		texts[i] = string(argument)
	}
	return texts
}

// aboutHandle is the error of a call about one container, for people: where
// Garden doesn't know the handle, it names the nearest that Garden lists. The
// error is a garden.ContainerNotFoundError then.
func (a *app) aboutHandle(client *gardenclient.Client, handle string, err error) error {
	err = client.OrNotFound(a.ctx, handle, err)
	var unknown garden.ContainerNotFoundError
	if !errors.As(err, &unknown) || unknown.Handle != handle {
		return err
	}
	// Without a list there is no hint, which is no failure of its own.
	a.askedFor.Do(func() { a.listed, _ = client.List(a.ctx) })
	return unknownHandle(handle, a.listed, "", "weeder list")
}

// unknownHandle is the error about a handle that none of these is: gaol's, what
// followed from it, and what may be meant, or else which command shows all.
func unknownHandle(handle string, known []string, outcome, lister string) error {
	hint := "see " + lister
	if near := nearest.To(handle, known); len(near) > 0 {
		hint = "did you mean " + oneOf(near) + "?"
	}
	if outcome != "" {
		hint = outcome + "; " + hint
	}
	return fmt.Errorf("%w: %s", garden.ContainerNotFoundError{Handle: handle}, hint)
}

// oneOf lists what there is to choose from: a, b or c.
func oneOf(texts []string) string {
	last := len(texts) - 1
	if last == 0 {
		return texts[0]
	}
	return strings.Join(texts[:last], ", ") + " or " + texts[last]
}

// handlesOf are the handles that a pass found.
func handlesOf(findings []reaper.Finding) []string {
	handles := make([]string, len(findings))
	for i, finding := range findings {
		handles[i] = finding.Container.Handle
	}
	return handles
}
