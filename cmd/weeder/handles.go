package main

import "weeder/gardenclient"

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

// aboutHandle makes an error about a container as helpful as can be.
func (a *app) aboutHandle(_ *gardenclient.Client, _ string, err error) error {
	return err
}
