package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/jessevdk/go-flags"
)

// welcome is for who types weeder and nothing else.
const welcome = `weeder finds the leaked containers of a Concourse worker and destroys them.

Begin on the worker, as root. These three destroy nothing:
  weeder scan              show every container, and which are leaked
  weeder explain HANDLE    show the evidence for one of them
  weeder reap --dry-run    show what would be destroyed

weeder reap then destroys it. gaol's commands are there too, such as weeder
list and weeder shell HANDLE.

For all commands, see weeder --help; for one of them, with an example, see
weeder COMMAND --help.
`

// helpText has what a person asks for before the options that every command
// has. The parser's own text ends with it.
func helpText(text string) string {
	about, rest, _ := strings.Cut(text, "\nGlobal Options:\n")
	global, own := rest, ""
	if at := strings.Index(rest, "\nAvailable commands:\n"); at >= 0 {
		global, own = rest[:at], commandList()
	} else if at := strings.Index(rest, "\n["); at >= 0 {
		global, own = rest[:at], rest[at:]
	}
	return about + own + "\nGlobal Options:\n" + strings.TrimRight(global, "\n")
}

// commandList shows the commands by what they are for.
func commandList() string {
	var list strings.Builder
	for _, section := range sections(nil) {
		fmt.Fprintf(&list, "\n%s:\n", section.title)
		for _, command := range section.commands {
			fmt.Fprintf(&list, "  %-13s  %s\n", command.name, command.short)
		}
	}
	return list.String()
}

// asksForHelp has `weeder help` and `weeder help COMMAND` mean --help. What is
// to be completed stays as it is typed.
func asksForHelp(args []string) []string {
	if len(args) > 0 && args[0] == "help" && os.Getenv(completionVariable) == "" {
		return append(args[1:len(args):len(args)], "--help")
	}
	return args
}

// quoted finds what a parser's error is about.
var quoted = regexp.MustCompile("`([^']*)'")

// parseMistake says what is wrong with the command line.
func (a *app) parseMistake(err *flags.Error) string {
	message := lowerFirst(inWords(err.Message))
	if typed := quoted.FindStringSubmatch(message); err.Type == flags.ErrUnknownCommand && typed != nil {
		message = "unknown command " + typed[0]
		if near := nearestCommand(typed[1]); near != "" {
			return message + ": try weeder " + near + ", or see weeder --help"
		}
	}
	return message + ": see " + strings.Join(strings.Fields("weeder "+a.command+" --help"), " ")
}

// nearestCommand is the command that can be meant by a word with a letter
// wrong in two; empty: none is near.
func nearestCommand(typed string) string {
	nearest, least := "", len(typed)/2+1
	for _, section := range sections(nil) {
		for _, command := range section.commands {
			if distance := levenshtein.ComputeDistance(typed, command.name); distance < least {
				nearest, least = command.name, distance
			}
		}
	}
	return nearest
}
