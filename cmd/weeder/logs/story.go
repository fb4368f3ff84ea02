package logs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sameAct is how far apart two lines are at most that tell of one act.
const sameAct = time.Second

// Story is what the lines that are understood tell, in the order of time, each
// act once.
func Story(lines []Line) []Line {
	var story []Line
	for _, line := range lines {
		if line.Event.Kind == "" {
			continue
		}
		if before := sameBefore(story, line); before != nil {
			if before.Event.Detail == "" {
				before.Event.Detail = line.Event.Detail
			}
			continue
		}
		story = append(story, line)
	}
	return story
}

// sameBefore is the line of a story that tells of the same act. Nil: none does.
func sameBefore(story []Line, line Line) *Line {
	for i := len(story) - 1; i >= 0 && line.At.Sub(story[i].At) <= sameAct; i-- {
		before := story[i].Event
		same := before.Kind == line.Event.Kind
		if line.Event.Kind == DestroyBegan {
			same = same || before.Kind == GraceTimeOver || before.Kind == CreateFailed
		}
		switch line.Event.Kind {
		case Created, CreateFailed, DestroyBegan:
			if same {
				return &story[i]
			}
		}
		if before.Kind == DestroyFailed || before.Kind == Destroyed {
			break
		}
	}
	return nil
}

// Sentence says an event in words, without its time; empty where it is not
// understood. What the log says in it may hold what steers a terminal.
func (l Line) Sentence() string {
	event := l.Event
	switch event.Kind {
	case VolumeReaped:
		return fmt.Sprintf("baggageclaim reaped volume %s, ttl %s", event.Volume, event.Detail)
	case VolumeCorrupted:
		return fmt.Sprintf("baggageclaim removed volume %s, whose files are damaged", event.Volume)
	case VolumeDestroyed:
		return fmt.Sprintf("baggageclaim tore volume %s down%s", event.Volume, l.asked())
	case VolumeDestroyFailed:
		return fmt.Sprintf("volume %s could not be torn down: %s", event.Volume, event.Detail)
	case VolumeMissed:
		return fmt.Sprintf("Concourse wanted to use the container again, and volume %s was missing: %s", event.Volume, event.Detail)
	case Created:
		return "Garden created the container" + graceOf(event.Detail)
	case CreateFailed:
		return fmt.Sprintf("Garden failed to create it: %s", event.Detail)
	case RestoreFailed:
		return fmt.Sprintf("Garden, started again, could not restore it: %s", event.Detail)
	case Ran:
		return fmt.Sprintf("a process was started in it: %s", event.Detail)
	case RunFailed:
		return fmt.Sprintf("a process could not be started in it: %s", event.Detail)
	case GraceTimeOver:
		return fmt.Sprintf("its grace time (%s) was over, and Garden tried to destroy it", event.Detail)
	case DestroyBegan:
		return "Garden began to destroy it"
	case DestroyFailed:
		return fmt.Sprintf("%s failed to destroy it: %s", l.who(), event.Detail)
	case Destroyed:
		return fmt.Sprintf("%s destroyed it", l.who())
	}
	return ""
}

// graceOf reads garden.ContainerSpec's GraceTime, nanoseconds.
func graceOf(text string) string {
	nanoseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || nanoseconds <= 0 {
		return ""
	}
	return ", grace time " + time.Duration(nanoseconds).String()
}

// asked tells that baggageclaim did something since its API was asked to.
func (l Line) asked() string {
	if strings.Contains(l.Message, ".volume-server.") {
		return ", as its API was asked to"
	}
	return ""
}

func (l Line) who() string {
	switch {
	case strings.HasPrefix(l.Message, "weeder."):
		return "weeder"
	case strings.Contains(l.Message, "sweeper"):
		return "Concourse's worker"
	}
	return "Garden"
}

// Synopsis says in a sentence how it came about: what became of the given
// volumes, of the last try to destroy the container, and of the last one to use
// it again. Empty: the story does not tell. at says a time in words.
func Synopsis(story []Line, volumes []string, at func(time.Time) string) string {
	var clauses []string
	for _, line := range lastOfVolumes(story, volumes) {
		event := line.Event
		switch event.Kind {
		case VolumeReaped:
			clauses = append(clauses, fmt.Sprintf("volume %s was reaped by baggageclaim at %s, ttl %s", event.Volume, at(line.At), event.Detail))
		case VolumeCorrupted:
			clauses = append(clauses, fmt.Sprintf("volume %s was removed by baggageclaim as damaged at %s", event.Volume, at(line.At)))
		case VolumeDestroyed:
			clauses = append(clauses, fmt.Sprintf("volume %s was torn down by baggageclaim at %s%s", event.Volume, at(line.At), line.asked()))
		}
	}
	clauses = append(clauses, lastTry(story, at)...)
	for _, line := range slices.Backward(story) {
		if line.Event.Kind == VolumeMissed {
			clauses = append(clauses, fmt.Sprintf("Concourse wanted to use the container again at %s and failed: %s", at(line.At), line.Event.Detail))
			break
		}
	}
	return strings.Join(clauses, "; ")
}

// lastOfVolumes are the ends of the volumes that the story tells of: for each
// the reason, where there is one, and else that it was torn down.
func lastOfVolumes(story []Line, volumes []string) []Line {
	var ends []Line
	for _, volume := range volumes {
		var end *Line
		for i, line := range story {
			if line.Event.Volume != volume {
				continue
			}
			switch line.Event.Kind {
			case VolumeReaped, VolumeCorrupted:
				end = &story[i]
			case VolumeDestroyed:
				if end == nil {
					end = &story[i]
				}
			}
		}
		if end != nil {
			ends = append(ends, *end)
		}
	}
	slices.SortStableFunc(ends, func(a, b Line) int { return a.At.Compare(b.At) })
	return ends
}

// lastTry says how the last try to destroy the container went.
func lastTry(story []Line, at func(time.Time) string) []string {
	began, ended := -1, -1
	for i, line := range story {
		switch line.Event.Kind {
		case GraceTimeOver, DestroyBegan:
			began, ended = i, -1
		case DestroyFailed, Destroyed:
			ended = i
		case Created:
			began, ended = -1, -1
		}
	}
	switch {
	case ended >= 0 && story[ended].Event.Kind == Destroyed:
		return []string{fmt.Sprintf("%s says that it was destroyed at %s", story[ended].source(), at(story[ended].At))}
	case ended >= 0:
		when := ended
		if began >= 0 {
			when = began
		}
		return []string{
			fmt.Sprintf("%s tried to destroy the container at %s and failed: %s", story[ended].who(), at(story[when].At), story[ended].Event.Detail),
			"none of these lines tells of another try",
		}
	case began >= 0:
		return []string{fmt.Sprintf("Garden began to destroy the container at %s, and no line tells how that ended", at(story[began].At))}
	}
	return nil
}

func (l Line) source() string {
	if l.Source == "" {
		return "a log"
	}
	return l.Source
}
