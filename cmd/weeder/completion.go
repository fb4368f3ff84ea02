package main

import (
	_ "embed"
	"fmt"
)

// The scripts hand the words of the command line to weeder itself, as
// app.complete reads them, and show what it prints.
var (
	//go:embed completions/weeder.bash
	bashScript string
	//go:embed completions/weeder.zsh
	zshScript string
	//go:embed completions/weeder.fish
	fishScript string
)

type completionCommand struct {
	app   *app
	Shell shellFlag `long:"shell" value-name:"SHELL" description:"bash, zsh or fish" required:"yes"`
}

// Execute runs the command.
func (c *completionCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	scripts := map[shellFlag]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}
	fmt.Fprint(c.app.stdout, scripts[c.Shell])
	return nil
}
