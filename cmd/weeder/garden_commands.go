package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"code.cloudfoundry.org/garden"

	"weeder/gardenclient"
	"weeder/reaper"
	"weeder/status/report"
)

type pingCommand struct{ app *app }

// Execute runs the command.
func (c *pingCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	client := c.app.garden()
	defer client.Close()
	return client.Ping(c.app.ctx)
}

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

type propertiesCommand struct {
	app    *app
	AsJSON bool `short:"j" long:"json" description:"format output as json"`
	Args   struct {
		Handle string `positional-arg-name:"HANDLE"`
	} `positional-args:"yes" required:"yes"`
}

// Execute runs the command.
func (c *propertiesCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	client := c.app.garden()
	defer client.Close()
	properties, err := client.Properties(c.app.ctx, c.Args.Handle)
	if err != nil {
		return err
	}

	if c.AsJSON {
		// As gaol prints it: indented, with no newline at the end.
		text, err := json.MarshalIndent(properties, "", "  ")
		if err != nil {
			return fmt.Errorf("encode properties: %w", err)
		}
		if c.app.terminal.stdout {
			text = report.Escape(text)
		}
		_, err = c.app.stdout.Write(text)
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(c.app.stdout, "%s\t%s\n", c.app.asShown(key), c.app.asShown(properties[key]))
	}
	return nil
}

type destroyCommand struct {
	app  *app
	Args struct {
		Handles []string `positional-arg-name:"HANDLE" required:"1"`
	} `positional-args:"yes" required:"yes"`
}

// Execute runs the command.
func (c *destroyCommand) Execute([]string) error {
	client := c.app.garden()
	defer client.Close()

	failed := false
	for _, handle := range c.Args.Handles {
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

type capacityCommand struct {
	app  *app
	JSON bool `long:"json" description:"print JSON"`
}

// Execute runs the command.
func (c *capacityCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	client := c.app.garden()
	defer client.Close()
	capacity, err := client.Capacity(c.app.ctx)
	if gardenclient.IsNotImplemented(err) {
		return fmt.Errorf("this Garden does not tell its capacity, as Concourse's own over containerd: %w", err)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return c.app.printJSON(map[string]uint64{
			"memory_bytes": capacity.MemoryInBytes, "disk_bytes": capacity.DiskInBytes,
			"max_containers": capacity.MaxContainers,
		})
	}
	out := table{headers: []string{"what", "how much"}}
	for _, row := range [][2]string{
		{"memory", binaryBytes(capacity.MemoryInBytes)},
		{"disk", binaryBytes(capacity.DiskInBytes)},
		{"max containers", fmt.Sprint(capacity.MaxContainers)},
	} {
		out.rows = append(out.rows, []cell{{text: row[0]}, {text: row[1]}})
	}
	out.write(c.app.stdout, c.app.terminal.stdout)
	return nil
}

// binaryBytes says a size in the largest unit of which there is one whole.
func binaryBytes(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}

// version is set when a release is linked.
var version = ""

type versionCommand struct{ app *app }

// Execute runs the command.
func (c *versionCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	fmt.Fprintln(c.app.stdout, currentVersion())
	return nil
}

// currentVersion is the linked version, else what the Go tool knows of the
// build.
func currentVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
