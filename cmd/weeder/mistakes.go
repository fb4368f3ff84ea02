package main

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/jessevdk/go-flags"
)

// checker is a command that can tell every mistake in its options before it
// runs.
type checker interface{ check() error }

// checkAll finds what the parser can't: what is wrong in the environment, and
// values of the right type that make no sense. The options that were left out
// of the command line have been told of.
func (a *app) checkAll(parser *flags.Parser, command flags.Commander, left []string) error {
	mistakes := a.readVariables(parser, left)
	a.given = func(name string) bool {
		option := parser.Active.FindOptionByLongName(name)
		return option != nil && !option.IsSetDefault()
	}
	found := []error{a.global.check()}
	if checker, can := command.(checker); can {
		found = append(found, checker.check())
	}
	for _, mistake := range each(errors.Join(found...)) {
		mistakes = append(mistakes, a.withOrigin(mistake))
	}
	return errors.Join(mistakes...)
}

// parse parses and runs the command. The parser gives up at the first mistake;
// whoever configures a daemon wants to know all of them: so it is asked again
// without those that it has told, and runs nothing then.
func (a *app) parse(args []string) error {
	args = asksForHelp(args)
	mistake, err := a.attempt(args, nil, flags.Commander.Execute)
	if mistake == nil {
		return err
	}

	mistakes := []error{mistake}
	var left []string
	for {
		rest, dropped := without(args, mistake)
		if !dropped {
			return errors.Join(mistakes...)
		}
		args, left = rest, append(left, longName(mistake))
		again := &app{ctx: a.ctx, terminal: a.terminal, variables: a.variables}
		mistake, err = again.attempt(args, left, func(flags.Commander, []string) error { return nil })
		a.command = cmp.Or(again.command, a.command)
		if mistake == nil {
			if isHelp(err) {
				err = nil
			}
			return errors.Join(append(mistakes, err)...)
		}
		// One that is made twice is told once.
		told := func(other error) bool { return other.Error() == mistake.Error() }
		if !slices.ContainsFunc(mistakes, told) {
			mistakes = append(mistakes, mistake)
		}
	}
}

// attempt parses the arguments and, where there is nothing wrong with them,
// does something with the command. The mistake is what the parser stopped at.
func (a *app) attempt(args, left []string, do func(flags.Commander, []string) error) (mistake *flags.Error, err error) {
	parser, err := newParser(a)
	if err != nil {
		return nil, err
	}
	requireNot(parser, left)
	parsed := false
	parser.CommandHandler = func(command flags.Commander, rest []string) error {
		parsed = true
		if err := a.checkAll(parser, command, left); err != nil {
			return err
		}
		return do(command, rest)
	}
	parser.CompletionHandler = func(found []flags.Completion) { a.complete(parser, args, found) }
	_, err = parser.ParseArgs(args)
	if parser.Active != nil {
		// Its help is named by an error.
		a.command = parser.Active.Name
	}
	if !parsed && !isHelp(err) && errors.As(err, &mistake) {
		return mistake, nil
	}
	return nil, err
}

// isHelp tells that it is no error, but help that was asked for.
func isHelp(err error) bool {
	var help *flags.Error
	return errors.As(err, &help) && help.Type == flags.ErrHelp
}

// named finds the option in the parser's words: `--grace', `-t, --target' or,
// unknown, `graec' or `g'.
var named = regexp.MustCompile("flag `(?:-(.), )?(?:--)?([A-Za-z0-9-]+)'")

// longName is the option that a mistake is about; empty: it is about none.
func longName(mistake *flags.Error) string {
	if found := named.FindStringSubmatch(mistake.Message); found != nil {
		return found[2]
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

// refused is what the parser does not take for a value, since it begins with a
// dash, though no option does so: a negative number.
var refused = regexp.MustCompile("but got option `-[0-9.].*'$")

// without leaves out of the arguments the option that a mistake is about, with
// its value, and tells whether it was there.
func without(args []string, mistake *flags.Error) ([]string, bool) {
	found := named.FindStringSubmatch(mistake.Message)
	if found == nil {
		return nil, false
	}
	short, long := found[1], "--"+found[2]
	if len(found[2]) == 1 {
		short = found[2]
	}
	hasValue := mistake.Type == flags.ErrMarshal || refused.MatchString(mistake.Message)
	for at, arg := range args {
		end := at + 1
		switch {
		case arg == long, short != "" && arg == "-"+short:
			if hasValue && end < len(args) {
				end++
			}
		case strings.HasPrefix(arg, long+"="), short != "" && strings.HasPrefix(arg, "-"+short):
		default:
			continue
		}
		return slices.Delete(slices.Clone(args), at, end), true
	}
	return nil, false
}

// each gives the errors that errors.Join joined, those within those too. One
// that wraps several in words of its own is one.
func each(err error) []error {
	if err == nil {
		return nil
	}
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
