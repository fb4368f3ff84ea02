package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"code.cloudfoundry.org/garden"

	"weeder/gardenclient"
)

type listCommand struct {
	app        *app
	Properties []string `short:"p" long:"properties" description:"filter by properties (name=value)"`
	Verbose    bool     `short:"v" long:"verbose" description:"print additional details about each container"`
	Separator  string   `long:"separator" description:"separator to print between containers in verbose mode"`
	Long       bool     `short:"l" long:"long" description:"print a table with age, grace time, state, verdict and what each is for"`
}

// check finds what the parser can't.
func (c *listCommand) check() error {
	var mistakes []error
	if c.Verbose && c.Long {
		mistakes = append(mistakes, usagef("--verbose and --long: give one of them"))
	}
	if _, err := c.filter(); err != nil {
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}

// Execute runs the command.
func (c *listCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	if c.Long {
		return c.long()
	}
	client := c.app.garden()
	defer client.Close()
	found, err := c.matching(client)
	if err != nil {
		return err
	}
	for _, handle := range found.handles {
		fmt.Fprintln(c.app.stdout, c.app.asShown(handle))
		if c.Verbose {
			c.details(found.properties[handle])
		}
	}
	return c.doubts(found)
}

func (c *listCommand) details(properties map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(c.app.stdout, "  %s=%s\n", c.app.asShown(name), c.app.asShown(properties[name]))
	}
	fmt.Fprint(c.app.stdout, c.Separator)
}

// doubts says on stderr what the list can't tell, and is an error then.
func (c *listCommand) doubts(found listing) error {
	if len(found.doubts) == 0 {
		return nil
	}
	c.app.flush()
	for _, doubt := range found.doubts {
		c.app.complain("error", "%v", doubt)
	}
	return errSaid
}

// filter is what --properties asks for; of two values for a name it is the
// last, as with gaol.
func (c *listCommand) filter() (garden.Properties, error) {
	filter := garden.Properties{}
	for _, pair := range c.Properties {
		name, value, isPair := strings.Cut(pair, "=")
		if !isPair {
			return nil, usagef("malformed property pair (must be name=value)")
		}
		filter[name] = value
	}
	return filter, nil
}

// listing are the containers that match the filter.
type listing struct {
	// handles are in Garden's order.
	handles []string
	// properties by handle, where they had to be read and could be.
	properties map[string]map[string]string
	// doubts are what could not be told: of one handle, or of all.
	doubts []error
}

// matching lists the containers. Several properties are verified for each: one
// of Garden's backends lists what has any of them, and lists are piped into
// destroy. Which can't be verified is left out then, and what is gone before its
// properties are read always is.
func (c *listCommand) matching(client *gardenclient.Client) (listing, error) {
	filter, err := c.filter()
	if err != nil {
		return listing{}, err
	}
	handles, err := client.ListMatching(c.app.ctx, filter)
	if err != nil {
		return listing{}, err
	}
	verify := len(filter) > 1
	if !verify && !c.Verbose {
		return listing{handles: handles}, nil
	}

	told, err := client.AllProperties(c.app.ctx, handles)
	found := listing{properties: map[string]map[string]string{}}
	consequence := ""
	if verify {
		consequence = ": left out, since not all of --properties could be verified"
	}
	for _, handle := range handles {
		one, asked := told[handle]
		isTold := asked && one.Err == nil
		var gone garden.ContainerNotFoundError
		switch {
		case errors.As(one.Err, &gone) && gone.Handle == handle:
			continue
		case asked && !isTold:
			found.doubts = append(found.doubts, fmt.Errorf("%w%s", one.Err, consequence))
		}
		if verify && !(isTold && has(one.Properties, filter)) {
			continue
		}
		found.handles = append(found.handles, handle)
		if isTold {
			found.properties[handle] = one.Properties
		}
	}
	if unasked := len(handles) - len(told); err != nil && unasked > 0 {
		found.doubts = append(found.doubts, fmt.Errorf("%s without properties: %w%s", plural(unasked, "container"), err, consequence))
	}
	return found, nil
}

// has tells that properties are all that a filter asks for. What Guardian takes
// for all states is no property of a container.
func has(properties map[string]string, filter garden.Properties) bool {
	for name, value := range filter {
		if name == "garden.state" && value == "all" {
			continue
		}
		if got, is := properties[name]; !is || got != value {
			return false
		}
	}
	return true
}
