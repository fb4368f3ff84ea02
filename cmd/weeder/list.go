package main

import (
	"fmt"
)

type listCommand struct {
	app  *app
	Long bool `short:"l" long:"long" description:"print a table with age, grace time, state, verdict and what each is for"`
}

// Execute runs the command.
func (c *listCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	if c.Long {
		return c.long()
	}
	handles, err := c.listed()
	if err != nil {
		return err
	}
	for _, handle := range handles {
		fmt.Fprintln(c.app.stdout, c.app.asShown(handle))
	}
	return nil
}

// listed are the handles of Garden's plain list.
func (c *listCommand) listed() ([]string, error) {
	client := c.app.garden()
	defer client.Close()
	return client.List(c.app.ctx)
}
