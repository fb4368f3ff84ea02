package bosh_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// manifest is a deployment's, as far as it is looked at.
type manifest struct {
	Releases []struct{ Name, Version string }
	Groups   []struct {
		Name string
		Jobs []struct {
			Name, Release string
			Properties    object
			Provides      object
		}
	} `json:"instance_groups"`
}

var _ = Describe("the operations files", func() {
	applied := func(base string, operations ...string) manifest {
		GinkgoHelper()
		need("ruby")
		args := []string{"--disable-gems", "apply.rb", base}
		for _, name := range operations {
			args = append(args, filepath.Join(release, "manifests", name))
		}
		var m manifest
		Expect(json.Unmarshal([]byte(ran(exec.Command("ruby", args...))), &m)).To(Succeed())
		return m
	}

	DescribeTable("add weeder to the workers, in dry run first",
		func(base, operations string, expected map[string]string) {
			m := applied(base, operations)
			last := len(m.Releases) - 1
			Expect(m.Releases[last].Name).To(Equal("weeder"))
			Expect(m.Releases[last].Version).To(Equal("((weeder_version))"))
			for _, group := range m.Groups {
				job := group.Jobs[len(group.Jobs)-1]
				if group.Name != "worker" {
					Expect(job.Name).NotTo(Equal("weeder"))
					continue
				}
				Expect(job.Name).To(Equal("weeder"))
				Expect(job.Release).To(Equal("weeder"))
				Expect(inEnvironment(job.Properties)).To(Equal(expected))
			}
		},
		Entry("of today's release", "testdata/today.yml", "add-weeder.yml", map[string]string{
			"WEEDER_DRY_RUN": "true", "WEEDER_JOURNAL": "/var/vcap/data/weeder/journal", "WEEDER_LISTEN": "10.0.16.4:7790",
		}),
		Entry("of the old ones", "testdata/old.yml", "add-weeder-old.yml", map[string]string{
			"WEEDER_DRY_RUN": "true", "WEEDER_JOURNAL": "/var/vcap/data/weeder/journal", "WEEDER_LISTEN": "10.0.16.4:7790",
			"WEEDER_TARGET": "127.0.0.1:7777", "WEEDER_BAGGAGECLAIM": "127.0.0.1:7788",
			"WEEDER_VOLUMES": "/var/vcap/data/baggageclaim/volumes", "WEEDER_DEPOT": "/var/vcap/data/garden/depot",
		}),
	)

	DescribeTable("have weeder reap, and listen to the worker alone",
		func(base, operations string) {
			m := applied(base, operations, "reap.yml", "listen-on-loopback.yml")
			group := m.Groups[len(m.Groups)-1]
			job := group.Jobs[len(group.Jobs)-1]
			Expect(inEnvironment(job.Properties)).To(SatisfyAll(
				HaveKeyWithValue("WEEDER_DRY_RUN", "false"), HaveKeyWithValue("WEEDER_LISTEN", "127.0.0.1:7790")))
			// BOSH's word for no link.
			Expect(job.Provides).To(Equal(object{"weeder": "nil"}))
		},
		Entry("on today's release", "testdata/today.yml", "add-weeder.yml"),
		Entry("on the old ones", "testdata/old.yml", "add-weeder-old.yml"),
	)

	It("set only properties that the job has", func() {
		declared := theJob().Properties
		for _, operations := range []string{"add-weeder.yml", "add-weeder-old.yml"} {
			m := applied("testdata/today.yml", operations, "reap.yml", "listen-on-loopback.yml")
			group := m.Groups[len(m.Groups)-1]
			for name, value := range group.Jobs[len(group.Jobs)-1].Properties {
				if nested, is := value.(map[string]any); is {
					for last := range nested {
						Expect(declared).To(HaveKey(strings.Join([]string{name, last}, ".")))
					}
					continue
				}
				Expect(declared).To(HaveKey(name))
			}
		}
	})
})
