package main

import (
	"context"
	"errors"

	"code.cloudfoundry.org/garden"

	"weeder/gardenclient"
	"weeder/reaper"
)

type destroyCommand struct {
	app  *app
	Args struct {
		Handles []handleArgument `positional-arg-name:"HANDLE" required:"1"`
	} `positional-args:"yes" required:"yes"`
}

// Execute runs the command.
func (c *destroyCommand) Execute([]string) error {
	client := c.app.garden()
	defer client.Close()

	failed := false
	for _, handle := range handles(c.Args.Handles) {
		if err := c.destroy(client, handle); err != nil {
			c.app.complain("error", "%v", err)
			failed = true
		}
	}
	if failed {
		return errSaid
	}
	return nil
}

func (c *destroyCommand) destroy(client *gardenclient.Client, handle string) error {
	ctx, cancel := context.WithTimeout(c.app.ctx, c.app.global.Timeout)
	defer cancel()
	err := client.Destroy(ctx, handle)
	if errors.Is(err, reaper.ErrGone) {
		return garden.ContainerNotFoundError{Handle: handle}
	}
	return err
}
