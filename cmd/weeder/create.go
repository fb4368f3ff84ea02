package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"code.cloudfoundry.org/garden"

	"weeder/gardenclient"
	"weeder/reaper"
)

type createCommand struct {
	app        *app
	Handle     string        `short:"n" long:"handle" description:"name to give container"`
	RootFS     string        `short:"r" long:"rootfs" description:"rootfs image with which to create the container"`
	Username   string        `long:"username" description:"username for private registry"`
	Password   string        `long:"password" description:"password for private registry; on the command line ps shows it to everyone: give it in the variable"`
	Env        []string      `short:"e" long:"env" description:"set environment variables"`
	Grace      time.Duration `short:"g" long:"grace" variable:"none" description:"grace time (resetting ttl) of container"`
	Privileged bool          `short:"p" long:"privileged" description:"privileged user in the container is privileged in the host"`
	Network    string        `long:"network" description:"the subnet of the container"`
	BindMounts []string      `short:"m" long:"bind-mount" description:"bind mount: path on the host, path in the container and perhaps ro or rw, joined by colons"`
}

// check finds what the parser can't.
func (c *createCommand) check() error {
	var mistakes []error
	if c.Handle != "" && !reaper.SafeHandle(c.Handle) {
		mistakes = append(mistakes, usagef("--handle %q: begin with a letter or a digit, and use nothing but those, dots, dashes and underscores", c.Handle))
	}
	if c.Grace < 0 {
		mistakes = append(mistakes, usagef("--grace: give a duration above 0, such as 1h; 0 leaves it to Garden"))
	}
	if _, err := c.bindMounts(); err != nil {
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}

// Execute runs the command.
func (c *createCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	binds, err := c.bindMounts()
	if err != nil {
		return err
	}
	client := c.app.garden()
	defer client.Close()

	progress := startProgress(c.app, func(since time.Duration) string { return "creating: " + short(since) })
	handle, err := client.Create(c.app.ctx, garden.ContainerSpec{
		Handle:     c.Handle,
		GraceTime:  c.Grace,
		Image:      garden.ImageRef{URI: c.RootFS, Username: c.Username, Password: c.Password},
		Privileged: c.Privileged,
		Env:        c.Env,
		Network:    c.Network,
		BindMounts: binds,
	})
	progress.stop()
	if err != nil {
		return c.explain(err)
	}
	fmt.Fprintln(c.app.stdout, c.app.asShown(handle))
	return nil
}

// noSlot is what Garden says where the worker has no place for a container.
var noSlot = []string{"insufficient subnets remaining in the pool", "max containers reached"}

// explain says what a failed create leaves open, and what to try.
func (c *createCommand) explain(err error) error {
	if c.app.ctx.Err() != nil {
		return errors.New("interrupted: garden may go on creating the container: look for it with weeder list")
	}
	for _, text := range noSlot {
		if strings.Contains(err.Error(), text) {
			return fmt.Errorf("%w: see weeder scan for what holds the slots", err)
		}
	}
	var failure *net.OpError
	if dialled := !errors.As(err, &failure) || failure.Op != "dial"; dialled && errors.Is(err, gardenclient.ErrNoAnswer) {
		return fmt.Errorf("%w (garden may go on creating the container: look for it with weeder list)", err)
	}
	return err
}

// bindMounts are in gaol's words, and so are the mistakes in them.
func (c *createCommand) bindMounts() ([]garden.BindMount, error) {
	var binds []garden.BindMount
	for _, text := range c.BindMounts {
		parts := strings.SplitN(text, ":", 3)
		if len(parts) < 2 {
			return nil, usagef("invalid bind-mount segment (must be host-path:container-path:optional-bind-mount-option): %s", text)
		}
		bind := garden.BindMount{SrcPath: parts[0], DstPath: parts[1], Mode: garden.BindMountModeRW, Origin: garden.BindMountOriginHost}
		if len(parts) == 3 {
			switch parts[2] {
			case "ro":
				bind.Mode = garden.BindMountModeRO
			case "rw":
			default:
				return nil, usagef("invalid bind mount mode (must be either 'rw' (read-write), or 'ro' (read-only))")
			}
		}
		binds = append(binds, bind)
	}
	return binds, nil
}
