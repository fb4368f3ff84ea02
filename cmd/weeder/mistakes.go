package main

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/jessevdk/go-flags"
)

// checker is a command that can tell every mistake in its options before it
// runs.
type checker interface{ check() error }

// checkAll finds what the parser can't: values of the right type that make no
// sense.
func (a *app) checkAll(command flags.Commander) error {
	mistakes := []error{a.global.check()}
	if checker, can := command.(checker); can {
		mistakes = append(mistakes, checker.check())
	}
	return errors.Join(mistakes...)
}

// parse parses and runs the command. The parser gives up at the first mistake;
// whoever configures a daemon wants to know all of them: so it is asked again
// without those that it has told, and runs nothing then.
func (a *app) parse(args []string) error {
	parser, err := newParser(a)
	if err != nil {
		return err
	}
	args = asksForHelp(args)
	parser.CompletionHandler = func(found []flags.Completion) { a.complete(parser, args, found) }
	_, err = parser.ParseArgs(args)
	a.noteCommand(parser)
	var mistake *flags.Error
	if !errors.As(err, &mistake) || mistake.Type == flags.ErrHelp {
		return err
	}

	mistakes := []error{err}
	var left []string
	for {
		rest, dropped := without(args, mistake)
		if !dropped {
			return errors.Join(mistakes...)
		}
		args, left = rest, append(left, longName(mistake))
		again := &app{ctx: a.ctx}
		parser, err := newParser(again)
		if err != nil {
			return err
		}
		requireNot(parser, left)
		parser.CommandHandler = func(command flags.Commander, _ []string) error {
			again.settleTarget(parser)
			return again.checkAll(command)
		}
		_, err = parser.ParseArgs(args)
		a.noteCommand(parser)
		// One of a variable is told again when what is given in its place is left out.
		told := func(other error) bool { return other.Error() == err.Error() }
		if err != nil && !slices.ContainsFunc(mistakes, told) {
			mistakes = append(mistakes, err)
		}
		if !errors.As(err, &mistake) {
			return errors.Join(mistakes...)
		}
	}
}

// noteCommand keeps the command's name, whose help an error names. The parser
// may have got there only once a mistake before it was left out.
func (a *app) noteCommand(parser *flags.Parser) {
	if parser.Active != nil {
		a.command = parser.Active.Name
	}
}

// named finds the option in the parser's words: `--grace', `-t, --target' or,
// unknown, `graec'.
var named = regexp.MustCompile("flag `(?:-., )?(?:--)?([A-Za-z0-9-]+)'")

// longName is the option that a mistake is about; empty: it is about none.
func longName(mistake *flags.Error) string {
	if found := named.FindStringSubmatch(mistake.Message); found != nil {
		return found[1]
	}
	return ""
}

// requireNot has the parser not miss the options that were left out.
func requireNot(parser *flags.Parser, left []string) {
	for _, name := range left {
		for _, command := range parser.Commands() {
			if option := command.FindOptionByLongName(name); option != nil {
				option.Required = false
			}
		}
	}
}

// without leaves out the option that a mistake is about, from the arguments or
// else from the environment, and tells whether it was there.
func without(args []string, mistake *flags.Error) ([]string, bool) {
	name := longName(mistake)
	if name == "" {
		return nil, false
	}
	long := "--" + name
	at := slices.IndexFunc(args, func(arg string) bool { return arg == long || strings.HasPrefix(arg, long+"=") })
	if at >= 0 {
		end := at + 1
		if args[at] == long && mistake.Type == flags.ErrMarshal && end < len(args) {
			end++
		}
		return slices.Delete(slices.Clone(args), at, end), true
	}
	variable := variableOf(name)
	if _, set := os.LookupEnv(variable); !set {
		return nil, false
	}
	os.Unsetenv(variable)
	return args, true
}

// each gives the errors that errors.Join joined, those within those too. One
// that wraps several in words of its own is one.
func each(err error) []error {
	joined, several := err.(interface{ Unwrap() []error })
	if !several {
		return []error{err}
	}
	var all []error
	var texts []string
	for _, err := range joined.Unwrap() {
		all = append(all, each(err)...)
		texts = append(texts, err.Error())
	}
	if err.Error() != strings.Join(texts, "\n") {
		return []error{err}
	}
	return all
}
