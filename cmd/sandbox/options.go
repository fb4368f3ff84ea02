package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/jessevdk/go-flags"

	"weeder/cmd/sandbox/backend"
)

// containerd is the runtime of today's workers. The other is guardian.
const containerd = "containerd"

type options struct {
	Runtime string `long:"runtime" default:"guardian" choice:"guardian" choice:"containerd" description:"what Garden is: Guardian with a depot, or Concourse's own over containerd, with containerd's bundles on disk but no containerd"`

	Containers    int           `long:"containers" default:"12" value-name:"N" description:"how many containers to have in all; there are twice as many volumes"`
	Leaked        int           `long:"leaked" default:"3" value-name:"N" description:"how many of the containers are leaked, on Guardian that of the incident of 2016 included"`
	NoIncident    bool          `long:"no-incident" description:"leave out the container of the incident of 2016"`
	GraceTime     time.Duration `long:"grace-time" default:"0s" value-name:"DURATION" description:"grace time of the containers, after which Garden destroys those that nobody asks for; 0 means never. The incident's container has its own of 5m, which nothing counts"`
	Age           time.Duration `long:"age" default:"6h" value-name:"DURATION" description:"age of the youngest container; the others are up to an hour older"`
	Seed          uint64        `long:"seed" default:"1" value-name:"N" description:"what the handles are made from"`
	Processes     bool          `long:"processes" description:"run real processes of this machine in the containers, as the user that runs the sandbox, so that streams, signals and terminals are real; not isolated in any way. Without it run, attach, streams and port mappings are not implemented"`
	MaxContainers int           `long:"max-containers" value-name:"N" description:"how many containers Garden takes (default: 250, or as many as --containers where that is more)"`

	Listen       string `long:"listen" default:"127.0.0.1:0" value-name:"ADDRESS" description:"where Garden listens: host:port, or the path of a unix socket"`
	Baggageclaim string `long:"baggageclaim" default:"127.0.0.1:0" value-name:"ADDRESS" description:"where the stand-in for baggageclaim's API listens; empty for none"`
	Control      string `long:"control" default:"127.0.0.1:0" value-name:"ADDRESS" description:"where the control API listens; empty for none"`

	Dir       string `long:"dir" value-name:"DIR" description:"where to keep everything: a directory that is empty or missing; without it a temporary one"`
	Volumes   string `long:"volumes" value-name:"DIR" description:"use this volumes directory and write no volumes; there are no containers then at first"`
	ReadyFile string `long:"ready-file" value-name:"FILE" description:"write where everything is, as JSON, when it serves"`

	LogLevel string `long:"log-level" choice:"debug" choice:"info" choice:"error" description:"log Garden's doings on stderr"`
	Log      string `long:"log" value-name:"FILE" description:"log Garden's doings into a file instead"`
}

func parse(args []string) (options, error) {
	var parsed options
	parser := flags.NewNamedParser("sandbox", flags.HelpFlag|flags.PassDoubleDash)
	parser.Usage = "[OPTIONS]"
	parser.LongDescription = longHelp
	if _, err := parser.AddGroup("Options", "", &parsed); err != nil {
		return options{}, err
	}

	rest, err := parser.ParseArgs(args)
	if err != nil {
		return options{}, err
	}
	if len(rest) > 0 {
		return options{}, fmt.Errorf("unexpected argument: %s", rest[0])
	}

	if parsed.Volumes != "" {
		if given := parser.FindOptionByLongName("containers"); given.IsSet() && !given.IsSetDefault() && parsed.Containers > 0 {
			return options{}, errors.New("--containers needs volumes to be written, which --volumes forbids; make containers through the control API")
		}
		parsed.Containers, parsed.Leaked = 0, 0
	}

	if parsed.MaxContainers == 0 {
		parsed.MaxContainers = max(backend.DefaultMaxContainers, parsed.Containers)
	}

	return parsed, parsed.check()
}

func (o options) check() error {
	switch {
	case o.Containers < 0 || o.Leaked < 0 || o.MaxContainers < 1:
		return errors.New("--containers and --leaked can't be negative, nor --max-containers")
	case o.Leaked > o.Containers:
		return fmt.Errorf("--leaked %d is more than --containers %d", o.Leaked, o.Containers)
	case o.Containers > o.MaxContainers:
		return fmt.Errorf("--containers %d is more than --max-containers %d", o.Containers, o.MaxContainers)
	case o.Age <= 0 || o.GraceTime < 0:
		return errors.New("--age must be above 0, and --grace-time not below")
	}

	return nil
}

func (o options) backend(dirs dirs) backend.Options {
	return backend.Options{
		Depot:         dirs.bundles,
		MaxContainers: o.MaxContainers,
		Containerd:    o.Runtime == containerd,
		Files:         dirs.files,
		Volumes:       dirs.volumes,
	}
}
