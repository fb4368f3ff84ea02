package main

// command is one subcommand as the parser knows it.
type command struct {
	name, short, long string
	data              any
}

func commands(app *app) []command {
	return []command{
		{"scan", "show every container with its verdict",
			"Shows every container of the worker with verdict, age, grace time, volumes and reason. Looking keeps no " +
				"container alive. Exits 1 where it could not judge at all.\n\nExample: weeder scan --only orphan",
			&scanCommand{app: app}},
		{"explain", "show the evidence for one container",
			"Shows what the worker says of one container and its volumes, what the verdict rests on, and what holds it." +
				"\n\nExample: weeder explain eb8f2bbf-86e1-4603-4881-548c9133aa62",
			&explainCommand{app: app}},
		{"reap", "destroy leaked containers",
			"Destroys, once, the orphans that nothing holds, or those of the given handles. Each is looked at again right " +
				"before. Asks on a terminal; without one it needs --yes or --dry-run.\n\nExample: weeder reap --dry-run",
			&reapCommand{app: app}},
		{"daemon", "watch the worker and destroy what leaks",
			"Runs until it is told to end: looks, destroys what nothing holds, waits. SIGTERM ends it within 10 s, SIGHUP has " +
				"the journal opened anew. Logs to stdout, in JSON.\n\nExample: weeder daemon --dry-run",
			&daemonCommand{app: app}},
		{"history", "show what was flagged and destroyed",
			"Shows the journal, whether the daemon runs or not.\n\nExample: weeder history --since 7d --by hour",
			&historyCommand{app: app}},
		{"volumes", "show the volumes on disk",
			"Shows baggageclaim's volumes as they are on disk, and the containers that refer to them." +
				"\n\nExample: weeder volumes",
			&volumesCommand{app: app}},
		{"leftovers", "show what is left on disk without a container",
			"Shows what containers and volumes that are gone have left on the worker, that which hurts most first. It only " +
				"looks: nothing is removed.\n\nExample: weeder leftovers --json",
			&leftoversCommand{app: app}},
		{"list", "list running containers",
			"Prints the handles that Garden lists, one a line.\n\nExample: weeder list --long",
			&listCommand{app: app}},
		{"properties", "list properties for a container",
			"Prints a container's properties without restarting its grace time." +
				"\n\nExample: weeder properties eb8f2bbf-86e1-4603-4881-548c9133aa62",
			&propertiesCommand{app: app}},
		{"ping", "check to see if the garden host is up",
			"Exits 0 if Garden answers. Guardian answers a ping even when it can do nothing else." +
				"\n\nExample: weeder ping && echo up",
			&pingCommand{app: app}},
		{"destroy", "destroy containers, whatever their verdict",
			"Destroys the given containers, asking nothing: it is Garden's destroy, not weeder's judgement. Goes on after " +
				"a failure, and exits 1 then.\n\nExample: weeder destroy eb8f2bbf-86e1-4603-4881-548c9133aa62",
			&destroyCommand{app: app}},
		{"capacity", "show how much the worker takes",
			"Shows memory, disk and the number of containers that Garden allows.\n\nExample: weeder capacity --json",
			&capacityCommand{app: app}},
		{"version", "print weeder's version", "Prints weeder's version.\n\nExample: weeder version",
			&versionCommand{app: app}},
	}
}
