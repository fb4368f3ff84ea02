package gardenclient

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
)

const socketScheme = "unix://"

// Target is where a Garden listens.
type Target struct {
	// Network is "tcp" or "unix".
	Network string
	// Address is host:port, or the path of the socket.
	Address string
}

// ParseTarget reads a target as people write it: unix://PATH, an absolute path,
// the path of a socket that exists, or host:port.
func ParseTarget(target string) (Target, error) {
	if target == "" {
		return Target{}, errors.New("empty target: want host:port, unix://PATH or the path of a socket")
	}

	if path, ok := strings.CutPrefix(target, socketScheme); ok {
		if path == "" {
			return Target{}, fmt.Errorf("target %q names no socket: want unix://PATH", target)
		}
		return Target{Network: "unix", Address: path}, nil
	}
	if strings.Contains(target, "://") {
		return Target{}, fmt.Errorf("target %q: want host:port, unix://PATH or the path of a socket", target)
	}

	info, err := os.Stat(target)
	switch {
	case err == nil && info.Mode().Type() != os.ModeSocket:
		return Target{}, fmt.Errorf("target %q is there, but is no socket", target)
	case err == nil:
		return Target{Network: "unix", Address: target}, nil
	case strings.HasPrefix(target, "/") && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)):
		// It can be nothing else, and a daemon may be started before Garden. Who
		// may not look for it is told so when nothing can be asked.
		return Target{Network: "unix", Address: target}, nil
	case strings.Contains(target, "/") && !errors.Is(err, fs.ErrNotExist):
		return Target{}, fmt.Errorf("target %q: %w", target, err)
	}

	_, port, err := net.SplitHostPort(target)
	if err != nil {
		if strings.Contains(target, "/") {
			return Target{}, fmt.Errorf("target %q: no socket is there", target)
		}
		return Target{}, fmt.Errorf("target %q%s", target, wantPort(target))
	}
	if number, err := net.LookupPort("tcp", port); err != nil || number == 0 {
		return Target{}, fmt.Errorf("target %q: %q is no port", target, port)
	}
	return Target{Network: "tcp", Address: target}, nil
}

// wantPort says what a target lacks that is no host:port.
func wantPort(target string) string {
	if _, err := net.LookupPort("tcp", target); err == nil {
		return " has no host: want host:port, such as 127.0.0.1:" + target
	}
	if strings.Contains(target, ":") {
		return ": want host:port, an address of IPv6 in brackets, such as [::1]:7777"
	}
	return fmt.Sprintf(" has no port: want host:port, such as %s:7777", target)
}

// String is the target as ParseTarget reads it.
func (t Target) String() string {
	if t.Network == "unix" {
		return socketScheme + t.Address
	}
	return t.Address
}
