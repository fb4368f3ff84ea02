package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/jessevdk/go-flags"

	"weeder/cmd/weeder/nearest"
)

// ofKubernetes are variables that Kubernetes sets in each pod beside a service
// whose name begins with weeder.
var ofKubernetes = regexp.MustCompile(`^WEEDER_(?:.*_)?(?:SERVICE_HOST|SERVICE_PORT|PORT)(?:_|$)`)

// warnOfUnknownVariables tells of variables that look like an option's and are
// none: who sets WEEDER_DRYRUN believes that nothing is destroyed.
func (c *daemonCommand) warnOfUnknownVariables() error {
	parser, err := newParser(&app{})
	if err != nil {
		return err
	}
	known := map[string]bool{}
	eachOption(parser.Command, func(option *flags.Option) { known[option.EnvDefaultKey] = true })
	var own []string
	note := func(option *flags.Option) {
		if option.EnvDefaultKey != "" {
			own = append(own, strings.TrimPrefix(option.EnvDefaultKey, variablePrefix))
		}
	}
	eachOfGroup(parser.Group, note)
	eachOfGroup(parser.Find("daemon").Group, note)

	for _, name := range slices.Sorted(maps.Keys(c.app.variables)) {
		if known[name] || ofKubernetes.MatchString(name) {
			continue
		}
		hint := "see weeder daemon --help"
		if near := nearest.To(strings.TrimPrefix(name, variablePrefix), own); len(near) > 0 {
			for i := range near {
				near[i] = variablePrefix + near[i]
			}
			hint = "did you mean " + oneOf(near) + "?"
		}
		c.app.warn("%s is no option: %s", name, hint)
	}
	return nil
}
