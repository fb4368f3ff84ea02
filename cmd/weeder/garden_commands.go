package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"weeder/gardenclient"
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

type propertiesCommand struct {
	app *app
	oneHandle
	AsJSON bool `short:"j" long:"json" description:"format output as json"`
}

// Execute runs the command.
func (c *propertiesCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	client := c.app.garden()
	defer client.Close()
	properties, err := client.Properties(c.app.ctx, c.handle())
	if err != nil {
		return c.app.aboutHandle(client, c.handle(), err)
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
