package main

import (
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// binary tells how large weeder is, and by whom.
func (b *bench) binary() error {
	info, err := os.Stat(b.tool("weeder"))
	if err != nil {
		return err
	}
	// The one in bin has no symbols.
	symbols := filepath.Join(b.place, "weeder-with-symbols")
	build := exec.Command("go", "build", "-trimpath", "-tags", "grpcnotrace", "-o", symbols, "./cmd/weeder")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, text)
	}
	version, err := exec.Command("go", "version", "-m", symbols).Output()
	if err != nil {
		return err
	}
	sizes, err := sizesIn(symbols, modulesIn(string(version)))
	if err != nil {
		return err
	}
	owners := slices.SortedFunc(maps.Keys(sizes), func(a, b string) int { return sizes[b] - sizes[a] })

	t := table{headers: []string{"", "kB"}}
	rest := 0
	for _, owner := range owners {
		if sizes[owner] < 20_000 {
			rest += sizes[owner]
			continue
		}
		t.add(owner, strconv.Itoa(sizes[owner]/1000))
	}
	t.add("all others", strconv.Itoa(rest/1000))
	b.report.section("The binary", fmt.Sprintf(`%.1f MB as built, static and without symbols. By module, as the linker's symbols say: code and data. .gopclntab are the line
tables, .rodata type descriptors and strings, of all modules alike.`, float64(info.Size())/1e6), t)
	return nil
}

// sizesIn sums the symbols in a file by their module, in bytes.
func sizesIn(path string, modules []string) (map[string]int, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	symbols, err := file.Symbols()
	if err != nil {
		return nil, err
	}

	sizes, told := map[string]int{}, map[elf.SectionIndex]int{}
	for _, symbol := range symbols {
		// What has no section is not here, and what has no bits takes no room.
		if int(symbol.Section) >= len(file.Sections) || file.Sections[symbol.Section].Type == elf.SHT_NOBITS {
			continue
		}
		sizes[ownerOf(symbol.Name, modules)] += int(symbol.Size)
		told[symbol.Section] += int(symbol.Size)
	}
	for i, section := range file.Sections {
		// Those with an address are in a file without symbols, too.
		if rest := int(section.Size) - told[elf.SectionIndex(i)]; section.Addr != 0 && section.Type != elf.SHT_NOBITS && rest > 0 {
			sizes["(no symbol, in "+section.Name+")"] += rest
		}
	}
	return sizes, nil
}

// modulesIn are those that go version -m lists, the longest first.
func modulesIn(version string) []string {
	modules := []string{"weeder"}
	for line := range strings.Lines(version) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "dep" {
			modules = append(modules, fields[1])
		}
	}
	slices.SortFunc(modules, func(a, b string) int { return len(b) - len(a) })
	return modules
}

// ownerOf is the module of a symbol.
func ownerOf(symbol string, modules []string) string {
	// Such as type:.eq.weeder/reaper.Bind, go:itab.*os.File,io.Reader.
	name := symbol
	if _, of, found := strings.Cut(symbol, ":"); found {
		name = strings.TrimLeft(prefixes.Replace(of), "*[]")
	}
	for _, module := range modules {
		if name == module || strings.HasPrefix(name, module+"/") || strings.HasPrefix(name, module+".") {
			return module
		}
	}
	switch {
	case strings.HasPrefix(name, "main."):
		return "weeder"
	case name != symbol:
		return "(types, and what the compiler makes)"
	}
	return "Go's standard library and runtime"
}

var prefixes = strings.NewReplacer(".eq.", "", ".hash.", "", "itab.", "")
