package main

import (
	"fmt"
	"strings"

	"weeder/cmd/sandbox/control"
)

const longHelp = "A throw-away Concourse worker to try weeder on, in one process: Garden, baggageclaim volumes on disk, and containers, some of them leaked. --runtime says whether Garden is Guardian or Concourse's own over containerd. It runs until it is interrupted, and leaves nothing behind."

// controlHelp is printed as it is: go-flags would wrap its commands.
const controlHelp = `
The control API makes it misbehave, and tells what it was asked:

  curl http://CONTROL/faults
  curl -X PUT http://CONTROL/faults/destroy-fails -d '{"handles": ["H"], "times": 2}'
  curl -X DELETE http://CONTROL/faults/destroy-fails
  curl http://CONTROL/calls            (DELETE counts from 0)
  curl http://CONTROL/destroyed        (DELETE forgets them)
  curl http://CONTROL/containers
  curl http://CONTROL/containers -d '{"handle": "H", "root_volume": "V", "volumes": {"W": "/tmp/build/get"}, "age": "3h", "processes": 1}'
  curl -X PATCH http://CONTROL/containers/H -d '{"zombie": true}'
  curl -X DELETE http://CONTROL/containers/H
  curl -X PUT http://CONTROL/volumes/V -d '{"state": "live", "ttl": {"seconds": 300, "expires_at": 1477060154}}'
  curl -X DELETE http://CONTROL/volumes/V
  curl -X PUT http://CONTROL/hooks/on-bulk-info-single -d '{"handle": "H", "action": "delete"}'
  curl http://CONTROL/hooks

What a container can be told: handle, properties, root_volume, root_path, volumes, binds, created_at, age, grace_time, no_timer, processes, hidden, zombie, depot_only, no_bundle, bad_config.
What is told of a container beside these: env, image, username, password, privileged and network of its creation,
mapped_ports (net-in), net_out (rules) and runs (processes that were asked for).
With --runtime containerd a container that is no_bundle has no task, one that is depot_only is but a bundle, and
hidden, zombie and processes show nowhere.

With --processes run, attach, stop and the streams are real: a process is an ordinary one of this machine, of the
user that runs the sandbox, with its working directory in FILES/<handle> (files in the ready file), where
stream-in and stream-out have their root. It has no root file system (a path of a program is this machine's, there is
no chroot), no namespaces, no limits, no image and no mounts; port mappings and rules are kept, and do nothing. All of
them end with their container and with the sandbox, but where the sandbox is killed (SIGKILL) their children may stay.
With --runtime containerd signals, streams and networks are not implemented, as by Concourse's own.

The faults:
`

func faultsHelp() string {
	var help strings.Builder
	for _, kind := range control.Kinds {
		fmt.Fprintf(&help, "  %-26s%s\n", kind.Name, kind.Help)
	}

	return help.String()
}
