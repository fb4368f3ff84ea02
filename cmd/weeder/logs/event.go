package logs

import (
	"regexp"
	"slices"
	"strings"
)

// Kind is what an Event is about.
type Kind string

// The kinds of events that are understood.
const (
	// VolumeReaped: baggageclaim found a volume expired.
	VolumeReaped Kind = "volume-reaped"
	// VolumeCorrupted: baggageclaim found a volume without what it needs, and
	// removes it with all that are made from it.
	VolumeCorrupted Kind = "volume-corrupted"
	// VolumeDestroyed: baggageclaim tore a volume down, of itself or since it was
	// told to.
	VolumeDestroyed Kind = "volume-destroyed"
	// VolumeDestroyFailed: baggageclaim could not.
	VolumeDestroyFailed Kind = "volume-destroy-failed"
	// VolumeMissed: Concourse wanted to use the container again, and found the
	// volume missing.
	VolumeMissed Kind = "volume-missed"
	// Created: Garden made the container.
	Created Kind = "created"
	// CreateFailed: Garden could not, or not whole.
	CreateFailed Kind = "create-failed"
	// RestoreFailed: Garden, started again, could not take the container over.
	RestoreFailed Kind = "restore-failed"
	// Ran: a process was started in it.
	Ran Kind = "ran"
	// RunFailed: a process could not be started in it.
	RunFailed Kind = "run-failed"
	// GraceTimeOver: nobody used the container for its grace time, and Garden
	// began to destroy it.
	GraceTimeOver Kind = "grace-time-over"
	// DestroyBegan: Garden began to destroy the container.
	DestroyBegan Kind = "destroy-began"
	// DestroyFailed: Garden could not destroy the container.
	DestroyFailed Kind = "destroy-failed"
	// Destroyed: Garden did.
	Destroyed Kind = "destroyed"
)

// Event is what a line of a log comes to. Zero: it is not understood.
type Event struct {
	Kind Kind
	// Volume is the handle of the one that it is about; empty: the container.
	Volume string
	// Detail is its error, ttl, grace time or program, as the log has it, on one
	// line; empty: none.
	Detail string
}

// meaning is how a message of a component is to be read. Its text is the end of
// lager's message, since sessions come before it.
type meaning struct {
	message string
	kind    Kind
	// keys may have the handle, detail what more there is to say: paths of Data.
	keys   []string
	detail string
}

var (
	handleKey = []string{"handle"}
	volumeKey = []string{"volume"}
)

// meanings are taken from garden/server (request_handling.go, server.go),
// Guardian (gardener/gardener.go, gardener/restorer.go), baggageclaim
// (reaper/reaper.go of v1.3.5, volume/repository.go), Concourse's worker
// (container_sweeper.go, volume_sweeper.go), ATC (worker/gardenruntime/worker.go,
// worker/container.go of 3.14) and weeder itself (reaper/attempt.go). The first
// that fits counts.
var meanings = []meaning{
	{"tick.reaping", VolumeReaped, handleKey, "ttl"},
	{"reaping-corrupted-volume", VolumeCorrupted, handleKey, ""},
	{"destroy-volume.destroyed", VolumeDestroyed, volumeKey, ""},
	{"destroy-volume.failed-to-destroy", VolumeDestroyFailed, volumeKey, "error"},
	{"failed-to-destroy-volume", VolumeDestroyFailed, handleKey, "error"},
	{"volume-is-missing-on-worker", VolumeMissed, handleKey, "error"},

	{"guardian.create.created", Created, handleKey, ""},
	{"garden-server.create.created", Created, []string{"request.Handle"}, "request.GraceTime"},
	{"create.create-failed-cleaningup.start", CreateFailed, handleKey, "cause"},
	{"create.create-failed-cleaningup.destroy-failed", DestroyFailed, handleKey, "error"},
	{"garden-server.create.failed", CreateFailed, []string{"request.Handle"}, "error"},
	{"failed-restoring-container", RestoreFailed, handleKey, "error"},
	{"garden-server.run.spawned", Ran, handleKey, "spec.Path"},
	{"garden-server.run.failed", RunFailed, handleKey, "error"},

	{"garden-server.reaping", GraceTimeOver, handleKey, "grace-time"},
	{"guardian.destroy.start", DestroyBegan, handleKey, ""},
	{"garden-server.destroy.destroying", DestroyBegan, handleKey, ""},
	{"clean-up-container.start", DestroyBegan, handleKey, ""},
	{"garden-server.destroy.destroyed", Destroyed, handleKey, ""},
	{"clean-up-container.cleaned-up", Destroyed, handleKey, ""},
	{"weeder.destroyed-container", Destroyed, handleKey, ""},
	{"garden-server.destroy.failed", DestroyFailed, handleKey, "error"},
	{"clean-up-container.failed attempt #", DestroyFailed, handleKey, "error"},
	{"failed-to-destroy-container", DestroyFailed, handleKey, "error"},
}

// alreadyDestroying is what Garden answers who asks for a second destroy at a
// time (garden/server's ErrConcurrentDestroy).
const alreadyDestroying = "already being destroyed"

// understood reads a line as one about a container or one of its volumes.
func (l Line) understood(container string, volumes []string) Event {
	message := numbersCut(l.Message)
	at := slices.IndexFunc(meanings, func(m meaning) bool {
		return message == m.message || strings.HasSuffix(message, "."+m.message)
	})
	if at < 0 {
		return Event{}
	}
	meaning := meanings[at]
	event := Event{Kind: meaning.kind, Detail: oneLine(l.Text(meaning.detail))}
	handle := ""
	for _, key := range meaning.keys {
		handle = l.Text(key)
	}

	if event.Kind.ofVolume() {
		event.Volume = handle
		if handle == "" || !slices.Contains(volumes, handle) {
			return Event{}
		}
		return event
	}
	if handle == "" || handle != container {
		return Event{}
	}
	if event.Kind == DestroyFailed {
		switch {
		case event.Detail == "" && strings.HasSuffix(message, "garden-server.failed-to-destroy-container"):
			// Its reapContainer says so without an error when all went well.
			event.Kind = Destroyed
		case strings.Contains(event.Detail, alreadyDestroying):
			return Event{}
		}
	}
	return event
}

func (k Kind) ofVolume() bool {
	switch k {
	case VolumeReaped, VolumeCorrupted, VolumeDestroyed, VolumeDestroyFailed, VolumeMissed:
		return true
	}
	return false
}

// numbersCut has a # in the place of a number at a message's end.
func numbersCut(message string) string {
	if cut := strings.TrimRight(message, "0123456789"); cut != message {
		return cut + "#"
	}
	return message
}

// errorCount is how Guardian's errors begin (hashicorp/go-multierror).
var errorCount = regexp.MustCompile(`^\d+ errors? occurred: `)

// oneLine joins the lines of an error, as Guardian's have some.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if counted := errorCount.FindString(text); counted != "" {
		list := strings.TrimPrefix(text[len(counted):], "* ")
		return strings.ReplaceAll(list, " * ", "; ")
	}
	return text
}
