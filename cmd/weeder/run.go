package main

import (
	"fmt"
	"strings"

	"code.cloudfoundry.org/garden"
	"github.com/mattn/go-shellwords"
)

type runCommand struct {
	app *app
	oneHandle
	Attach  bool     `short:"a" long:"attach" description:"attach to the process after it has started"`
	Dir     string   `short:"d" long:"dir" description:"current working directory of process"`
	User    string   `short:"u" long:"user" description:"user to run the process as" default:"root"`
	Command string   `short:"c" long:"command" description:"command to run in container" required:"yes"`
	Env     []string `short:"e" long:"env" description:"set environment variables"`
	Image   string   `short:"i" long:"image" description:"root filesystem for process"`
}

// Execute runs the command.
func (c *runCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	words, err := commandWords(c.Command)
	if err != nil {
		return err
	}
	spec := garden.ProcessSpec{
		Path:  words[0],
		Args:  words[1:],
		Dir:   c.Dir,
		User:  c.User,
		Env:   c.Env,
		Image: garden.ImageRef{URI: c.Image},
	}

	client := c.app.garden()
	defer client.Close()
	if c.Attach {
		stop, console := c.app.console(client, c.handle())
		defer stop()
		status, err := console.Run(c.app.lasting(), spec)
		return c.app.processEnded(client, c.handle(), status, err)
	}
	process, err := client.Connection(c.app.ctx).Run(c.handle(), spec, garden.ProcessIO{})
	if err != nil {
		return c.app.aboutProcess(client, c.handle(), err)
	}
	fmt.Fprintln(c.app.stdout, c.app.asShown(process.ID()))
	return nil
}

// check finds what the parser can't.
func (c *runCommand) check() error {
	_, err := commandWords(c.Command)
	return err
}

// commandWords splits a command as gaol does. A shell's operators end what
// gaol's parser reads: what follows would not be run, and nobody told.
func commandWords(command string) ([]string, error) {
	parser := shellwords.NewParser()
	words, err := parser.Parse(command)
	switch {
	case err != nil:
		return nil, usagef("--command: a quote, bracket or backslash is left open in %q", command)
	case parser.Position >= 0:
		operator := string([]rune(command)[parser.Position:])
		return nil, usagef("--command: what follows from %q on needs a shell: give sh -c '…'", strings.TrimSpace(operator))
	case len(words) == 0 || words[0] == "":
		return nil, usagef("--command: give a command, such as 'ps aux'")
	}
	return words, nil
}
