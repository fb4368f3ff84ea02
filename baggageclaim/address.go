package baggageclaim

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// CheckAddress tells what is wrong with an address as people give it to
// NewAPI: host:port, with or without http:// before it.
func CheckAddress(address string) error {
	bare := bareAddress(address)
	_, port, err := net.SplitHostPort(bare)
	if err != nil {
		return fmt.Errorf("%q is no address: want host:port, such as 127.0.0.1:7788", address)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return fmt.Errorf("%q: %q is no port: want host:port, such as 127.0.0.1:7788", address, port)
	}
	if asked, err := url.Parse("http://" + bare); err != nil || asked.Host != bare {
		return fmt.Errorf("%q is no address: want host:port, such as 127.0.0.1:7788", address)
	}
	return nil
}

func bareAddress(address string) string {
	return strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/")
}
