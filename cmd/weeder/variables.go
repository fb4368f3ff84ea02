package main

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/jessevdk/go-flags"
)

const variablePrefix = "WEEDER_"

// variables are those of the environment that can stand for options. The
// parser does not see them: it would read those of every command, though one
// command alone runs, give up at the first that is wrong, and not say that it
// was a variable.
type variables map[string]string

// takeVariables takes them out of the environment.
func takeVariables() variables {
	taken := variables{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, variablePrefix) {
			taken[name] = value
			os.Unsetenv(name)
		}
	}
	return taken
}

// of is the value for an option. An empty one is a value where any text is:
// elsewhere a template left it empty, and it means nothing.
func (v variables) of(option *flags.Option) (value string, set bool) {
	value, set = v[option.EnvDefaultKey]
	isText := option.Field().Type == reflect.TypeFor[string]() && option.Field().Tag.Get("variable") != "filled"
	return value, set && (value != "" || isText)
}

// valuesOf are those for an option that can have several.
func (v variables) valuesOf(option *flags.Option) []string {
	value, set := v.of(option)
	switch {
	case !set:
		return nil
	case option.EnvDefaultDelim == "":
		return []string{value}
	}
	var values []string
	for part := range strings.SplitSeq(value, option.EnvDefaultDelim) {
		if part = strings.TrimSpace(part); part != "" {
			values = append(values, part)
		}
	}
	return values
}

// variableOf is the environment variable of an option.
func variableOf(longName string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(longName, "-", "_"))
}

// nameVariable has the help tell an option's variable.
func nameVariable(option *flags.Option) {
	if option.LongName != "" && option.LongName != "help" && option.Field().Tag.Get("variable") != "none" {
		option.EnvDefaultKey = variableOf(option.LongName)
	}
}

// eachOption visits the options of a command and of those within it.
func eachOption(command *flags.Command, visit func(*flags.Option)) {
	eachOfGroup(command.Group, visit)
	for _, sub := range command.Commands() {
		eachOption(sub, visit)
	}
}

func eachOfGroup(group *flags.Group, visit func(*flags.Option)) {
	for _, option := range group.Options() {
		visit(option)
	}
	for _, within := range group.Groups() {
		eachOfGroup(within, visit)
	}
}

// readVariables gives the options that the command line leaves out what the
// environment has for them. It finds every mistake in that, but for options
// that were left out of the command line for one of their own.
func (a *app) readVariables(parser *flags.Parser, left []string) []error {
	var mistakes []error
	a.origins = map[string]string{}
	read := func(option *flags.Option) {
		added := option.Field().Tag.Get("variable") == "added"
		if !option.IsSetDefault() && !added || slices.Contains(left, option.LongName) {
			return
		}
		for _, value := range a.variables.valuesOf(option) {
			if err := option.Set(&value); err != nil {
				mistakes = append(mistakes, &flags.Error{Type: flags.ErrMarshal, Message: fmt.Sprintf(
					"invalid argument for flag `%s' (from %s) (expected %s): %v", option, option.EnvDefaultKey, option.Field().Type, err)})
			}
			if option.IsSetDefault() {
				a.origins[option.LongName] = option.EnvDefaultKey
			}
		}
	}
	eachOfGroup(parser.Group, read)
	if parser.Active != nil {
		eachOfGroup(parser.Active.Group, read)
	}
	a.settleTarget(parser)
	return mistakes
}

// settleTarget takes GAOL_TARGET where neither --target nor WEEDER_TARGET is
// given, and notes what gave the target.
func (a *app) settleTarget(parser *flags.Parser) {
	const gaols = "GAOL_TARGET"
	option := parser.FindOptionByLongName("target")
	_, own := a.variables.of(option)
	switch {
	case !option.IsSetDefault():
		a.global.targetFrom = "--target"
	case own:
		a.global.targetFrom = option.EnvDefaultKey
	case os.Getenv(gaols) != "":
		a.global.Target, a.global.targetFrom = os.Getenv(gaols), gaols
		a.origins["target"] = gaols
	}
}

// aboutOption finds which option a mistake is about.
var aboutOption = regexp.MustCompile(`^--([a-z-]+)`)

// withOrigin adds to a mistake the variable that is to be mended.
func (a *app) withOrigin(err error) error {
	mistake, is := err.(usageError)
	if !is {
		return err
	}
	option := aboutOption.FindStringSubmatch(mistake.message)
	if option == nil || a.origins[option[1]] == "" {
		return err
	}
	return usagef("%s (from %s)%s", option[0], a.origins[option[1]], strings.TrimPrefix(mistake.message, option[0]))
}
