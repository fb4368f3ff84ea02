package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"code.cloudfoundry.org/garden"

	"weeder/cmd/weeder/console"
	"weeder/gardenclient"
)

// shellPatience is how long a shell has to end when it is told to.
const shellPatience = 2 * time.Second

type shellCommand struct {
	app *app
	oneHandle
	User string `short:"u" long:"user" description:"user to open shell as" default:"root"`
}

// Execute runs the command.
func (c *shellCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	if !c.app.terminal.stdin {
		return usagef("stdin is not a terminal: use weeder run %s --attach --command …", c.handle())
	}
	client := c.app.garden()
	defer client.Close()

	var said remarks
	status, err := c.open(client, &said)
	if cutShort(err) && c.app.terminal.stderr {
		// The cursor is behind what the shell has shown.
		fmt.Fprintln(c.app.stderr)
	}
	for _, remark := range said.all() {
		c.app.warn("%s", remark)
	}
	return c.app.processEnded(client, c.handle(), status, err)
}

// open has the shell on the terminal, which has its modes back when it ends.
func (c *shellCommand) open(client *gardenclient.Client, said *remarks) (int, error) {
	stop, shell := c.app.console(client, c.handle())
	defer stop()
	// Without it a write to a pipe that nobody reads would end weeder at once.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	defer signal.Stop(broken)

	terminal, err := console.MakeRaw(c.app.files.stdin)
	if err != nil {
		return 0, err
	}
	defer terminal.Restore()
	resized, unwatch := terminal.Watch()
	defer unwatch()

	shell.Patience = shellPatience
	shell.Resized, shell.Size = resized, terminal.Size
	shell.Warn, shell.Guard = said.add, terminal.Guard
	return shell.Run(c.app.lasting(), garden.ProcessSpec{
		User: c.User,
		Path: "/bin/sh",
		Args: []string{"-l"},
		Env:  []string{"TERM=" + os.Getenv("TERM")},
		TTY:  &garden.TTYSpec{WindowSize: terminal.Size()},
	})
}

// remarks are what can't be said while the terminal is raw.
type remarks struct {
	mu   sync.Mutex
	list []string
}

func (r *remarks) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, fmt.Sprintf(format, args...))
}

func (r *remarks) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}
