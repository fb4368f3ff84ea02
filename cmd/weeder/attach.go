package main

import "net/url"

type attachCommand struct {
	app *app
	oneHandle
	Process string `short:"p" long:"pid" description:"process id to connect to" required:"yes"`
}

// Execute runs the command.
func (c *attachCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	client := c.app.garden()
	defer client.Close()
	stop, console := c.app.console(client, c.handle())
	defer stop()
	status, err := console.Attach(c.app.lasting(), c.Process)
	return c.app.processEnded(client, c.handle(), status, err)
}

// check finds what the parser can't. Garden's client puts the id into a path as
// it is.
func (c *attachCommand) check() error {
	if id := c.Process; id == "" || id == "." || id == ".." || url.PathEscape(id) != id {
		return usagef("--pid: %q is not a process id that can safely be sent to garden", id)
	}
	return nil
}
