package reaper_test

import (
	"slices"
	"strings"

	"code.cloudfoundry.org/lager/v3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

// report is that of the last pass.
func (w *watch) report() reaper.Report {
	GinkgoHelper()
	w.observer.mutex.Lock()
	defer w.observer.mutex.Unlock()
	Expect(w.observer.reports).NotTo(BeEmpty())
	return w.observer.reports[len(w.observer.reports)-1]
}

// on are the interlocks of the last pass.
func (w *watch) on() []reaper.InterlockName {
	GinkgoHelper()
	return interlocks(w.report().Interlocks)
}

// heldBy is what held a container in the last pass.
func (w *watch) heldBy(handle string) []reaper.HoldName {
	GinkgoHelper()
	return finding(w.report(), handle).HeldBy()
}

// events are those of the journal, as "name handle", without the interlocks.
func (w *watch) events() []string {
	w.recorder.mutex.Lock()
	defer w.recorder.mutex.Unlock()
	events := []string{}
	for _, event := range w.recorder.events {
		if event.Name != reaper.EventInterlock {
			events = append(events, string(event.Name)+" "+event.Handle)
		}
	}
	return events
}

// interlocked are the interlocks of the journal, as "name on" or "name off".
func (w *watch) interlocked() []string {
	w.recorder.mutex.Lock()
	defer w.recorder.mutex.Unlock()
	events := []string{}
	for _, event := range w.recorder.events {
		if event.Name == reaper.EventInterlock {
			events = append(events, string(event.Interlock)+map[bool]string{true: " on", false: " off"}[event.On])
		}
	}
	return events
}

// event is the last one of a name in the journal.
func (w *watch) event(name reaper.EventName) reaper.Event {
	GinkgoHelper()
	w.recorder.mutex.Lock()
	defer w.recorder.mutex.Unlock()
	for _, event := range slices.Backward(w.recorder.events) {
		if event.Name == name {
			return event
		}
	}
	Fail("the journal has no " + string(name))
	return reaper.Event{}
}

// recorded are the handles of all events of a name in the journal.
func (w *watch) recorded(name reaper.EventName) []string {
	w.recorder.mutex.Lock()
	defer w.recorder.mutex.Unlock()
	handles := []string{}
	for _, event := range w.recorder.events {
		if event.Name == name {
			handles = append(handles, event.Handle)
		}
	}
	return handles
}

// line is what the first line of the log with a message tells beside it.
func (w *watch) line(message string) lager.Data {
	GinkgoHelper()
	for _, line := range w.log.Logs() {
		if line.Message == "reaper."+message {
			return line.Data
		}
	}
	Fail("the log has no " + message)
	return nil
}

// logged are the messages of the log that begin with one of the words, as
// "message handle".
func (w *watch) logged(words ...string) []string {
	logged := []string{}
	for _, line := range w.log.Logs() {
		message := strings.TrimPrefix(line.Message, "reaper.")
		handle, _ := line.Data["handle"].(string)
		if slices.Contains(words, message) {
			logged = append(logged, strings.TrimSpace(message+" "+handle))
		}
	}
	return logged
}
