package worker

import (
	"fmt"

	"weeder/cmd/sandbox/backend"
)

// The steps of Concourse, as they show in a container of release 3 and later: a working directory
// is mounted for all but checks, and a scratch volume for each.
const (
	taskPath    = "/tmp/build/e55deab7"
	scratchPath = "/scratch"
)

// jobs are what the containers were made for, in turn.
var jobs = []struct{ team, pipeline, job string }{
	{"main", "web-ui", "unit"},
	{"main", "web-ui", "deploy-staging"},
	{"payments", "ledger", "integration"},
	{"main", "stemcells", "build"},
}

// getEnvironment is what Concourse tells the next container of a get, as of Concourse 2.
func (p *people) getEnvironment() []string {
	n := len(p.containers)
	job := jobs[n%len(jobs)]

	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		fmt.Sprintf("BUILD_ID=%d", 11700+n),
		"BUILD_PIPELINE_NAME=" + job.pipeline,
		"BUILD_JOB_NAME=" + job.job,
		fmt.Sprintf("BUILD_NAME=%d", 40+n),
		"ATC_EXTERNAL_URL=https://ci.example.com",
		"BUILD_TEAM_NAME=" + job.team,
	}
}

// takeStep makes some containers those of a task, and some those of a check, in the
// place of a get: their bound volume is mounted elsewhere, and their environment tells other
// things.
func (p *people) takeStep(container *backend.Container) {
	n := len(p.containers)
	switch (n + n/6) % 3 {
	case 1:
		container.Binds[0].Destination = taskPath
		container.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "ATC_EXTERNAL_URL=https://ci.example.com", "GOFLAGS=-mod=vendor"}
	case 2:
		job := jobs[n%len(jobs)]
		container.Binds[0].Destination = scratchPath
		container.Env = []string{
			"PATH=/usr/local/bin:/usr/bin:/bin",
			fmt.Sprintf("BUILD_ID=%d", 11700+n),
			"BUILD_NAME=check",
			"BUILD_TEAM_ID=1",
			"BUILD_TEAM_NAME=" + job.team,
			"BUILD_PIPELINE_ID=7",
			"BUILD_PIPELINE_NAME=" + job.pipeline,
			"ATC_EXTERNAL_URL=https://ci.example.com",
		}
	}
}
