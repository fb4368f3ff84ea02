package main

import (
	"fmt"
	"time"
)

type setGraceTimeCommand struct {
	app *app
	oneHandle
	Grace time.Duration `short:"g" long:"grace" variable:"none" description:"grace time (resetting ttl) of container; 0 destroys it at once" required:"yes"`
	Yes   bool          `long:"yes" variable:"none" description:"ask nothing"`
}

// check finds what the parser can't.
func (c *setGraceTimeCommand) check() error {
	if c.Grace < 0 {
		return usagef("--grace: give a duration above 0, such as 1h: below it Garden would destroy the container at once")
	}
	return nil
}

// Execute runs the command.
func (c *setGraceTimeCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	ask := c.Grace == 0 && !c.Yes
	if ask && (!c.app.terminal.stdin || !c.app.terminal.stderr) {
		return usagef("a grace time of 0 has Garden destroy the container at once, and there is no terminal to ask on: give --yes, or a grace time above 0")
	}

	client := c.app.garden()
	defer client.Close()
	// Guardian says nothing of a handle that it doesn't know.
	if err := client.Find(c.app.ctx, c.handle()); err != nil {
		return c.app.aboutHandle(client, c.handle(), err)
	}
	if ask {
		yes, err := c.app.confirm("a grace time of 0 has Garden destroy %s of %s at once, and all that runs in it: destroy it?",
			printable(c.handle()), printable(c.app.global.Target))
		if err != nil {
			return fmt.Errorf("%w: nothing was changed", err)
		}
		if !yes {
			fmt.Fprintln(c.app.stderr, "nothing was changed")
			return nil
		}
	}
	if err := client.SetGraceTime(c.app.ctx, c.handle(), c.Grace); err != nil {
		return c.app.aboutHandle(client, c.handle(), err)
	}
	return nil
}
