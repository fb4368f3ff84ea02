package logs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/cmd/weeder/logs"
)

var _ = Describe("Story", func() {
	const reaped = "1a657656-9647-4bee-54be-8505eb323b9e"

	read := func(container string, volumes []string, globs ...string) []logs.Line {
		GinkgoHelper()
		found, err := logs.Search(context.Background(), logs.Query{Globs: globs, Container: container, Volumes: volumes})
		Expect(err).NotTo(HaveOccurred())
		Expect(found.Problems).To(BeEmpty())
		return logs.Story(found.Lines)
	}
	sentences := func(story []logs.Line) []string {
		var texts []string
		for _, line := range story {
			texts = append(texts, line.Sentence())
		}
		return texts
	}
	minute := func(t time.Time) string { return t.UTC().Format("15:04") }

	// written is a log of messages, a minute apart, with their data.
	type said struct {
		message string
		data    map[string]any
		// after the one before; 0: a minute.
		after time.Duration
	}
	written := func(lines ...said) string {
		GinkgoHelper()
		var text strings.Builder
		at := time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)
		for _, line := range lines {
			if line.after == 0 {
				line.after = time.Minute
			}
			at = at.Add(line.after)
			data, err := json.Marshal(line.data)
			Expect(err).NotTo(HaveOccurred())
			fmt.Fprintf(&text, `{"timestamp":%q,"level":"info","source":"s","message":%q,"data":%s}`+"\n", at.Format(time.RFC3339Nano), line.message, data)
		}
		path := filepath.Join(GinkgoT().TempDir(), "a.log")
		Expect(os.WriteFile(path, []byte(text.String()), 0o600)).To(Succeed())
		return path
	}
	tells := func(lines ...said) []logs.Line {
		GinkgoHelper()
		return read("h", []string{"v", "w"}, written(lines...))
	}
	about := func(keysAndValues ...string) map[string]any {
		data := map[string]any{"handle": "h"}
		for i := 0; i < len(keysAndValues); i += 2 {
			data[keysAndValues[i]] = keysAndValues[i+1]
		}
		return data
	}
	ofVolume := map[string]any{"volume": "v", "session": "1"}

	It("tells of a volume that was reaped", func() {
		story := read("eb8f2bbf", []string{reaped}, "testdata/baggageclaim-2016.log", "testdata/baggageclaim-1.3.5.jsonl")
		Expect(sentences(story)).To(Equal([]string{
			"baggageclaim reaped volume " + reaped + ", ttl 300",
			"baggageclaim reaped volume " + reaped + ", ttl 5",
			"baggageclaim tore volume " + reaped + " down",
		}))
		Expect(story[0].At).To(BeTemporally("==", time.Unix(1477596534, 502955675)))
		Expect(story[0].Event.Volume).To(Equal(reaped))
		Expect(logs.Synopsis(story, []string{reaped}, minute)).To(Equal(
			"volume "+reaped+" was reaped by baggageclaim at 21:58, ttl 5"), "the last time")
	})

	It("tells of a volume that was destroyed as it was asked to, once", func() {
		story := read("h", []string{"m-get"}, "testdata/baggageclaim-1.10.0.jsonl")
		Expect(sentences(story)).To(Equal([]string{"baggageclaim tore volume m-get down, as its API was asked to"}))
		Expect(logs.Synopsis(story, []string{"m-get"}, minute)).To(Equal(
			"volume m-get was torn down by baggageclaim at 21:57, as its API was asked to"))
		Expect(logs.Synopsis(story, []string{"other"}, minute)).To(BeEmpty())
	})

	It("tells of a grace time that was over, and that nobody tried again", func() {
		story := read("g-fail", nil, "testdata/guardian-fails-once.jsonl")
		Expect(sentences(story)).To(Equal([]string{
			"Garden created the container, grace time 3s",
			"its grace time (3s) was over, and Garden tried to destroy it",
			"Garden failed to destroy it: runc: exit status 1:",
		}))
		Expect(story[2].Event.Kind).To(Equal(logs.DestroyFailed))
		Expect(logs.Synopsis(story, nil, minute)).To(Equal("Garden tried to destroy the container at 21:52 and failed: " +
			"runc: exit status 1:; none of these lines tells of another try"))
	})

	It("does not say that nobody tried again where somebody did", func() {
		story := read("g-fail", nil, "testdata/guardian.jsonl")
		Expect(sentences(story)).To(HaveLen(4))
		Expect(story[3].Sentence()).To(Equal("Garden began to destroy it"))
		Expect(logs.Synopsis(story, nil, minute)).To(Equal(
			"Garden began to destroy the container at 21:53, and no line tells how that ended"))
	})

	It("leaves out what is about others", func() {
		Expect(read("m-get", []string{"g-fail"}, "testdata/*")).To(BeEmpty())
	})

	DescribeTable("reads", func(message string, data map[string]any, sentence string) {
		Expect(sentences(tells(said{message: message, data: data}))).To(Equal([]string{sentence}))
	},
		Entry(nil, "guardian.api.garden-server.destroy.failed", about("error", "container init still running"),
			"Garden failed to destroy it: container init still running"),
		Entry("several errors", "guardian.api.garden-server.destroy.failed", about("error", "2 errors occurred:\n\t* runc: no\n\t* iptables: no\n\n"),
			"Garden failed to destroy it: runc: no; iptables: no"),
		Entry(nil, "worker.container-sweeper.tick.failed-to-destroy-container", about("error", "no"), "Concourse's worker failed to destroy it: no"),
		Entry(nil, "worker.container-sweeper.tick.failed-to-destroy-container", about(), "Concourse's worker failed to destroy it: "),
		Entry(nil, "weeder.failed-to-destroy-container", about("error", "no"), "weeder failed to destroy it: no"),
		Entry(nil, "weeder.destroyed-container", about(), "weeder destroyed it"),
		Entry("garden/server's success of a reap, which it calls a failure",
			"guardian.api.garden-server.failed-to-destroy-container", about(), "Garden destroyed it"),
		Entry(nil, "guardian.api.garden-server.destroy.destroyed", about(), "Garden destroyed it"),
		Entry(nil, "worker.garden.garden-server.destroy.destroying", about(), "Garden began to destroy it"),
		Entry(nil, "guardian.api.garden-server.run.failed", about("error", "unable to find user root: no"),
			"a process could not be started in it: unable to find user root: no"),
		Entry(nil, "guardian.api.garden-server.run.spawned", map[string]any{"handle": "h", "spec": map[string]any{"Path": "/opt/resource/in"}},
			"a process was started in it: /opt/resource/in"),
		Entry("a create over containerd", "worker.garden.garden-server.create.created",
			map[string]any{"request": map[string]any{"Handle": "h", "GraceTime": 300000000000}}, "Garden created the container, grace time 5m0s"),
		Entry(nil, "garden-server.create.created", map[string]any{"request": map[string]any{"Handle": "h"}}, "Garden created the container"),
		Entry(nil, "garden-server.create.failed", map[string]any{"request": map[string]any{"Handle": "h"}, "error": "no"}, "Garden failed to create it: no"),
		Entry(nil, "guardian.create.create-failed-cleaningup.start", about("cause", "no"), "Garden failed to create it: no"),
		Entry(nil, "guardian.create.create-failed-cleaningup.destroy-failed", about("error", "no"), "Garden failed to destroy it: no"),
		Entry(nil, "guardian.start.looking-for-properties.failed-restoring-container", about("error", "no"),
			"Garden, started again, could not restore it: no"),
		Entry(nil, "guardian.start.clean-up-container.start", about(), "Garden began to destroy it"),
		Entry(nil, "guardian.start.clean-up-container.failed attempt 12", about("error", "no"), "Garden failed to destroy it: no"),
		Entry(nil, "guardian.start.clean-up-container.cleaned-up", about(), "Garden destroyed it"),
		Entry(nil, "baggageclaim.tick.reaping-corrupted-volume", map[string]any{"handle": "v"},
			"baggageclaim removed volume v, whose files are damaged"),
		Entry(nil, "baggageclaim.tick.destroy-volume.failed-to-destroy", map[string]any{"volume": "v", "error": "busy"},
			"volume v could not be torn down: busy"),
		Entry(nil, "worker.volume-sweeper.tick.failed-to-destroy-volume", map[string]any{"handle": "w", "error": "busy"},
			"volume w could not be torn down: busy"),
		Entry(nil, "atc.build.volume.volume-is-missing-on-worker", map[string]any{"handle": "v", "container": "h", "error": "it is missing"},
			"Concourse wanted to use the container again, and volume v was missing: it is missing"),
	)

	DescribeTable("does not read", func(message string, data map[string]any) {
		Expect(tells(said{message: message, data: data})).To(BeEmpty())
	},
		Entry("other messages", "guardian.api.garden-server.destroy.started", about()),
		Entry("another's message of the same end", "xgarden-server.reaping", about()),
		Entry("one without a handle", "guardian.api.garden-server.reaping", map[string]any{"other": "h"}),
		Entry("one about another container that names this one", "guardian.destroy.start", map[string]any{"handle": "other", "for": "h"}),
		Entry("a volume's message about the container", "baggageclaim.tick.reaping", about()),
		Entry("a container's message about the volume", "garden-server.reaping", map[string]any{"handle": "v"}),
		Entry("a destroy that another one is in the way of", "garden-server.destroy.failed", about("error", "container already being destroyed")),
	)

	DescribeTable("a failure is followed up by", func(kind string, answered bool) {
		story := tells(said{message: "x.failed-to-destroy-container", data: about("error", "no")},
			said{message: kind, data: about("error", "no"), after: time.Millisecond})
		unanswered := ContainSubstring("and failed: no; none of these lines tells of another try")
		if answered {
			unanswered = Not(unanswered)
		}
		Expect(logs.Synopsis(story, nil, minute)).To(unanswered)
	},
		Entry("a destroy", "garden-server.destroy.destroyed", true),
		Entry("another try of Garden's own", "garden-server.reaping", true),
		Entry("another try that Garden was asked for", "guardian.destroy.start", true),
		Entry("a new container of that handle", "guardian.create.created", true),
		Entry("nothing", "garden-server.run.failed", false),
	)

	It("has no failure to follow up on where there was none", func() {
		Expect(logs.Synopsis(nil, []string{"v"}, minute)).To(BeEmpty())
	})

	It("tells an act once, and two acts twice", func() {
		begin := said{message: "guardian.destroy.start", data: about()}
		soon := begin
		soon.after = 10 * time.Millisecond
		failed := said{message: "garden-server.destroy.failed", data: about("error", "no"), after: time.Millisecond}
		Expect(sentences(tells(begin, soon, failed, soon, failed))).To(Equal([]string{
			"Garden began to destroy it", "Garden failed to destroy it: no",
			"Garden began to destroy it", "Garden failed to destroy it: no",
		}))
	})

	It("tells two acts of a kind that are apart", func() {
		begin := said{message: "guardian.destroy.start", data: about()}
		Expect(tells(begin, begin)).To(HaveLen(2))
	})

	It("says when a try began that failed later", func() {
		story := tells(said{message: "garden-server.reaping", data: about("grace-time", "5m0s")},
			said{message: "garden-server.failed-to-destroy-container", data: about("error", "no"), after: 3 * time.Minute})
		Expect(logs.Synopsis(story, nil, minute)).To(HavePrefix("Garden tried to destroy the container at 14:01 and failed: no"))
	})

	It("says how it came about, from the volume to the last try", func() {
		story := tells(
			said{message: "guardian.create.created", data: about()},
			said{message: "baggageclaim.tick.reaping", data: map[string]any{"handle": "v", "ttl": 300}},
			said{message: "baggageclaim.tick.destroy-volume.destroyed", data: ofVolume, after: time.Millisecond},
			said{message: "baggageclaim.tick.reaping-corrupted-volume", data: map[string]any{"handle": "w"}},
			said{message: "guardian.api.garden-server.reaping", data: about("grace-time", "5m0s")},
			said{message: "guardian.destroy.start", data: about(), after: time.Millisecond},
			said{message: "guardian.api.garden-server.failed-to-destroy-container", data: about("error", "container init still running"), after: time.Second},
		)
		Expect(logs.Synopsis(story, []string{"w", "v"}, minute)).To(Equal("volume v was reaped by baggageclaim at 14:02, ttl 300; " +
			"volume w was removed by baggageclaim as damaged at 14:03; " +
			"Garden tried to destroy the container at 14:04 and failed: container init still running; " +
			"none of these lines tells of another try"))
	})

	It("does not take a failure from before the container was created anew for one of this container", func() {
		story := tells(said{message: "garden-server.destroy.failed", data: about("error", "no")},
			said{message: "guardian.create.created", data: about()})
		Expect(logs.Synopsis(story, nil, minute)).To(BeEmpty())
	})

	It("says that a build failed over it", func() {
		missed := said{message: "atc.build.volume.volume-is-missing-on-worker", data: map[string]any{"handle": "v", "error": "volume mounted to container is missing"}}
		Expect(logs.Synopsis(tells(missed, missed), []string{"v"}, minute)).To(Equal(
			"Concourse wanted to use the container again at 14:02 and failed: volume mounted to container is missing"))
	})

	It("says where a log has it destroyed", func() {
		story := tells(said{message: "garden-server.destroy.destroyed", data: about()})
		Expect(logs.Synopsis(story, nil, minute)).To(Equal("s says that it was destroyed at 14:01"))
	})
})
