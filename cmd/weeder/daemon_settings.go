package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"weeder/baggageclaim"
	"weeder/reaper"
	"weeder/status"
)

// setting is a part of the configuration as the daemon goes by it.
type setting struct {
	name, value string
	// note is where it comes from, or what is to be known about it. Empty: that
	// is all.
	note string
}

// settings are what weeder makes of the configuration on this worker now. What
// is not there is told, and no mistake: a daemon may be started before it.
func (c *daemonCommand) settings(policy reaper.Policy) []setting {
	global := c.app.global
	return []setting{
		{"target", global.Target, cmp.Or(prefixed("from ", global.targetFrom), "the default")},
		c.volumesSetting(),
		pathSetting("depot", global.Depot, "where Garden says"),
		c.containerdSetting(),
		{name: "baggageclaim", value: cmp.Or(global.Baggageclaim, "none")},
		pathSetting("journal", global.journalDir(), ""),
		c.listenSetting(),
		{name: "interval", value: c.Interval.String()},
		{name: "grace", value: policy.Grace.String()},
		{name: "busy-grace", value: policy.BusyGrace.String()},
		{name: "protect", value: cmp.Or(strings.Join(c.protected(), ", "), "none")},
		{name: "dry-run", value: strconv.FormatBool(c.DryRun)},
	}
}

func (c *daemonCommand) volumesSetting() setting {
	path, err := baggageclaim.Locate(c.app.global.Volumes)
	if err != nil {
		return setting{"volumes", "none yet", "none of Concourse's usual places is there: name it with --volumes"}
	}
	return pathSetting("volumes", path, "")
}

func (c *daemonCommand) containerdSetting() setting {
	s := pathSetting("containerd", c.app.global.Containerd, "none")
	if c.app.global.Containerd != "" {
		s.note = "namespace " + c.app.global.ContainerdNamespace + prefixed(", ", s.note)
	}
	return s
}

func (c *daemonCommand) listenSetting() setting {
	note := ""
	if loopback, err := status.Loopback(c.Listen); err == nil && !loopback {
		note = "beyond this machine: whoever reaches it can read this worker's handles, and change nothing"
	}
	return setting{"listen", cmp.Or(c.Listen, "none"), note}
}

// pathSetting says of a path, if one is given, what keeps it from being used
// now.
func pathSetting(name, path, otherwise string) setting {
	if path == "" {
		return setting{name: name, value: otherwise}
	}
	_, err := os.Stat(path)
	switch {
	case err == nil:
		return setting{name: name, value: path}
	case errors.Is(err, fs.ErrNotExist):
		return setting{name, path, "not there now"}
	}
	var fault *fs.PathError
	if errors.As(err, &fault) {
		err = fault.Err
	}
	return setting{name, path, "can't be looked at: " + err.Error()}
}

// prefixed is a text with another before it, and nothing for none.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// showSettings prints them for --check.
func (c *daemonCommand) showSettings(settings []setting) {
	out := table{headers: []string{"option", "value"}}
	for _, s := range settings {
		text := s.value
		if s.note != "" {
			text += " (" + s.note + ")"
		}
		out.rows = append(out.rows, []cell{{text: s.name}, {text: text}})
	}
	// What follows is no part of a table, so it has no headers, either.
	out.write(c.app.stdout, false)
}
