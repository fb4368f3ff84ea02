package status

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Loopback tells whether only the machine itself reaches an address to listen on,
// host:port. A name other than localhost does not count as such: whoever resolves
// it may change. An error says that the address can't be one.
func Loopback(address string) (bool, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false, fmt.Errorf("parse listen address: %w", err)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return false, fmt.Errorf("parse listen address %s: %w", address, err)
	}
	if strings.EqualFold(host, "localhost") {
		return true, nil
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback(), nil
}
