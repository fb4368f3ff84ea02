package main

import (
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jessevdk/go-flags"

	"weeder/reaper"
)

// globalOptions are those of every command. Those tagged complete:"files" are
// paths, or can be.
type globalOptions struct {
	Target              string        `short:"t" long:"target" default:"127.0.0.1:7777" variable:"filled" description:"Garden's address, host:port; an existing or absolute path, or unix://PATH, is a socket (also GAOL_TARGET)" complete:"files"`
	Timeout             time.Duration `long:"timeout" default:"30s" description:"longest wait for an answer of Garden or baggageclaim; at least 1ms"`
	Volumes             string        `long:"volumes" description:"baggageclaim's volumes directory (default: the first that exists of Concourse's usual places)" complete:"files"`
	Baggageclaim        string        `long:"baggageclaim" default:"127.0.0.1:7788" description:"baggageclaim's address, the second witness; '' to do without: then expiry alone never makes a destroy"`
	Containerd          string        `long:"containerd" default:"/run/containerd/containerd.sock" description:"containerd's socket; '' to do without" complete:"files"`
	ContainerdNamespace string        `long:"containerd-namespace" default:"concourse" description:"containerd's namespace of Concourse's containers"`
	Depot               string        `long:"depot" description:"Guardian's depot, where the bundles are (default: where Garden says)" complete:"files"`
	Journal             string        `long:"journal" description:"directory of weeder's journal (default: /var/vcap/data/weeder/journal where that exists, else /var/lib/weeder/journal)" complete:"files"`
	MaxContainers       uint64        `long:"max-containers" default:"250" description:"slots of the worker, where Garden does not say; 0: not known"`
	LogLevel            logLevelFlag  `long:"log-level" value-name:"LEVEL" description:"write weeder's log to stderr from this level on: debug, info, error or fatal (default: none)"`
	// targetFrom is the option or the variable that gave the target. Empty: it is
	// the default.
	targetFrom string
}

// policyOptions decide about what is judged.
type policyOptions struct {
	Grace     time.Duration `long:"grace" default:"10m" description:"how long a container must have been an orphan; its own grace time counts where that is longer"`
	BusyGrace time.Duration `long:"busy-grace" default:"24h" description:"the same, where processes can't be told, or run though the root volume is gone"`
	Protect   []string      `long:"protect" env-delim:"," variable:"added" description:"never destroy containers that match: handle globs, or key=value of a property, where the value may be a glob, too; separated by commas (repeatable, and added to the variable's)"`
}

// lookOptions are the policy of the commands that destroy nothing.
type lookOptions struct {
	policyOptions
	ZeroTTL zeroTTLFlag `long:"zero-ttl" value-name:"HOW" default:"never" description:"how to read a ttl of 0: never, as baggageclaim does, or expires-at"`
}

// destroyOptions are the policy of the commands that destroy.
type destroyOptions struct {
	policyOptions
	MaxInFlight    int           `long:"max-in-flight" default:"3" description:"destroys under way at once"`
	MaxPerPass     int           `long:"max-per-pass" default:"20" description:"destroys in one pass; 0 for no bound"`
	DestroyTimeout time.Duration `long:"destroy-timeout" default:"2m" description:"longest wait for one destroy; Garden goes on with it"`
}

// read is the policy, and the mistakes in the protections.
func (o policyOptions) read() (reaper.Policy, []error) {
	policy := reaper.DefaultPolicy()
	policy.Grace, policy.BusyGrace = o.Grace, o.BusyGrace
	var mistakes []error
	for _, text := range o.protected() {
		protection, err := reaper.ParseProtection(text)
		if err != nil {
			mistakes = append(mistakes, usagef("--%v", err))
			continue
		}
		policy.Protect = append(policy.Protect, protection)
	}
	return policy, mistakes
}

// checked joins the mistakes with those of the policy as a whole.
func checked(policy reaper.Policy, mistakes []error) error {
	for _, mistake := range policy.Mistakes() {
		mistakes = append(mistakes, usagef("%v", mistake))
	}
	return errors.Join(mistakes...)
}

// protected are the protections, each once. Where a list has none, an empty one
// is in its place, to be refused: who gave it believes that it protects.
func (o policyOptions) protected() []string {
	var texts []string
	for _, list := range o.Protect {
		none := true
		for text := range strings.SplitSeq(list, ",") {
			if text = strings.TrimSpace(text); text != "" {
				texts, none = append(texts, text), false
			}
		}
		if none {
			texts = append(texts, "")
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

func (o lookOptions) policy() (reaper.Policy, error) {
	policy, mistakes := o.read()
	err := checked(policy, mistakes)
	policy.ZeroTTLExpires = o.ZeroTTL == "expires-at"
	return policy, err
}

// check finds every mistake in the policy.
func (o lookOptions) check() error {
	_, err := o.policy()
	return err
}

func (o destroyOptions) policy() (reaper.Policy, error) {
	policy, mistakes := o.read()
	policy.MaxInFlight, policy.MaxPerPass, policy.DestroyTimeout = o.MaxInFlight, o.MaxPerPass, o.DestroyTimeout
	return policy, checked(policy, mistakes)
}

// check finds every mistake in the policy.
func (o destroyOptions) check() error {
	_, err := o.policy()
	return err
}

// journalDir is where the journal is.
func (g globalOptions) journalDir() string {
	const bosh, other = "/var/vcap/data/weeder/journal", "/var/lib/weeder/journal"
	if g.Journal != "" {
		return g.Journal
	}
	if info, err := os.Stat(bosh); err == nil && info.IsDir() {
		return bosh
	}
	return other
}

// newParser builds the command line. Every option has an environment variable
// WEEDER_ with its long name, but for those tagged variable:"none": the grace
// time of a container is another thing than weeder's own grace, and a yes that
// is meant for reap is none to destroying a container by it. Tagged "filled", an
// empty text does not count. Tagged "added", it comes to what the command line
// has: who adds a protection for a run must not lose the others.
func newParser(app *app) (*flags.Parser, error) {
	parser := flags.NewNamedParser("weeder", flags.HelpFlag|flags.PassDoubleDash)
	parser.ShortDescription = "find and destroy leaked containers of a Concourse worker"
	parser.LongDescription = "weeder finds the Garden containers of a Concourse worker whose baggageclaim volumes " +
		"are expired or missing, says why, and destroys them through Garden. Start with: weeder scan"

	if _, err := parser.AddGroup("Global Options", "", &app.global); err != nil {
		return nil, err
	}
	for _, section := range sections(app) {
		for _, command := range section.commands {
			if _, err := parser.AddCommand(command.name, command.short, command.long, command.data); err != nil {
				return nil, err
			}
		}
	}

	eachOption(parser.Command, func(option *flags.Option) {
		nameVariable(option)
		if _, set := app.variables.of(option); set {
			// What the environment gives need not be on the command line, too.
			option.Required = false
		}
	})
	return parser, nil
}
