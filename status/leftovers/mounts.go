package leftovers

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// mounts are the mount points by the directory that they are in and the name
// that they have there, each with the type of what is mounted. To stat a mount
// point is to ask what is mounted there, which may hang.
type mounts map[string]map[string]string

// readMounts reads a mountinfo, as proc(5) has it.
func readMounts(path string) (mounts, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tell what is mounted: %w", err)
	}

	found := mounts{}
	for line := range strings.Lines(string(text)) {
		mount, mounted, separated := strings.Cut(line, " - ")
		fields, types := strings.Fields(mount), strings.Fields(mounted)
		if !separated || len(fields) < 5 || len(types) == 0 {
			return nil, fmt.Errorf("tell what is mounted: %s: malformed line %q", path, line)
		}
		dir, name := filepath.Split(unescapeMount(fields[4]))
		dir = filepath.Clean(dir)
		if found[dir] == nil {
			found[dir] = map[string]string{}
		}
		found[dir][name] = types[0]
	}
	return found, nil
}

// unescapeMount undoes the octal escapes of blanks and backslashes.
func unescapeMount(text string) string {
	before, rest, escaped := strings.Cut(text, `\`)
	if !escaped {
		return text
	}
	var out strings.Builder
	for escaped {
		out.WriteString(before)
		if len(rest) >= 3 {
			if char, err := strconv.ParseUint(rest[:3], 8, 8); err == nil {
				out.WriteByte(byte(char))
				rest = rest[3:]
			}
		}
		before, rest, escaped = strings.Cut(rest, `\`)
	}
	out.WriteString(before)
	return out.String()
}
