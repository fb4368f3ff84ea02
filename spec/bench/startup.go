package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// initialized is a package that took a while at the start.
type initialized struct {
	name         string
	took         float64
	bytes, times string
}

// startUp tells what weeder builds before it does anything.
func (b *bench) startUp() error {
	all := map[string]series{}
	last := map[string]initialized{}
	var whole series
	for range b.runs {
		packages, err := b.initTrace()
		if err != nil {
			return err
		}
		sum := 0.0
		for _, one := range packages {
			all[one.name], last[one.name] = append(all[one.name], one.took), one
			sum += one.took
		}
		whole = append(whole, sum)
	}

	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if all[a].median() > all[b].median() {
			return -1
		}
		return 1
	})
	t := table{headers: []string{"package", "time", "bytes", "allocations"}}
	for _, name := range names {
		if all[name].median() < 0.05 {
			break
		}
		t.add(name, all[name].text("ms"), last[name].bytes, last[name].times)
	}
	b.report.section("Start-up", fmt.Sprintf(`What packages build before main, as GODEBUG=inittrace=1 tells of %s: %s in all, over %d runs; those that take more
than 0.05 ms:`, "`weeder --help`", whole.text("ms"), b.runs), t)
	return nil
}

// initTrace is one start of weeder.
func (b *bench) initTrace() ([]initialized, error) {
	help := exec.Command(b.tool("weeder"), "--help")
	help.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	help.Stderr = &trace
	if err := help.Run(); err != nil {
		return nil, err
	}
	var packages []initialized
	for line := range strings.Lines(trace.String()) {
		// init NAME @0.1 ms, 0.02 ms clock, 64 bytes, 3 allocs
		fields := strings.Fields(line)
		if len(fields) != 11 || fields[0] != "init" {
			continue
		}
		took, err := strconv.ParseFloat(fields[4], 64)
		if err != nil {
			return nil, err
		}
		packages = append(packages, initialized{name: fields[1], took: took, bytes: fields[7], times: fields[9]})
	}
	return packages, nil
}
