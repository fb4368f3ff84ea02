package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"weeder/cmd/sandbox/backend"
)

// place is where everything of a sandbox is: addresses as weeder takes them, and absolute paths.
type place struct {
	Target       string `json:"target"`
	Baggageclaim string `json:"baggageclaim"`
	Control      string `json:"control"`
	Dir          string `json:"dir"`
	Volumes      string `json:"volumes"`
	// Depot is empty over containerd.
	Depot string `json:"depot"`
	// Containerd is where containerd's socket would be; empty on Guardian.
	Containerd string `json:"containerd"`
	// Files has a directory for each container where processes are real; empty where they are not.
	Files string `json:"files"`
}

// write makes a file appear with everything in it at once.
func (p place) write(path string) error {
	encoded, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encoding ready file: %w", err)
	}

	temporary, err := os.CreateTemp(filepath.Dir(path), ".sandbox-")
	if err != nil {
		return fmt.Errorf("writing ready file: %w", err)
	}
	defer os.Remove(temporary.Name())
	defer temporary.Close()

	if _, err := temporary.Write(append(encoded, '\n')); err != nil {
		return fmt.Errorf("writing ready file: %w", err)
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return fmt.Errorf("writing ready file: %w", err)
	}

	return nil
}

// print tells how to point weeder at it. On Guardian weeder is to do without the machine's own
// containerd, which is no part of the sandbox.
func (p place) print(w io.Writer, journal string, options options) {
	settings := [][2]string{
		{"target", p.Target},
		{"volumes", p.Volumes},
		{"baggageclaim", p.Baggageclaim},
		{"containerd", p.Containerd},
		{"journal", journal},
	}
	if options.Runtime == containerd && options.MaxContainers != backend.DefaultMaxContainers {
		// Garden does not say, and weeder goes by the default.
		settings = append(settings, [2]string{"max-containers", strconv.Itoa(options.MaxContainers)})
	}

	command := "weeder"
	fmt.Fprintf(w, "a worker with %d containers, %d of them leaked, in %s\n\n", options.Containers, options.Leaked, p.Dir)
	for _, setting := range settings {
		fmt.Fprintf(w, "  export WEEDER_%s=%s\n", variable(setting[0]), quote(setting[1]))
		command += " --" + setting[0] + " " + quote(setting[1])
	}
	fmt.Fprintf(w, "\n  %s scan\n", command)

	if p.Control != "" {
		fmt.Fprintf(w, "\n  curl http://%s/faults\n", p.Control)
	}
	fmt.Fprintln(w, "\ninterrupt it when you are done, and it is gone")
}

func variable(option string) string {
	return strings.ToUpper(strings.ReplaceAll(option, "-", "_"))
}

var plain = regexp.MustCompile(`^[A-Za-z0-9/._:@%+=-]+$`)

// quote makes one word of a string for a shell.
func quote(word string) string {
	if plain.MatchString(word) {
		return word
	}

	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// networkOf tells a unix socket's path from host:port.
func networkOf(address string) (network, path string) {
	if path, ok := strings.CutPrefix(address, "unix://"); ok {
		return "unix", path
	}
	if strings.Contains(address, "/") {
		return "unix", address
	}

	return "tcp", address
}
