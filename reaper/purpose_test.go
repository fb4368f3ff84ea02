package reaper_test

import (
	"encoding/json"
	"path"
	"strings"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/reaper"
)

// environment is an OCI spec with these variables.
func environment(variables ...string) []byte {
	GinkgoHelper()
	spec, err := json.Marshal(map[string]any{
		"ociVersion": "1.0.0",
		"process":    map[string]any{"args": []string{"init"}, "env": variables, "cwd": "/"},
		"root":       map[string]string{"path": "/r"},
	})
	Expect(err).NotTo(HaveOccurred())
	return spec
}

var _ = Describe("what an environment tells", func() {
	told := func(spec []byte) reaper.Purpose {
		GinkgoHelper()
		decoded, err := reaper.DecodeSpec(spec)
		Expect(err).NotTo(HaveOccurred())
		Expect(decoded.Root).To(Equal("/r"))
		return decoded.Purpose
	}

	It("is the build that Concourse names to a get or a put", func() {
		Expect(told(environment("PATH=/bin", "BUILD_ID=11700", "BUILD_NAME=42", "BUILD_TEAM_ID=1", "BUILD_TEAM_NAME=main",
			"BUILD_JOB_ID=3", "BUILD_JOB_NAME=unit", "BUILD_PIPELINE_ID=7", "BUILD_PIPELINE_NAME=web-ui",
			`BUILD_PIPELINE_INSTANCE_VARS={"branch":"x"}`, "ATC_EXTERNAL_URL=https://ci.example.com", "SECRET=s"))).To(Equal(
			reaper.Purpose{Team: "main", Pipeline: "web-ui", Job: "unit", Build: "42", BuildID: "11700"}))
	})

	It("is the resource that Concourse 2 to 5 named to a check", func() {
		Expect(told(environment("ATC_EXTERNAL_URL=https://ci.example.com", "RESOURCE_PIPELINE_NAME=web-ui", "RESOURCE_NAME=repo"))).
			To(Equal(reaper.Purpose{Pipeline: "web-ui", Resource: "repo"}))
	})

	DescribeTable("is the value as it is",
		func(variable string, purpose reaper.Purpose) {
			Expect(told(environment(variable))).To(Equal(purpose))
		},
		Entry("with another = in it", "BUILD_JOB_NAME=a=b", reaper.Purpose{Job: "a=b"}),
		Entry("escaped in the JSON", "BUILD_JOB_NAME=\"a\"\n\u00e4\x1b<&>", reaper.Purpose{Job: "\"a\"\n\u00e4\x1b<&>"}),
		Entry("empty", "BUILD_JOB_NAME=", reaper.Purpose{}),
		Entry("without a value", "BUILD_JOB_NAME", reaper.Purpose{}),
		Entry("of another name that begins alike", "BUILD_JOB_NAMES=a", reaper.Purpose{}),
		Entry("of a name in lower case", "build_job_name=a", reaper.Purpose{}),
	)

	It("is the last where one is there twice: the image's come first", func() {
		Expect(told(environment("BUILD_JOB_NAME=image's", "BUILD_JOB_NAME=unit"))).To(Equal(reaper.Purpose{Job: "unit"}))
	})

	It("has bounds, and cuts no character in two", func() {
		Expect(told(environment("BUILD_JOB_NAME=" + strings.Repeat("x", 100))).Job).To(HaveLen(100))
		Expect(told(environment("BUILD_JOB_NAME=" + strings.Repeat("x", 1<<20))).Job).To(Equal(strings.Repeat("x", 100)))
		cut := told(environment("BUILD_JOB_NAME=" + strings.Repeat("世", 1000))).Job
		Expect(cut).To(Equal(strings.Repeat("世", 33)))
		Expect(utf8.ValidString(cut)).To(BeTrue())
	})

	DescribeTable("is nothing, and no mistake, where the process is",
		func(process string) {
			Expect(told([]byte(`{"ociVersion":"1.0.0","process":` + process + `,"root":{"path":"/r"}}`))).To(BeZero())
		},
		Entry("null", `null`),
		Entry("a text", `"BUILD_NAME=42"`),
		Entry("a list", `["BUILD_NAME=42"]`),
		Entry("empty", `{}`),
		Entry("without environment", `{"args":["BUILD_NAME=42"],"user":{"env":["BUILD_NAME=42"]}}`),
		Entry("with null for one", `{"env":null}`),
		Entry("with a text for one", `{"env":"BUILD_NAME=42"}`),
		Entry("with an object for one", `{"env":{"BUILD_NAME":"42"}}`),
		Entry("with an empty one", `{"env":[]}`),
		Entry("with other values in one", `{"env":[42,null,["BUILD_NAME=42"],{"BUILD_NAME":"42"},true]}`),
	)

	DescribeTable("is a mistake where the whole is no JSON that says one thing",
		func(process string) {
			_, err := reaper.DecodeSpec([]byte(`{"ociVersion":"1.0.0","root":{"path":"/r"},"process":` + process + `}`))
			Expect(err).To(MatchError(HavePrefix("decode OCI spec: ")))
		},
		Entry("cut short in the process", `{"env":["BUILD_NAME=42"`),
		Entry("cut short behind its name", `{"env"`),
		Entry("no comma", `{"env":["a" "b"]}`),
		Entry("no comma between members", `{"env":["a"] "cwd":"/"}`),
		Entry("a member that is there twice", `{"env":["BUILD_NAME=1"],"env":["BUILD_NAME=2"]}`),
		Entry("text that is no UTF-8", "{\"env\":[\"BUILD_NAME=\xff\"]}"),
		Entry("text that is no UTF-8 in another variable", "{\"env\":[\"PATH=\xff\"]}"),
	)
})

var _ = Describe("what a container was for", func() {
	const directory = "/volumes/live/"
	var w *fakeWorker
	BeforeEach(func() {
		w = newWorker()
	})

	// found is the container that a look at it comes to.
	found := func(sighting reaper.Sighting) reaper.Container {
		GinkgoHelper()
		w.garden.plain, w.garden.sightings["c"] = []string{"c"}, sighting
		containers, err := reaper.NewInventory(w.garden, nil, w.volumes, w.clock).Containers(GinkgoT().Context())
		Expect(err).NotTo(HaveOccurred())
		Expect(containers).To(HaveLen(1))
		return containers[0]
	}
	// mounted is a look at a container with volumes at these paths.
	mounted := func(purpose reaper.Purpose, at ...string) reaper.Sighting {
		spec := reaper.Spec{Root: directory + "root/volume", Purpose: purpose}
		for _, destination := range at {
			spec.Binds = append(spec.Binds, reaper.Bind{Source: directory + "v" + path.Base(destination) + "/volume", Destination: destination})
		}
		return reaper.Sighting{Properties: map[string]string{}, Spec: &spec, SpecSource: reaper.SourceBundle}
	}
	build := reaper.Purpose{Team: "main", Pipeline: "web-ui", Job: "unit", Build: "42", BuildID: "11700"}

	DescribeTable("is told by where its volumes are mounted",
		func(step reaper.Step, at ...string) {
			expected := build
			expected.Step = step
			Expect(found(mounted(build, at...)).Purpose).To(Equal(expected))
		},
		Entry("a get", reaper.StepGet, "/scratch", "/tmp/build/get"),
		Entry("a get, uncleanly", reaper.StepGet, "/tmp//build/./get/"),
		Entry("a put", reaper.StepPut, "/scratch", "/tmp/build/put"),
		Entry("a put of inputs alone, before 3.0", reaper.StepPut, "/tmp/build/put/repo", "/tmp/build/put/image"),
		Entry("a check in its own directory", reaper.StepCheck, "/tmp/build/check"),
		Entry("a check, of nothing but the scratch volume", reaper.StepCheck, "/scratch"),
		Entry("a check, with certificates", reaper.StepCheck, "/etc/ssl/certs", "/scratch"),
		Entry("nothing without the scratch volume, such as a put before 3.0", reaper.Step("")),
		Entry("nothing by another directory", reaper.Step(""), "/tmp/build"),
		Entry("nothing by a longer name", reaper.Step(""), "/tmp/build/gets", "/tmp/building/get", "/var/tmp/build/get"),
		Entry("nothing by a hash of another length", reaper.Step(""), "/tmp/build/0123456", "/tmp/build/012345678", "/tmp/build/0123456G"),
	)

	DescribeTable("has no names for a task, whose environment is its author's",
		func(at ...string) {
			Expect(found(mounted(build, at...)).Purpose).To(Equal(reaper.Purpose{Step: reaper.StepTask}))
		},
		Entry("by its directory", "/scratch", "/tmp/build/0a1b2c3d"),
		Entry("by its inputs", "/tmp/build/0a1b2c3d/repo", "/scratch"),
		Entry("with a cache where gets have their directory", "/tmp/build/get", "/tmp/build/0a1b2c3d"),
	)

	It("is a task by the property that Concourse 2 to 4 set", func() {
		sighting := mounted(build)
		sighting.Properties["concourse:task-process"] = "p-1"
		Expect(found(sighting).Purpose).To(Equal(reaper.Purpose{Step: reaper.StepTask}))
		sighting.Spec = nil
		Expect(found(sighting).Purpose).To(Equal(reaper.Purpose{Step: reaper.StepTask}))
	})

	It("is told by the mounts that the properties name", func() {
		Expect(found(reaper.Sighting{Properties: map[string]string{
			"concourse:volumes":       `["get","root"]`,
			"concourse:volume-mounts": `{"get":"/tmp/build/get"}`,
		}}).Purpose).To(Equal(reaper.Purpose{Step: reaper.StepGet}))
	})

	It("is a check where a resource is named and nothing is mounted", func() {
		check := reaper.Purpose{Pipeline: "web-ui", Resource: "repo"}
		Expect(found(mounted(check)).Purpose).To(Equal(reaper.Purpose{Pipeline: "web-ui", Resource: "repo", Step: reaper.StepCheck}))
		Expect(found(mounted(check, "/tmp/build/get")).Purpose.Step).To(Equal(reaper.StepGet))
	})

	It("is no check by the scratch volume where not all is seen", func() {
		doubtful := mounted(build, "/scratch")
		doubtful.Doubts = []reaper.Reason{{Code: reaper.SourceUnreadable}}
		Expect(found(doubtful).Purpose).To(Equal(build))

		unsafe := mounted(build, "/scratch")
		unsafe.Spec.Binds = append(unsafe.Spec.Binds, reaper.Bind{Source: directory + "../volume", Destination: "/tmp/build/get"})
		Expect(found(unsafe).Purpose.Step).To(BeEmpty())

		blind := reaper.Sighting{Properties: map[string]string{
			"concourse:volumes": `["v"]`, "concourse:volume-mounts": `{"v":"/scratch"}`,
		}}
		Expect(found(blind).Purpose).To(BeZero())
	})

	It("is not asked of who is not Concourse's, whatever its environment says", func() {
		foreign := reaper.Sighting{Spec: &reaper.Spec{Root: "/elsewhere", Purpose: build}, SpecSource: reaper.SourceBundle}
		Expect(found(foreign)).To(And(HaveField("SpecRead", true), HaveField("Purpose", reaper.Purpose{})))
	})

	It("is told where the volumes are looked for in the wrong directory", func() {
		elsewhere := reaper.Sighting{Spec: &reaper.Spec{Root: "/elsewhere/live/v/volume", Purpose: build}, SpecSource: reaper.SourceBundle}
		Expect(found(elsewhere)).To(And(HaveField("References", BeEmpty()), HaveField("Purpose", build)))
	})

	It("is not known of a container that nobody tells of", func() {
		Expect(found(reaper.Sighting{}).Purpose).To(BeZero())
	})

	It("is what the first source tells that knows anything of it", func() {
		other := reaper.Purpose{Team: "other", Build: "1"}
		inBundle, inContainerd := mounted(other, "/tmp/build/get"), mounted(build, "/tmp/build/get")
		inContainerd.SpecSource = reaper.SourceContainerd
		w.garden.plain, w.garden.sightings["c"] = []string{"c"}, inBundle
		look := func() reaper.Purpose {
			runtime := &fakeRuntime{sightings: map[string]reaper.Sighting{"c": inContainerd}}
			containers, err := reaper.NewInventory(w.garden, runtime, w.volumes, w.clock).Containers(GinkgoT().Context())
			Expect(err).NotTo(HaveOccurred())
			return containers[0].Purpose
		}
		build.Step, other.Step = reaper.StepGet, reaper.StepGet
		Expect(look()).To(Equal(build))
		inContainerd.Spec.Purpose = reaper.Purpose{}
		Expect(look()).To(Equal(other))
	})

	It("has no part in the verdict", func() {
		with, without := found(mounted(build, "/tmp/build/get")), found(mounted(reaper.Purpose{}, "/tmp/build/get"))
		for _, volumes := range []func(string) reaper.Volume{disk(), disk(live("root"), live("vget"))} {
			Expect(reaper.Judge(with, volumes, now, reaper.DefaultPolicy())).
				To(Equal(reaper.Judge(without, volumes, now, reaper.DefaultPolicy())))
		}
	})

	DescribeTable("reads",
		func(purpose reaper.Purpose, text string) {
			Expect(purpose.String()).To(Equal(text))
		},
		Entry("not at all where nothing is known", reaper.Purpose{}, ""),
		Entry("as build and step", reaper.Purpose{Team: "main", Pipeline: "web-ui", Job: "unit", Build: "42", BuildID: "11700", Step: reaper.StepGet},
			"main/web-ui/unit #42 get"),
		Entry("as a put without its team", reaper.Purpose{Pipeline: "web-ui", Job: "unit", Build: "42", Step: reaper.StepPut}, "web-ui/unit #42 put"),
		Entry("as a task", reaper.Purpose{Step: reaper.StepTask}, "task"),
		Entry("as a check by a build of its own", reaper.Purpose{Team: "main", Pipeline: "web-ui", Build: "check", BuildID: "9", Step: reaper.StepCheck}, "main/web-ui check"),
		Entry("as a check of a job's image", reaper.Purpose{Team: "main", Pipeline: "web-ui", Job: "unit", Build: "42", Step: reaper.StepCheck},
			"main/web-ui/unit #42 check"),
		Entry("as a get of a check's image", reaper.Purpose{Team: "main", Pipeline: "web-ui", Build: "check", Step: reaper.StepGet}, "main/web-ui #check get"),
		Entry("as a check of a resource", reaper.Purpose{Pipeline: "web-ui", Resource: "repo", Step: reaper.StepCheck}, "web-ui/repo check"),
		Entry("as a build known by its number alone", reaper.Purpose{BuildID: "11700"}, "build 11700"),
	)
})
