package spec

import (
	"encoding/json"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("what a container was for", func() {
	build := []string{
		"PATH=/bin", "BUILD_ID=11700", "BUILD_NAME=42", "BUILD_TEAM_NAME=main", "BUILD_JOB_NAME=unit",
		"BUILD_PIPELINE_NAME=web-ui", "ATC_EXTERNAL_URL=https://ci.example.com", "SECRET=do-not-tell",
	}
	// make makes an orphan and healthy ones of every kind of step.
	make := func(w *worker) {
		GinkgoHelper()
		step := func(handle, path string, env ...string) {
			w.volume(handle+"-v", "live", nil)
			w.volume(handle+"-root", "live", nil)
			w.create(body{
				"handle": handle, "root_volume": handle + "-root", "age": "6h",
				"volumes": map[string]string{handle + "-v": path}, "env": env,
			})
		}
		step("a-get", "/tmp/build/get", build...)
		step("b-put", "/tmp/build/put", build...)
		step("c-task", "/tmp/build/e55deab7", "BUILD_JOB_NAME=what-the-author-likes")
		step("d-check", "/scratch", "BUILD_NAME=check", "BUILD_TEAM_NAME=main", "BUILD_PIPELINE_NAME=web-ui")
		step("e-old-check", "/other", "RESOURCE_PIPELINE_NAME=web-ui", "RESOURCE_NAME=repo")
		w.create(body{"handle": "f-foreign", "root_path": "/other/rootfs", "age": "6h", "env": build})
		w.removeVolume("a-get-root")
	}
	// purposes are those in the column before the last of a table.
	shown := map[string]string{
		"a-get": "main/web-ui/unit #42 get", "b-put": "main/web-ui/unit #42 put", "c-task": "task",
		"d-check": "main/web-ui check", "e-old-check": "web-ui/repo check", "f-foreign": "-",
	}

	DescribeTable("is shown beside every handle",
		func(args ...string) {
			w := emptyWorker(args...)
			make(w)
			for _, line := range []string{"scan", "list --long"} {
				session := weeder(w, strings.Fields(line)...)
				Expect(session).To(gexec.Exit(0))
				for handle, purpose := range shown {
					Expect(stdout(session)).To(MatchRegexp(`(?m)^%s .*  %s  +(\S.*)?$`, handle, purpose), line)
				}
				Expect(stdout(session)).NotTo(Or(ContainSubstring("author"), ContainSubstring("do-not-tell")))
			}
			Expect(stdout(weeder(w, "reap", "--dry-run"))).To(Equal(
				columns([]string{"a-get", "would destroy", "main/web-ui/unit #42 get", "volume-missing a-get-root"})))
		},
		Entry("on Guardian"),
		Entry("over containerd", "--runtime=containerd"),
	)

	It("is asked with, before an orphan is destroyed", func() {
		w := emptyWorker()
		make(w)
		asked := onTerminal(w, "reap")
		Eventually(asked.Screen).Should(gbytes.Say(`a-get  volume-missing a-get-root  \(main/web-ui/unit #42 get\)\r\n`))
		asked.press("n\n")
		Eventually(asked.exited).Should(Receive())
	})

	It("is told by explain, with the number that fly takes", func() {
		w := emptyWorker()
		make(w)
		Expect(stdout(weeder(w, "explain", "a-get"))).To(ContainSubstring("\n  for         main/web-ui/unit #42 get, build 11700\n  created "))
		Expect(stdout(weeder(w, "explain", "c-task"))).To(ContainSubstring(
			"\n  for         task\n    Concourse does not tell the worker whose task it is\n"))
		Expect(stdout(weeder(w, "explain", "f-foreign"))).To(ContainSubstring("\n  for         not known\n"))
	})

	It("is in the JSON of scan and explain, null where it is not known", func() {
		w := emptyWorker()
		make(w)
		type container struct {
			Handle  string
			Purpose json.RawMessage
		}
		var scan struct{ Containers []container }
		Expect(json.Unmarshal([]byte(stdout(weeder(w, "scan", "--json"))), &scan)).To(Succeed())
		Expect(scan.Containers).To(HaveLen(6))
		Expect(scan.Containers[0].Purpose).To(MatchJSON(`{"team": "main", "pipeline": "web-ui", "job": "unit", "resource": null,
			"build": "42", "build_id": "11700", "step": "get"}`))
		Expect(scan.Containers[4].Purpose).To(MatchJSON(`{"team": null, "pipeline": "web-ui", "job": null, "resource": "repo",
			"build": null, "build_id": null, "step": "check"}`))
		Expect(scan.Containers[5].Purpose).To(MatchJSON(`{"team": null, "pipeline": null, "job": null, "resource": null,
			"build": null, "build_id": null, "step": null}`))

		var explained container
		Expect(json.Unmarshal([]byte(stdout(weeder(w, "explain", "--json", "a-get"))), &explained)).To(Succeed())
		Expect(explained.Purpose).To(MatchJSON(scan.Containers[0].Purpose))
	})

	It("is bounded, whatever the environment says", func() {
		w := emptyWorker()
		w.volume("r", "live", nil)
		w.create(body{"handle": "c", "root_volume": "r", "env": []string{"BUILD_JOB_NAME=" + strings.Repeat("x", 100_000)}})
		Expect(stdout(weeder(w, "scan"))).To(MatchRegexp(`  x{100}  1 volume\n\z`))
	})

	It("changes no verdict, whatever the process of the spec looks like", func() {
		w := emptyWorker()
		w.volume("r", "live", nil)
		for _, process := range []string{`null`, `7`, `{"env":7}`, `{"env":[7,{}]}`, `{"env":["BUILD_NAME"]}`} {
			w.create(body{
				"handle": "c", "root_volume": "r",
				"bad_config": `{"ociVersion":"1.0.0","process":` + process + `,"root":{"path":"` + w.Volumes + `/live/r/volume"}}`,
			})
			Expect(stdout(weeder(w, "scan"))).To(MatchRegexp(`\Ac +live +\S+ +- +- +- +- +1 volume\n\z`), process)
			w.control(http.MethodDelete, "/containers/c", nil)
		}
	})
})
