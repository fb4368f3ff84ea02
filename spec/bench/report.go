package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// report is what has been measured so far, in Markdown.
type report struct {
	began    time.Time
	header   string
	budgets  []budget
	sections strings.Builder
}

type budget struct {
	what, bound, measured string
	met                   bool
}

func (r *report) budget(what, bound, measured string, met bool) {
	r.budgets = append(r.budgets, budget{what: what, bound: bound, measured: measured, met: met})
}

func (r *report) section(title, notes string, tables ...table) {
	fmt.Fprintf(&r.sections, "\n## %s\n\n%s\n", title, notes)
	for _, t := range tables {
		fmt.Fprintf(&r.sections, "\n%s", t.text())
	}
}

// head says on what it is measured.
func (r *report) head(b *bench) {
	how := "in full"
	if b.quick {
		how = "in short (-quick): the figures below are few, of small workers"
	}
	load, _ := os.ReadFile("/proc/loadavg")
	one, _, _ := strings.Cut(string(load), " ")
	r.header = fmt.Sprintf(`# What weeder costs

Written by make bench on %s, measured %s.

| | |
|---|---|
| machine | %d cores, %s |
| kernel | %s |
| load when it began | %s |
| Go | %s |
| weeder | %s |
| worker | the sandbox: garden/server over an in-memory backend, bundles and volumes on %s |
`, r.began.UTC().Format("2006-01-02 15:04 UTC"), how, runtime.NumCPU(), processor(), strings.TrimSpace(output("uname", "-sr")), one,
		runtime.Version(), strings.TrimSpace(output(b.tool("weeder"), "version")), fileSystem(b.place))
}

func (r *report) text() string {
	return r.header + "\n## The budgets\n\n" + r.table() + r.sections.String() +
		fmt.Sprintf("\nMeasured within %s.\n", time.Since(r.began).Round(time.Second))
}

// table is the budgets, met and not.
func (r *report) table() string {
	t := table{headers: []string{"", "budget", "measured", ""}}
	for _, one := range r.budgets {
		is := "**not met**"
		if one.met {
			is = "met"
		}
		t.add(one.what, one.bound, one.measured, is)
	}
	return "Medians, with the least and the most in parentheses.\n\n" + t.text()
}

// The README has the table between these lines.
const (
	tableBegins = "<!-- written by make bench -->\n"
	tableEnds   = "<!-- until here -->\n"
)

// putIn puts the table into a README.
func (r *report) putIn(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(data), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return fmt.Errorf("%s has no place for the table: %q to %q", path, tableBegins, tableEnds)
	}
	text := before + tableBegins + "\n" + r.table() + "\n" + tableEnds + after
	return os.WriteFile(path, []byte(text), 0o644)
}

// output of a command; empty where it fails, since nothing depends on it.
func output(name string, args ...string) string {
	text, _ := exec.Command(name, args...).Output()
	return string(text)
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func fileSystem(path string) string {
	if kind := strings.TrimSpace(output("stat", "--file-system", "--format=%T", path)); kind != "" {
		return kind
	}
	return "a file system that stat does not tell"
}

// table is one in Markdown.
type table struct {
	headers []string
	rows    [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t table) text() string {
	var text strings.Builder
	line := func(cells []string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.headers)
	text.WriteString(strings.Repeat("|---", len(t.headers)) + "|\n")
	for _, row := range t.rows {
		line(row)
	}
	return text.String()
}
