package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"

	"code.cloudfoundry.org/garden"

	"weeder/gardenclient"
)

type netInCommand struct {
	app *app
	oneHandle
	Port uint16 `short:"p" long:"port" description:"container port" required:"yes"`
}

// Execute runs the command.
func (c *netInCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	client := c.app.garden()
	defer client.Close()
	port, err := client.NetIn(c.app.ctx, c.handle(), c.Port)
	if err != nil {
		return c.app.aboutHandle(client, c.handle(), err)
	}
	fmt.Fprintln(c.app.stdout, net.JoinHostPort(c.app.gardenHost(), strconv.FormatUint(uint64(port), 10)))
	return nil
}

// gardenHost is the host that Garden's mapped ports are on, as the target tells
// it: a socket is on this one.
func (a *app) gardenHost() string {
	target, err := gardenclient.ParseTarget(a.global.Target)
	if err != nil || target.Network == "unix" {
		return "127.0.0.1"
	}
	// ParseTarget takes no other.
	host, _, _ := net.SplitHostPort(target.Address)
	return host
}

type netOutCommand struct {
	app *app
	oneHandle
	Protocol  protocolFlag `short:"p" long:"protocol" description:"protocol to whitelist, only supports tcp or udp" required:"yes"`
	StartIP   ipFlag       `long:"ip-start" description:"start of IP range to whitelist, inclusive" required:"yes"`
	EndIP     ipFlag       `long:"ip-end" description:"end of IP range to whitelist, inclusive" required:"yes"`
	StartPort *uint16      `long:"port-start" description:"start of port range to whitelist, inclusive" required:"yes"`
	EndPort   *uint16      `long:"port-end" description:"end of port range to whitelist, inclusive" required:"yes"`
}

// check finds what the parser can't. What the parser has refused is nil.
func (c *netOutCommand) check() error {
	var mistakes []error
	start, end := c.StartIP.IP, c.EndIP.IP
	switch {
	case start == nil || end == nil:
	case (start.To4() == nil) != (end.To4() == nil):
		mistakes = append(mistakes, usagef("--ip-start and --ip-end: give two addresses of IPv4, or two of IPv6"))
	case bytes.Compare(start.To16(), end.To16()) > 0:
		mistakes = append(mistakes, usagef("--ip-end: %s is before --ip-start, %s", end, start))
	}
	if c.StartPort != nil && c.EndPort != nil && *c.EndPort < *c.StartPort {
		mistakes = append(mistakes, usagef("--port-end: %d is before --port-start, %d", *c.EndPort, *c.StartPort))
	}
	return errors.Join(mistakes...)
}

// Execute runs the command.
func (c *netOutCommand) Execute(args []string) error {
	if err := noArguments(args); err != nil {
		return err
	}
	client := c.app.garden()
	defer client.Close()
	if err := client.NetOut(c.app.ctx, c.handle(), c.rule()); err != nil {
		return c.app.aboutHandle(client, c.handle(), err)
	}
	fmt.Fprintln(c.app.stdout, "applied")
	return nil
}

func (c *netOutCommand) rule() garden.NetOutRule {
	protocol := garden.ProtocolTCP
	if c.Protocol == "udp" {
		protocol = garden.ProtocolUDP
	}
	return garden.NetOutRule{
		Protocol: protocol,
		Networks: []garden.IPRange{{Start: c.StartIP.IP, End: c.EndIP.IP}},
		Ports:    []garden.PortRange{{Start: *c.StartPort, End: *c.EndPort}},
	}
}

// protocolFlag is tcp or udp.
type protocolFlag string

// UnmarshalFlag implements flags.Unmarshaler.
func (f *protocolFlag) UnmarshalFlag(value string) error {
	return choose(f, value, "tcp", "udp")
}

// ipFlag is an IP address. It is no slice, as net.IP is: the parser has notions
// of its own about slices.
type ipFlag struct{ net.IP }

// UnmarshalFlag implements flags.Unmarshaler.
func (f *ipFlag) UnmarshalFlag(value string) error {
	if f.IP = net.ParseIP(value); f.IP == nil {
		return fmt.Errorf("invalid IP: '%s'", value)
	}
	return nil
}
