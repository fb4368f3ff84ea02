package reaper

import (
	"path"
	"regexp"
	"strings"
)

// Purpose is what Concourse made a container for, as far as the worker shows
// it. Zero: nothing is known.
//
// It is for people alone, and no ingredient of a verdict or a hold: others
// wrote what it is read from. Each text has at most 100 bytes; it may hold what
// steers a terminal.
type Purpose struct {
	// Team, Pipeline and Job are names. Empty: not known, or there is none, as a
	// check has no job and a one-off build neither job nor pipeline.
	Team, Pipeline, Job string
	// Resource is the name of what is checked, which Concourse told up to 5.8.
	Resource string
	// Build is the build's name: its number in the job, "42", with that of a
	// rerun, "42.1"; of a check build "check". Empty: not known.
	Build string
	// BuildID is the build's number in the whole of Concourse, which fly watch
	// --build takes. Empty: not known.
	BuildID string
	// Step is what ran in it. Empty: not known.
	Step Step
}

// Step is a kind of step of a build.
type Step string

const (
	StepGet   Step = "get"
	StepPut   Step = "put"
	StepTask  Step = "task"
	StepCheck Step = "check"
)

// checkBuild is the name of builds that only check (Concourse's
// db.CheckBuildName).
const checkBuild = "check"

// taskProcessProperty is the process of a task (ATC's exec/task_step.go, up to
// 4.2). Its concourse:exit-status tells nothing: today every step has it.
const taskProcessProperty = "concourse:task-process"

// String is the purpose in short, such as "main/web-ui/unit #42 get". Empty:
// nothing is known.
func (p Purpose) String() string {
	var names, words []string
	for _, name := range []string{p.Team, p.Pipeline, p.Job, p.Resource} {
		if name != "" {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		words = append(words, strings.Join(names, "/"))
	}
	switch {
	case p.Build == checkBuild && p.Step == StepCheck:
	case p.Build != "":
		words = append(words, "#"+p.Build)
	case p.BuildID != "":
		words = append(words, "build "+p.BuildID)
	}
	if p.Step != "" {
		words = append(words, string(p.Step))
	}
	return strings.Join(words, " ")
}

// purposeOf says what a container was for. Concourse names team, pipeline, job
// and build in the environment of gets, puts and checks. To a task it tells
// none of them (StepMetadata.TaskEnv): there they could only be parameters,
// and so say whatever the task's author likes.
func purposeOf(container Container, sightings []Sighting) Purpose {
	foreign := container.SpecRead && len(container.References) == 0 && len(container.Doubts) == 0
	if foreign {
		return Purpose{}
	}
	var told Purpose
	for _, sighting := range sightings {
		if sighting.Spec != nil && told == (Purpose{}) {
			told = sighting.Spec.Purpose
		}
	}
	told.Step = stepOf(container, told)
	if told.Step == StepTask {
		return Purpose{Step: StepTask}
	}
	return told
}

// stepOf tells the kind of step by the working directory, which is mounted for
// gets and tasks, and since 3.0 for each put. Checks have none: up to 5.8 their
// environment names the resource, and since 3.0 the scratch volume that every
// step has is all that they have beside their root.
func stepOf(container Container, told Purpose) Step {
	if _, isTask := container.Properties[taskProcessProperty]; isTask {
		return StepTask
	}
	var step Step
	scratch := false
	for _, reference := range container.References {
		at := path.Clean(reference.Path)
		scratch = scratch || at == "/scratch"
		if directory := workedIn(at); step == "" || directory == StepTask {
			step = directory
		}
	}
	seenAll := container.SpecRead && len(container.Doubts) == 0
	if step == "" && (told.Resource != "" || scratch && seenAll) {
		return StepCheck
	}
	return step
}

// taskDirectory is the name of a task's working directory: the begin of a hash
// of its name (ATC's exec/garden_factory.go, today engine/step_factory.go).
var taskDirectory = regexp.MustCompile(`^[0-9a-f]{8}$`)

// workedIn is the kind of step that works in a directory. Empty: none.
func workedIn(directory string) Step {
	rest, under := strings.CutPrefix(directory, "/tmp/build/")
	if !under {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	switch step := Step(name); {
	case step == StepGet, step == StepPut, step == StepCheck:
		return step
	case taskDirectory.MatchString(name):
		return StepTask
	}
	return ""
}
