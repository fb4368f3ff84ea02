package reaper_test

import (
	"context"
	"errors"
	"syscall"
	"time"

	"code.cloudfoundry.org/lager/v3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

var _ = Describe("Daemon, keeping account", func() {
	It("tells what it saw, why, and how it ended", watching(func(w *watch) {
		w.settled()
		w.orphan("o")
		w.sight("o", func(s *reaper.Sighting) {
			s.Properties["garden.grace-time"] = "900000000000"
			s.Properties["concourse:task-process"] = "5"
		})
		w.passes(1)
		flagged := w.wall.Now()
		w.wait(15 * time.Minute)

		reasons := []reaper.Reason{{Code: reaper.VolumeIsMissing, Volume: "v-o", Detail: "in none of init, live and dead"}}
		age := flagged.Sub(now) + 24*time.Hour
		event := reaper.Event{Handle: "o", Reasons: reasons, Purpose: reaper.Purpose{Step: reaper.StepTask}, Grace: 15 * time.Minute}
		expect := func(name reaper.EventName, at time.Time, age time.Duration) {
			GinkgoHelper()
			event.Name, event.Time, event.Age = name, at, age
			Expect(w.event(name)).To(Equal(event))
		}
		expect(reaper.EventFlagged, flagged, age)
		expect(reaper.EventDestroying, w.wall.Now(), age+15*time.Minute)
		expect(reaper.EventDestroyed, w.wall.Now(), age+15*time.Minute)
	}))

	It("knows no age where nobody tells", watching(func(w *watch) {
		w.orphan("o")
		w.sight("o", func(s *reaper.Sighting) { s.CreatedAt = time.Time{} })
		w.start()
		Expect(w.event(reaper.EventFlagged).Age).To(BeZero())
	}))

	It("journals that a destroy begins before it begins", watching(func(w *watch) {
		w.orphan("o")
		w.settled()
		Expect(w.of("record", "destroy")[2:]).To(Equal([]string{
			"record interlock", "record destroying o", "destroy o", "record destroyed o"}))
	}))

	It("tells the observer of each event", watching(func(w *watch) {
		w.orphan("o")
		w.settled()
		Expect(w.observer.happened).To(Equal(w.recorder.events))
		Expect(w.observer.happened).To(HaveLen(5))
		Expect(w.observer.unrecorded).To(BeEmpty())
	}))

	It("logs each event", watching(func(w *watch) {
		w.orphan("o")
		w.settled()
		Expect(w.logged("flagged", "interlock", "destroyed-container")).To(Equal([]string{
			"flagged o", "interlock", "interlock", "destroyed-container o"}))
		Expect(w.line("flagged")).To(HaveKeyWithValue("reasons", ConsistOf("volume-missing v-o")))
		Expect(w.line("interlock")).To(And(HaveKeyWithValue("name", "starting"), HaveKeyWithValue("on", true),
			HaveKeyWithValue("note", ContainSubstring("10m0s"))))
	}))

	It("logs how a destroy ended in the same words where a pass finds that out", watching(func(w *watch) {
		w.orphan("o")
		w.garden.onDestroy = hang
		w.settled()
		w.stop()
		w.hire(w.keeper.last(), "o", "a-live")
		w.gone("o")
		w.start()
		w.passes(1)
		Expect(w.logged("destroyed-container", "destroyed")).To(Equal([]string{"destroyed-container o"}))
		Expect(w.logged("failed-to-destroy-container", "destroy-failed")).To(Equal([]string{"failed-to-destroy-container a-live"}))
	}))

	It("logs of a leak what it was for, and how old it is", watching(func(w *watch) {
		w.orphan("o")
		w.sight("o", func(s *reaper.Sighting) {
			s.Spec = &reaper.Spec{Root: "/elsewhere", Purpose: reaper.Purpose{Pipeline: "web-ui"}}
		})
		w.start()
		Expect(w.line("flagged")).To(And(HaveKeyWithValue("age", "24h0m0s"), HaveKeyWithValue("for", ContainSubstring("web-ui"))))
	}))

	It("logs why it is stuck", watching(func(w *watch) {
		w.garden.onDestroy = fail
		w.orphan("o")
		w.settled()
		w.wait(10 * time.Minute)
		Expect(w.line("stuck")).To(And(HaveKeyWithValue("handle", "o"), HaveKeyWithValue("error", "no")))
		for _, line := range w.log.Logs() {
			if line.Message == "reaper.stuck" {
				Expect(line.LogLevel).To(Equal(lager.ERROR))
			}
		}
	}))

	Describe("where the journal can't be written", func() {
		full := func(spec func(*watch)) func() {
			return watching(func(w *watch) {
				w.recorder.err = syscall.ENOSPC
				spec(w)
			})
		}
		// unwritten are the events of which the log tells that the journal lacks
		// them.
		unwritten := func(w *watch) []string {
			events := []string{}
			for _, line := range w.log.Logs() {
				if line.Message == "reaper.failed-to-write-journal" {
					name, _ := line.Data["event"].(string)
					handle, _ := line.Data["handle"].(string)
					events = append(events, name+" "+handle)
				}
			}
			return events
		}

		It("goes on, and the log tells each event, and why", full(func(w *watch) {
			w.orphan("o")
			w.settled()
			Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
			Expect(w.events()).To(BeEmpty())
			Expect(unwritten(w)).To(Equal([]string{"flagged o", "interlock ", "interlock ", "destroying o", "destroyed o"}))
			Expect(w.logged("flagged", "interlock", "destroyed-container")).To(Equal([]string{
				"flagged o", "interlock", "interlock", "destroyed-container o"}))
			for _, line := range w.log.Logs() {
				if line.Data["event"] == "destroying" {
					Expect(line.Data).To(And(HaveKeyWithValue("reasons", ConsistOf("volume-missing v-o")),
						HaveKeyWithValue("error", ContainSubstring("no space left"))))
				}
			}
		}))

		It("tells the observer what the journal lacks, and why", full(func(w *watch) {
			w.orphan("o")
			w.settled()
			Expect(w.observer.happened).To(HaveLen(5))
			Expect(w.observer.unrecorded).To(HaveLen(5))
			Expect(w.observer.unrecorded[0]).To(MatchError(syscall.ENOSPC))
		}))

		It("tells of failures and of what is stuck, too", full(func(w *watch) {
			w.garden.onDestroy = fail
			w.orphan("o")
			w.settled()
			w.wait(10 * time.Minute)
			Expect(unwritten(w)).To(ContainElements("destroy-failed o", "stuck o"))
			Expect(w.logged("failed-to-destroy-container", "stuck")).To(Equal([]string{
				"failed-to-destroy-container o", "failed-to-destroy-container o", "failed-to-destroy-container o",
				"failed-to-destroy-container o", "failed-to-destroy-container o", "stuck o"}))
		}))

		It("writes again as soon as it can", full(func(w *watch) {
			w.orphan("o")
			w.settledBut(func() { w.recorder.err = nil })
			Expect(w.events()).To(Equal([]string{"destroying o", "destroyed o"}))
		}))
	})

	It("goes on where its memory can't be kept", watching(func(w *watch) {
		w.keeper.err = errors.New("read-only file system")
		w.orphan("o")
		w.settled()
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		Expect(w.logged("failed-to-keep-memory", "kept-memory-again")).To(HaveLen(1), "it is told once")
		w.keeper.err = nil
		w.passes(2)
		Expect(w.keeper.last().At).To(Equal(w.wall.Now()))
		Expect(w.logged("failed-to-keep-memory", "kept-memory-again")).To(HaveLen(2))
	}))

	It("takes away what it kept where something of that is over and no other can be kept", watching(func(w *watch) {
		w.orphan("o")
		w.start()
		w.passes(2)
		w.keeper.err = errors.New("no space left on device")
		w.passes(2)
		Expect(w.keeper.forgotten).To(BeZero(), "all of it holds still")
		w.volumes.identity = "8:1 3"
		w.passes(1)
		Expect(w.keeper.forgotten).To(Equal(1))
		w.passes(2)
		Expect(w.keeper.forgotten).To(Equal(1))
	}))

	It("takes away what it kept when one of it is destroyed and no other can be kept", watching(func(w *watch) {
		w.orphan("o")
		w.settledBut(func() { w.keeper.err = errors.New("no space left on device") })
		Expect(w.of("destroy")).To(Equal([]string{"destroy o"}))
		Expect(w.keeper.forgotten).To(Equal(1))
	}))

	It("tries again to take away what it kept, as long as it can't", watching(func(w *watch) {
		w.orphan("o")
		w.start()
		w.keeper.err, w.keeper.forgetErr = errors.New("read-only file system"), errors.New("read-only file system, too")
		w.volumes.identity = "8:1 3"
		w.passes(3)
		Expect(w.keeper.forgotten).To(Equal(3))
		Expect(w.logged("failed-to-take-memory-away")).To(HaveLen(1), "it is told once")
		w.keeper.forgetErr = nil
		w.passes(2)
		Expect(w.keeper.forgotten).To(Equal(4))
	}))

	It("tells of one that Garden is at already as a failure, and logs it as none", watching(func(w *watch) {
		w.garden.onDestroy = func(context.Context, string) error { return reaper.ErrInProgress }
		w.orphan("o")
		w.settled()
		Expect(w.events()).To(Equal([]string{"flagged o", "destroying o", "destroy-failed o"}))
		Expect(w.event(reaper.EventDestroyFailed)).To(And(HaveField("Err", MatchError(reaper.ErrInProgress)), HaveField("Failures", 1)))
		Expect(w.logged("container-is-being-destroyed", "failed-to-destroy-container")).To(Equal([]string{"container-is-being-destroyed o"}))
	}))
})
