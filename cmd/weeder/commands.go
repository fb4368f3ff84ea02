package main

// section is a part of the list of commands.
type section struct {
	title    string
	commands []command
}

// command is one subcommand as the parser knows it.
type command struct {
	name, short, long string
	data              any
}

// sections are all commands, in the order in which help shows them. Each text
// ends with an example, whose lines are short enough not to be wrapped.
func sections(app *app) []section {
	return []section{
		{"Find what leaks", []command{
			{"scan", "show every container with its verdict",
				"Shows every container of the worker with verdict, age, grace time, volumes and reason. Looking keeps no " +
					"container alive. Exits 1 where it could not judge at all.\n\nExample: weeder scan --only orphan",
				&scanCommand{app: app}},
			{"explain", "show the evidence for one container",
				"Shows what the worker says of one container and its volumes, what the verdict rests on, what the logs of Garden, " +
					"baggageclaim and Concourse tell of them, and what happens next." +
					"\n\nExample: weeder explain eb8f2bbf-86e1-4603-4881-548c9133aa62",
				&explainCommand{app: app}},
			{"reap", "destroy leaked containers",
				"Destroys, once, the orphans that nothing holds, or those of the given handles. Each is looked at again right " +
					"before. Asks on a terminal; without one it needs --yes or --dry-run.\n\nExample: weeder reap --dry-run",
				&reapCommand{app: app}},
			{"daemon", "watch the worker and destroy what leaks",
				"Runs until it is told to end: looks, destroys what nothing holds, waits. SIGTERM ends it within 10 s, SIGHUP " +
					"has the journal opened anew. Logs to stdout, in JSON.\n\nExample: weeder daemon --dry-run",
				&daemonCommand{app: app}},
			{"history", "show what was flagged and destroyed",
				"Shows the journal, whether the daemon runs or not: what was flagged, destroyed and failed, or with handles all that " +
					"was told of these containers, gone or not.\n\nExample: weeder history --since 7d --by hour-of-day",
				&historyCommand{app: app}},
			{"volumes", "show the volumes on disk",
				"Shows baggageclaim's volumes as they are on disk, and the containers that refer to them." +
					"\n\nExample: weeder volumes",
				&volumesCommand{app: app}},
			{"leftovers", "show what is left on disk without a container",
				"Shows what containers and volumes that are gone have left on the worker, that which hurts most first. It only " +
					"looks: nothing is removed.\n\nExample: weeder leftovers --json",
				&leftoversCommand{app: app}},
		}},
		{"Work with Garden", []command{
			{"ping", "check to see if the garden host is up",
				"Exits 0 if Garden answers. Guardian answers a ping even when it can do nothing else." +
					"\n\nExample: weeder ping && echo up",
				&pingCommand{app: app}},
			{"create", "create a container",
				"Creates a container and prints its handle. With no options it is Garden's default one." +
					"\n\nExample: weeder create --handle debug --rootfs docker:///busybox --grace 1h",
				&createCommand{app: app}},
			{"destroy", "destroy containers, whatever their verdict",
				"Destroys the given containers, or with - those that stdin names, asking nothing: it is Garden's destroy, not " +
					"weeder's judgement. All are tried; the failures are listed at the end, and it exits 1 then." +
					"\n\nExample: weeder list -p user=vcap | weeder destroy -",
				&destroyCommand{app: app}},
			{"list", "list running containers",
				"Prints the handles that Garden lists, one a line.\n\nExample: weeder list --long",
				&listCommand{app: app}},
			{"run", "run a command in the container",
				"Runs a command and prints its process id; with --attach it gives stdin to it, shows what it prints, and exits " +
					"as it does. The first interrupt tells it to terminate, the second kills it." +
					"\n\nExample: weeder run debug --attach --command 'ps aux'",
				&runCommand{app: app}},
			{"attach", "attach to a command running inside the container",
				"Gives stdin to a process, shows what it prints from now on, and exits as it does." +
					"\n\nExample: weeder attach debug --pid 5",
				&attachCommand{app: app}},
			{"shell", "open a shell in the container",
				"Opens a shell on this terminal, and exits as it does.\n\nExample: weeder shell debug",
				&shellCommand{app: app}},
			{"stream-in", "stream data into the container",
				"Unpacks the tar stream on stdin into a directory of the container." +
					"\n\nExample: tar c notes.txt | weeder stream-in debug --destination /tmp",
				&streamInCommand{app: app}},
			{"stream-out", "stream data out of the container",
				"Writes a file or directory of the container to stdout, as a tar stream." +
					"\n\nExample: weeder stream-out debug --source /var/log | tar x",
				&streamOutCommand{app: app}},
			{"net-in", "map a port on the host to a port in the container",
				"Maps a free port of the host to a port of the container, and prints where it listens." +
					"\n\nExample: weeder net-in debug --port 8080",
				&netInCommand{app: app}},
			{"net-out", "whitelist an IP and port range for a container",
				"Lets a container reach a range of addresses and ports. All options are needed; a range may be of one." +
					"\n\nExample: weeder net-out debug -p tcp --ip-start 10.0.0.1 --ip-end 10.0.0.9 \\\n" +
					"--port-start 443 --port-end 443",
				&netOutCommand{app: app}},
			{"properties", "list properties for a container",
				"Prints a container's properties without restarting its grace time.\n\nExample: weeder properties debug",
				&propertiesCommand{app: app}},
			{"set-gracetime", "set the grace time for a container",
				"Sets for how long nobody must have used a container before Garden destroys it. 0 has it destroyed at once: " +
					"that is asked about, or needs --yes.\n\nExample: weeder set-gracetime debug --grace 1h",
				&setGraceTimeCommand{app: app}},
			{"capacity", "show how much the worker takes",
				"Shows memory, disk and the number of containers that Garden allows.\n\nExample: weeder capacity --json",
				&capacityCommand{app: app}},
		}},
		{"weeder itself", []command{
			{"completion", "print what completes weeder's command line in a shell",
				"Prints a script with which the shell completes commands, options, and handles as the worker lists them. Begin a " +
					"shell with it: in ~/.bashrc, in ~/.zshrc after compinit (zsh instead of bash), or in fish:\n\n" +
					"weeder completion --shell fish | source\n\nExample: source <(weeder completion --shell bash)",
				&completionCommand{app: app}},
			{"man", "print the manual page",
				"Prints the manual page.\n\nExample: weeder man | man -l -",
				&manCommand{app: app}},
			{"version", "print weeder's version", "Prints weeder's version.\n\nExample: weeder version",
				&versionCommand{app: app}},
		}},
	}
}
