package main

import (
	"fmt"
)

type listCommand struct{ app *app }

// Execute runs the command.
func (c *listCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	client := c.app.garden()
	defer client.Close()
	handles, err := client.List(c.app.ctx)
	if err != nil {
		return err
	}
	for _, handle := range handles {
		fmt.Fprintln(c.app.stdout, c.app.asShown(handle))
	}
	return nil
}
